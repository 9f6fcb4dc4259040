// Package limiter has the rules by which requests are admitted:
//
//	            who asks too often,       what the Pool      how fast the
//	            or too much at once       cannot bear        answer goes
//	request ──▶ Rate, InFlight ─────────▶ Admission ───────▶ Pace ──▶ client
//	                                       │       ▲
//	                       no room for new │       │ who was admitted
//	                               clients ▼       │ stays so
//	                                      Room ──▶ Pass, signed by a Keyring
//
// Rate says how often each client may ask, InFlight how many Exchanges each
// may have under way, and Pace how many bytes a second a connection carries.
// Admission bounds how many Exchanges are at a Pool at once and lets the rest
// queue for a short while. A Room is where clients wait before they are let in
// at all, and a Pass says that one was.
//
// All of it is arithmetic on plain values: the package starts no goroutine,
// and knows no configuration, no request and no log. Clients are hashes that
// the caller made, with a secret seed.
package limiter
