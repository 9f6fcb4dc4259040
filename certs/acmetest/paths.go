package acmetest

// Paths of the CA's resources: whole ones, and with a slash at the end the
// beginnings of those of an order, an authorization and so on.
const (
	PathDirectory   = "/dir"
	PathNonce       = "/nonce-plz"
	PathNewAccount  = "/sign-me-up"
	PathNewOrder    = "/order-plz"
	PathOrder       = "/my-order/"
	PathAuthz       = "/authZ/"
	PathChallenge   = "/chalZ/"
	PathFinalize    = "/finalize-order/"
	PathCertificate = "/certZ/"
	PathRenewalInfo = "/draft-ietf-acme-ari-03/renewalInfo/"
)
