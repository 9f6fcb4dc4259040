package listener

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// TLSConfig returns what every TLS listener of ours offers: TLS 1.2 and 1.3,
// Go's default curves (the post-quantum one included), session tickets, and
// for TLS 1.2 only suites with forward secrecy and authenticated encryption.
//
// Where getCertificate returns neither certificate nor error the client is told
// unrecognized_name; an error ends its handshake at once with internal_error.
// An error with a method Pending() bool that returns true says that the
// certificate is still being ordered: such handshakes have a cause of their own.
//
// Sessions are sealed by tickets; nil: by keys that nobody else has.
func TLSConfig(getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error), protos []string, tickets *Tickets) *tls.Config {
	c := &tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, err := getCertificate(hello)
			if err != nil {
				return nil, &certificateError{name: hello.ServerName, err: err}
			}
			return cert, nil
		},
		NextProtos: protos,
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		// Small first records are for slow networks of long ago; they cost
		// a seal and a header each.
		DynamicRecordSizingDisabled: true,
	}
	if tickets != nil {
		tickets.serve(c)
	}
	return c
}

// certificateError marks a handshake that failed for want of a certificate.
type certificateError struct {
	name string
	err  error
}

func (e *certificateError) Error() string {
	return fmt.Sprintf("certificate for %q: %v", e.name, e.err)
}
func (e *certificateError) Unwrap() error { return e.err }

// pending reports whether there will be a certificate, as far as is known.
func (e *certificateError) pending() bool {
	var p interface{ Pending() bool }
	return errors.As(e.err, &p) && p.Pending()
}

// versions names TLS versions by their last digit.
var versions = [16]string{tls.VersionTLS12 & 0xf: "1.2", tls.VersionTLS13 & 0xf: "1.3"}
