package listener

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// challenges answers for one name, and notes what it was asked for.
type challenges struct {
	certificate *tls.Certificate // nil: none is open
	asked       atomic.Value     // string
}

func (c *challenges) find(name string) *tls.Certificate {
	c.asked.Store(name)
	if name != "shop.example" {
		return nil
	}
	return c.certificate
}

// serveChallenges runs a Listener that has an ordinary certificate and a
// challenge for shop.example, and returns what a CA dials with.
func serveChallenges(t *testing.T, handle func(*Conn)) (s *served, open *challenges, ca, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open = &challenges{certificate: certificateFor(t, key)}
	sc, client := tlsConfigs(t)
	s = serve(t, Config{TLS: sc, Challenge: open.find}, handle)
	ca = &tls.Config{ServerName: "shop.example", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true}
	return s, open, ca, client
}

// notServed is a handler that must not be called.
func notServed(t *testing.T) func(*Conn) {
	return func(c *Conn) {
		t.Errorf("a validation is served as %q", c.ALPN)
		c.Close()
	}
}

// versions12And13 runs a test with either version.
func versions12And13(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { test(t, version) })
	}
}

// presented returns the certificate that a client was shown.
func presented(client *tls.Conn) []byte { return client.ConnectionState().PeerCertificates[0].Raw }

// wantQuiet checks that nothing was told as a failure.
func (s *served) wantQuiet() {
	s.t.Helper()
	select {
	case f := <-s.failures:
		s.t.Errorf("failure %s/%s (%v), want none", f.phase, f.cause, f.err)
	default:
	}
}

// RFC 8737 section 3: the CA sends "an ALPN extension with the single protocol
// name "acme-tls/1" and an SNI extension containing only the domain name being
// validated". Section 4: the protocol "does not carry application data".
func TestAValidationIsAnsweredByTheChallengeAndEnds(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		s, open, ca, _ := serveChallenges(t, notServed(t))
		ca.ServerName = "Shop.Example" // RFC 4343: the same name
		ca.MinVersion, ca.MaxVersion = version, version
		client := tls.Client(s.dial(), ca)
		if err := client.Handshake(); err != nil {
			t.Fatal(err)
		}
		if got := client.ConnectionState().NegotiatedProtocol; got != "acme-tls/1" {
			t.Errorf("agreed on %q", got)
		}
		if !bytes.Equal(presented(client), open.certificate.Certificate[0]) {
			t.Error("the certificate is not the challenge's")
		}
		if got := open.asked.Load(); got != "shop.example" {
			t.Errorf("asked for %q", got)
		}
		if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v; want a clean end", n, err)
		}
		if got := s.Stats(); got.Challenges != 1 || len(got.HandshakeFailures) != 0 {
			t.Errorf("counted: %+v", got)
		}
		s.wantQuiet()
	})
}

// What a CA sends although the protocol carries no data is not read.
func TestARequestBehindAValidationIsNotRead(t *testing.T) {
	s, _, ca, _ := serveChallenges(t, notServed(t))
	client := tls.Client(s.dial(), ca)
	io.WriteString(client, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
	wantClosed(t, client)
	s.wantQuiet()
}

// RFC 6066 section 3: unrecognized_name is for a name that the server has
// nothing for.
func TestAValidationThatNobodyHasAskedFor(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		s, _, ca, _ := serveChallenges(t, notServed(t))
		ca.ServerName = "other.example"
		ca.MaxVersion = version
		wantAlert(t, tls.Client(s.dial(), ca), "unrecognized name")
		f := s.wantFailure(PhaseTLS, causeNoChallenge)
		if !strings.Contains(f.err.Error(), `"other.example"`) {
			t.Errorf("the error does not say for which name: %v", f.err)
		}
		if got := s.Stats(); got.Challenges != 0 || got.HandshakeFailures[causeNoChallenge] != 1 {
			t.Errorf("counted: %+v", got)
		}
	})
}

// RFC 8737 section 4: a CA MUST "only negotiate TLS 1.2 [RFC5246] or higher".
func TestAValidationOfAnOldVersionIsRefused(t *testing.T) {
	s, _, ca, _ := serveChallenges(t, notServed(t))
	ca.MinVersion, ca.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	wantAlert(t, tls.Client(s.dial(), ca), "protocol version")
	s.wantFailure(PhaseTLS, causeVersion)
}

