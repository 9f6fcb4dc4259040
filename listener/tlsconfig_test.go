package listener

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// RFC 8996 sections 4 and 5: "TLS 1.0 MUST NOT be used", "TLS 1.1 MUST NOT be
// used". RFC 5246 section 7.2.2: protocol_version is for one that "is
// recognized but not supported".
func TestOldVersionsAreRefused(t *testing.T) {
	sc, cc := tlsConfigs(t)
	s := serve(t, Config{TLS: sc}, describe)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			cfg := cc.Clone()
			cfg.MinVersion, cfg.MaxVersion = version, version
			wantAlert(t, tls.Client(s.dial(), cfg), "protocol version")
			s.wantFailure(PhaseTLS, causeVersion)
		})
	}
}

// With a certificate of either kind, as a Site may have, a client of TLS 1.2
// that knows one kind only gets that.
func TestClientsOfTLS12ThatKnowOneKindOfKey(t *testing.T) {
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	both := []*tls.Certificate{certificateFor(t, ecdsaKey), certificateFor(t, rsaKey)}
	roots := x509.NewCertPool()
	for _, c := range both {
		roots.AddCert(c.Leaf)
	}
	s := serve(t, Config{TLS: TLSConfig(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		for _, c := range both {
			if hello.SupportsCertificate(c) == nil {
				return c, nil
			}
		}
		return nil, errors.New("none that the client knows")
	}, nil, nil)}, describe)
	for _, tt := range []struct {
		suite uint16
		want  x509.PublicKeyAlgorithm
	}{
		{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, x509.ECDSA},
		{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, x509.ECDSA},
		{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, x509.ECDSA},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, x509.RSA},
		{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, x509.RSA},
		{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, x509.RSA},
	} {
		t.Run(tls.CipherSuiteName(tt.suite), func(t *testing.T) {
			client := tls.Client(s.dial(), &tls.Config{RootCAs: roots, ServerName: "shop.example",
				MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tt.suite}})
			if got := readLine(t, client); got != "1.2  shop.example" {
				t.Errorf("got %q", got)
			}
			state := client.ConnectionState()
			if state.CipherSuite != tt.suite || state.PeerCertificates[0].PublicKeyAlgorithm != tt.want {
				t.Errorf("suite %s, a key of %v", tls.CipherSuiteName(state.CipherSuite), state.PeerCertificates[0].PublicKeyAlgorithm)
			}
		})
	}
}

// ordering says that a certificate is still being ordered.
type ordering struct{ pending bool }

func (ordering) Error() string   { return "it is still being ordered" }
func (o ordering) Pending() bool { return o.pending }

// "Where getCertificate returns neither certificate nor error the client is
// told unrecognized_name; an error ends its handshake at once with
// internal_error."
func TestHandshakesWithoutACertificate(t *testing.T) {
	for _, tt := range []struct {
		name              string
		err               error // of getCertificate
		cause, alert, why string
	}{
		{"none", nil, causeNoCertificate, "unrecognized name", "no certificates"},
		{"an error", errors.New("bad disk"), causeNoCertificate, "internal error", `certificate for "shop.example": bad disk`},
		{"being ordered", fmt.Errorf("acme: %w", ordering{true}), causeNotYet, "internal error",
			`certificate for "shop.example": acme: it is still being ordered`},
		{"ordered no more", ordering{false}, causeNoCertificate, "internal error", `certificate for "shop.example": `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			versions12And13(t, func(t *testing.T, version uint16) {
				s := serve(t, Config{TLS: TLSConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
					return nil, tt.err
				}, nil, nil)}, notServed(t))
				wantAlert(t, tls.Client(s.dial(), &tls.Config{ServerName: "shop.example", MaxVersion: version}), tt.alert)
				f := s.wantFailure(PhaseTLS, tt.cause)
				if !strings.Contains(f.err.Error(), tt.why) {
					t.Errorf("told %q, want %q", f.err, tt.why)
				}
				if got := s.Stats().HandshakeFailures[tt.cause]; got != 1 {
					t.Errorf("counted %d failures of that cause, want 1", got)
				}
			})
		})
	}
}
