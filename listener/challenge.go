package listener

import (
	"crypto/tls"
	"fmt"
	"strings"
)

// protocolChallenge is the one protocol that a CA names in ALPN when it
// validates by tls-alpn-01 that a name leads here (RFC 8737 section 3).
const protocolChallenge = "acme-tls/1"

// withChallenges returns a copy of t that answers validations with the
// certificates of challenge. All other hellos are t's: that GetConfigForClient
// has nothing to say of them costs one allocation a handshake
// (BenchmarkHandshake).
func withChallenges(t *tls.Config, challenge func(name string) *tls.Certificate) *tls.Config {
	validation := TLSConfig(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		// nil makes crypto/tls send unrecognized_name. It says what is wrong:
		// the protocol is spoken here, but nobody has asked for this name. By
		// no_application_protocol a CA would report a server that has never
		// heard of tls-alpn-01, and people would look in the wrong place.
		return challenge(strings.ToLower(hello.ServerName)), nil
	}, []string{protocolChallenge}, nil)
	// Who resumes a session is shown no certificate.
	validation.SessionTicketsDisabled = true

	t = t.Clone()
	t.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if validates(hello.SupportedProtos) {
			return validation, nil
		}
		return nil, nil
	}
	return t
}

// validates reports whether a hello that names these protocols is a CA's. One
// that names others too is a client that wants to be served.
func validates(protocols []string) bool {
	return len(protocols) == 1 && protocols[0] == protocolChallenge
}

// challenged ends a validation, whose handshake has returned err, and is
// false: no request may follow. A CA has what it came for once it has seen the
// certificate, and may leave then: it need not "require the TLS handshake to
// complete successfully" (RFC 8737 section 4).
func (l *Listener) challenged(c *Conn, t *tls.Conn, err error) bool {
	switch {
	case err == nil:
		c.tls = t // to be closed by close_notify
	case gone(err):
	case handshakeCause(err) == causeNoCertificate:
		return l.handshakeFailed(c, causeNoChallenge, fmt.Errorf("a CA validates %q, and no challenge is set for it here", c.SNI))
	default:
		return l.handshakeFailed(c, handshakeCause(err), err)
	}
	l.counts.challenges.Add(1)
	c.Close()
	return false
}
