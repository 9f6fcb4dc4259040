package certs

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Info describes one certificate for status pages. It holds no key material.
type Info struct {
	Source    string   // "files /etc/ssl/shop.pem", "self-signed"
	Names     []string // it is served for
	Issuer    string
	Key       string // "ECDSA P-256", "RSA 2048"
	NotBefore time.Time
	NotAfter  time.Time // zero: there is no certificate yet

	// Warnings are sentences on what clients will or soon may refuse: expiry,
	// an incomplete chain, names that the certificate does not carry.
	Warnings []string
	faults   []string // those that do not depend on the date

	// Certain are those of the Warnings that do not depend on the date, and that
	// hold whatever clients know: a chain may be short for a CA of one's own.
	Certain []string

	// Failure is why the last try to renew or reload failed, empty when it
	// went well, and FailedAt when that was first seen.
	Failure  string
	FailedAt time.Time
	Remedy   string // what a person can do about Failure; may be empty

	// Of certificates that are ordered from a CA.
	NextTry  time.Time // when the next order is due; zero: nobody orders it
	Ordering bool      // an order is under way
	StandIn  bool      // a self-signed certificate is served until there is one
}

// soon is the longest time before the end of a certificate at which Expiring
// begins. ACME clients renew at a third of the lifetime, 30 days of 90, so that
// by then several tries have failed.
const soon = 14 * 24 * time.Hour

// Expired reports whether the certificate is past its end at now.
func (i Info) Expired(now time.Time) bool {
	return !i.NotAfter.IsZero() && now.After(i.NotAfter)
}

// Expiring reports whether at now the certificate should have been renewed long
// since: it has expired, or only a fifth of its lifetime is left, at most 14
// days.
func (i Info) Expiring(now time.Time) bool {
	if i.NotAfter.IsZero() {
		return false
	}
	return i.NotAfter.Sub(now) < min(soon, i.NotAfter.Sub(i.NotBefore)/5)
}

// describe is the Info of c at now, without failures.
func describe(source string, c Certificate, now time.Time) Info {
	leaf := c.TLS.Leaf
	i := Info{
		Source:    source,
		Names:     slices.Clone(c.Names),
		Issuer:    commonName(leaf.Issuer),
		Key:       keyType(leaf),
		NotBefore: leaf.NotBefore,
		NotAfter:  leaf.NotAfter,
	}
	names, chain := nameWarnings(c), chainWarnings(c.TLS)
	i.faults = slices.Concat(names, chain)
	i.Certain = i.faults
	if mayNeedNoChain(c.TLS) {
		i.Certain = names
	}
	i.Warnings = slices.Concat(i.validityWarnings(now), i.faults)
	return i
}

// Early reports whether the certificate is not valid yet at now: it was made for
// later, or the clock of this machine is slow.
func (i Info) Early(now time.Time) bool { return now.Before(i.NotBefore) }

// unfit says what clients refuse at now, or will, but for its end.
func (i Info) unfit(now time.Time) []string {
	if i.Early(now) {
		return slices.Concat(i.validityWarnings(now), i.faults)
	}
	return i.faults
}

func (i Info) validityWarnings(now time.Time) []string {
	switch {
	case i.Early(now):
		return []string{"not valid before " + stamped(i.NotBefore)}
	case i.Expired(now):
		return []string{"expired on " + stamped(i.NotAfter)}
	case i.Expiring(now):
		return []string{"expires soon, on " + stamped(i.NotAfter)}
	}
	return nil
}

// nameWarnings says which of the names the leaf does not carry.
func nameWarnings(c Certificate) []string {
	if len(c.Names) == 0 {
		return []string{"the certificate carries no names, so no client will be given it"}
	}
	var missing []string
	for _, name := range c.Names {
		if c.TLS.Leaf.VerifyHostname(name) != nil {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return nil
	}
	carried := "no names"
	if names := namesOf(c.TLS.Leaf); len(names) > 0 {
		carried = strings.Join(names, ", ")
	}
	return []string{fmt.Sprintf("not issued for %s: it carries %s", strings.Join(missing, ", "), carried)}
}

// namesOf is the names a leaf carries, as they are looked up. The common name
// does not count (RFC 9525 section 2).
func namesOf(leaf *x509.Certificate) []string {
	var names []string
	for _, name := range leaf.DNSNames {
		names = append(names, normalize(name))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

func keyType(leaf *x509.Certificate) string {
	switch key := leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return leaf.PublicKeyAlgorithm.String()
	}
}

// commonName is the words a person knows a name by.
func commonName(name pkix.Name) string {
	if name.CommonName != "" {
		return name.CommonName
	}
	return name.String()
}

func stamped(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
