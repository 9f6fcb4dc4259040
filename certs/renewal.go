package certs

import (
	"crypto/x509"
	"time"
)

const (
	// shortLife is the lifetime below which a certificate counts as short-
	// lived: six days, or what test CAs give.
	shortLife = 10 * 24 * time.Hour

	// askEvery is how often a CA is asked when a certificate should be renewed
	// if it does not say; the bounds are for what it says (RFC 9773 section
	// 4.3.2: "clients SHOULD set reasonable limits").
	askEvery  = 6 * time.Hour
	askSoon   = time.Minute
	askSeldom = 24 * time.Hour

	// obeyEvery bounds how often we renew because a CA wishes it: a wish that
	// never ends must not use up what the CA allows.
	obeyEvery = 24 * time.Hour
)

// renewalOf is when a certificate is renewed unless the CA has a wish: when a
// third of its life is left, and half of it for short-lived ones, less up to a
// fiftieth by its serial number, so that certificates that were obtained
// together are not renewed together.
func renewalOf(leaf *x509.Certificate) time.Time {
	life := leaf.NotAfter.Sub(leaf.NotBefore)
	left := life / 3
	if life < shortLife {
		left = life / 2
	}
	return leaf.NotAfter.Add(-left - spread(leaf, life/50))
}

// spread is a duration below most that depends on the serial number alone.
func spread(leaf *x509.Certificate, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	var sum uint64
	for _, b := range leaf.SerialNumber.Bytes() {
		sum = sum*31 + uint64(b)
	}
	return time.Duration(sum % uint64(most))
}

// wish is when to renew leaf within the CA's window: a time that stays the same
// however often the CA is asked. Zero: it has no wish. The renewal of our own
// stays the latest: no CA can talk us into letting a certificate expire.
func (i RenewalInfo) wish(leaf *x509.Certificate) time.Time {
	if i.Start.IsZero() || i.End.Before(i.Start) {
		return time.Time{}
	}
	at := i.Start.Add(spread(leaf, i.End.Sub(i.Start)))
	if latest := leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 5); at.After(latest) {
		return latest
	}
	return at
}

// askAgain is how long to wait before asking again.
func (i RenewalInfo) askAgain() time.Duration {
	if i.AskAgain <= 0 {
		return askEvery
	}
	return min(max(i.AskAgain, askSoon), askSeldom)
}