// RFC 8737 section 3: "the single protocol name". Whoever names another is no
// CA, and is served, or refused, as if it had not named acme-tls/1.
func TestWhoNamesOtherProtocolsTooIsNoCA(t *testing.T) {
	s, open, _, client := serveChallenges(t, describe)
	for _, tt := range []struct {
		protocols []string
		want      string // of describe; or
		cause     string
	}{
		{protocols: []string{"acme-tls/1", "http/1.1"}, want: "1.3 http/1.1 shop.example"},
		{protocols: []string{"h2", "acme-tls/1"}, want: "1.3 h2 shop.example"},
		{protocols: []string{"acme-tls/1", "spdy"}, cause: causeProtocol},
		{protocols: []string{"acme-tls/1", "acme-tls/1"}, cause: causeProtocol},
		{protocols: []string{"acme-tls/2"}, cause: causeProtocol},
		{protocols: nil, want: "1.3  shop.example"},
	} {
		t.Run(fmt.Sprint(tt.protocols), func(t *testing.T) {
			cfg := client.Clone() // verifies the certificate
			cfg.NextProtos = tt.protocols
			c := tls.Client(s.dial(), cfg)
			defer c.Close()
			if tt.cause != "" {
				wantAlert(t, c, "no application protocol")
				s.wantFailure(PhaseTLS, tt.cause)
				return
			}
			if got := readLine(t, c); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if open.asked.Load() != nil || s.Stats().Challenges != 0 {
		t.Error("somebody was taken for a CA")
	}
}

func TestWithoutChallengeAValidationHasNoProtocol(t *testing.T) {
	sc, cc := tlsConfigs(t)
	s := serve(t, Config{TLS: sc}, notServed(t))
	cc.NextProtos = []string{"acme-tls/1"}
	wantAlert(t, tls.Client(s.dial(), cc), "no application protocol")
	s.wantFailure(PhaseTLS, causeProtocol)
}

// countingCache is a client's memory of sessions that counts what it is given.
type countingCache struct {
	tls.ClientSessionCache
	put atomic.Int64
}

func (c *countingCache) Put(key string, s *tls.ClientSessionState) {
	if s != nil {
		c.put.Add(1)
	}
	c.ClientSessionCache.Put(key, s)
}

// A resumed handshake shows no certificate, and a CA wants to see one.
func TestAValidationNeitherResumesNorGetsATicket(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		s, open, ca, ordinary := serveChallenges(t, echoLines)
		cache := &countingCache{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		ordinary.InsecureSkipVerify, ordinary.MaxVersion, ordinary.ClientSessionCache = true, version, cache
		ca.MaxVersion, ca.ClientSessionCache = version, cache
		first := tls.Client(s.dial(), ordinary)
		wantEcho(t, first, "hello\n")
		first.Close()
		tickets := cache.put.Load()
		if tickets == 0 {
			t.Fatal("an ordinary client got no ticket")
		}
		for range 2 {
			client := tls.Client(s.dial(), ca)
			wantClosed(t, client) // a ticket of TLS 1.3 comes behind the handshake
			if client.ConnectionState().DidResume || !bytes.Equal(presented(client), open.certificate.Certificate[0]) {
				t.Error("the validation has resumed a session")
			}
		}
		if got := cache.put.Load() - tickets; got != 0 {
			t.Errorf("validations got %d tickets", got)
		}
	})
}

// RFC 8737 section 4: the protocol does not "require the TLS handshake to
// complete successfully".
func TestACAThatLeavesOnceItHasSeenTheCertificate(t *testing.T) {
	versions12And13(t, func(t *testing.T, version uint16) {
		s, _, ca, _ := serveChallenges(t, notServed(t))
		nc := s.dial()
		ca.MaxVersion = version
		ca.VerifyConnection = func(tls.ConnectionState) error {
			nc.Close()
			return errors.New("seen")
		}
		tls.Client(nc, ca).Handshake()
		eventually(t, "the count", func() bool { return s.Stats().Challenges == 1 })
		s.wantQuiet()
	})
}

// One that objects has something to say to the operator.
func TestACAThatRefusesTheCertificateIsTold(t *testing.T) {
	s, _, ca, _ := serveChallenges(t, notServed(t))
	ca.InsecureSkipVerify = false
	tls.Client(s.dial(), ca).Handshake()
	s.wantFailure(PhaseTLS, causeRefusedByPeer)
	if got := s.Stats().Challenges; got != 0 {
		t.Errorf("%d validations counted", got)
	}
}

// wantAlert checks that a handshake fails by an alert from the server, in
// crypto/tls's words.
func wantAlert(t *testing.T, client *tls.Conn, alert string) {
	t.Helper()
	err := client.Handshake()
	if err == nil { // under TLS 1.3 a client may be done before the server objects
		_, err = client.Read(make([]byte, 1))
	}
	if err == nil || !strings.Contains(err.Error(), "remote error: tls: ") || !strings.Contains(err.Error(), alert) {
		t.Errorf("got %v, want the alert %q", err, alert)
	}
}
