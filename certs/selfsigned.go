package certs

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// DefaultValidity is how long a SelfSigned certificate is valid when its
// options do not say.
const DefaultValidity = 90 * 24 * time.Hour

// SelfSignedOptions say what a SelfSigned certificate is for.
type SelfSignedOptions struct {
	Names    []string      // host names, wildcards and addresses; at least one
	Validity time.Duration // of each certificate; 0: DefaultValidity
}

// SelfSigned is a Source of one certificate that nobody has certified, for
// trying things out. It lives in memory only, and is renewed, with a new key,
// when a third of its validity is left.
type SelfSigned struct {
	options SelfSignedOptions // fixed after NewSelfSigned

	mu       sync.Mutex
	current  Certificate // guarded by mu, as all below
	renewAt  time.Time
	failure  error // of the last renewal
	failedAt time.Time
}

// NewSelfSigned makes the first certificate; it starts nothing.
func NewSelfSigned(o SelfSignedOptions, now time.Time) (*SelfSigned, error) {
	if o.Validity <= 0 {
		o.Validity = DefaultValidity
	}
	o.Names = slices.Clone(o.Names)
	s := &SelfSigned{options: o}
	if err := s.renew(now); err != nil {
		return nil, err
	}
	return s, nil
}

// Certificates is the one certificate made last.
func (s *SelfSigned) Certificates() []Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []Certificate{s.current}
}

// Info describes the certificate.
func (s *SelfSigned) Info(now time.Time) []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []Info{s.info(now)}
}

// Run renews the certificate before its end until ctx ends; it returns nil. It
// looks at the clock again and again, rather than sleep for two months: a timer
// stands still while the machine does.
func (s *SelfSigned) Run(ctx context.Context, tell func(Event)) error {
	return poll(ctx, min(time.Hour, max(s.options.Validity/10, time.Second)), s.Check, tell)
}

// Check renews the certificate if it is time, and reports whether there is an
// event to tell of. Run calls it; tests may.
func (s *SelfSigned) Check(now time.Time) (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.renewAt) {
		return Event{}, false
	}
	if err := s.renew(now); err != nil {
		news := s.failure == nil
		if news {
			s.failure, s.failedAt = err, now
		}
		return Event{News: NewsFailure, Info: s.info(now), Err: err, Remedy: "check the host names of the Site"}, news
	}
	s.failure, s.failedAt = nil, time.Time{}
	return Event{News: NewsCertificate, Info: s.info(now)}, true
}

// info needs mu.
func (s *SelfSigned) info(now time.Time) Info {
	i := describe("self-signed", s.current, now)
	if s.failure != nil {
		i.Failure, i.FailedAt = s.failure.Error(), s.failedAt
	}
	return i
}

// renew replaces the certificate by one that is valid from now on. It needs mu.
func (s *SelfSigned) renew(now time.Time) error {
	c, err := selfSign(s.options, now)
	if err != nil {
		return fmt.Errorf("make a self-signed certificate: %w", err)
	}
	s.current = c
	s.renewAt = now.Add(s.options.Validity * 2 / 3)
	return nil
}

// selfSign makes a leaf, not a CA (RFC 5280 section 4.2.1.9): whoever comes by
// its key can pretend to be these names and no others. x509 draws the serial
// number at random.
func selfSign(o SelfSignedOptions, now time.Time) (Certificate, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Sluice self-signed"},
		NotBefore:             now.Add(-time.Hour), // clients' clocks may be slow
		NotAfter:              now.Add(o.Validity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if err := nameIt(template, o.Names); err != nil {
		return Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, err
	}
	c := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return Certificate{Names: namesOf(leaf), TLS: c}, nil
}

// nameIt enters names as subject alternative names.
func nameIt(template *x509.Certificate, names []string) error {
	if len(names) == 0 {
		return errors.New("no names given")
	}
	for _, name := range names {
		name = normalize(name)
		if name == "" {
			return errors.New("an empty name given")
		}
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return nil
}
