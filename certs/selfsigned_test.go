package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSelfSignedIsAProperLeaf(t *testing.T) {
	now := time.Now()
	s, err := NewSelfSigned(SelfSignedOptions{Names: []string{"Shop.Example.com", "*.example.com", "localhost", "127.0.0.1", "::1"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Certificates()[0]
	leaf := c.TLS.Leaf
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key: %T", leaf.PublicKey)
	}
	if leaf.IsCA || !leaf.BasicConstraintsValid || leaf.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("CA %v, key usage %v", leaf.IsCA, leaf.KeyUsage)
	}
	if len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
		t.Errorf("extended key usage %v", leaf.ExtKeyUsage)
	}
	// RFC 5280 section 4.1.2.2: "The serial number MUST be a positive integer
	// [...] up to 20 octets"; 64 random bits are the CAs' own rule.
	if n := leaf.SerialNumber; n.Sign() <= 0 || n.BitLen() > 160 || n.BitLen() < 64 {
		t.Errorf("serial number of %d bits", n.BitLen())
	}
	if got := leaf.NotAfter.Sub(now); got > DefaultValidity || got < DefaultValidity-time.Second {
		t.Errorf("valid for %v, want %v", got, DefaultValidity)
	}
	if got, want := strings.Join(c.Names, " "), "shop.example.com *.example.com localhost 127.0.0.1 ::1"; got != want {
		t.Errorf("names %s, want %s", got, want)
	}
	if i := s.Info(now)[0]; i.Warnings != nil || i.Source != "self-signed" || i.Key != "ECDSA P-256" {
		t.Errorf("info: %+v", i)
	}
}

func TestSelfSignedHandshake(t *testing.T) {
	s, err := NewSelfSigned(SelfSignedOptions{Names: []string{"shop.example.com", "*.example.com", "127.0.0.1"}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificates()[0].TLS.Leaf)
	store := NewStore(nil)
	store.Use("shop.example.com", s)
	for _, name := range []string{"shop.example.com", "a.example.com", "127.0.0.1"} {
		if _, err := handshake(store, &tls.Config{ServerName: name, RootCAs: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSelfSignedRefusesNamesThatCannotBe(t *testing.T) {
	for _, names := range [][]string{nil, {""}, {"."}, {"店.example.com"}} {
		if _, err := NewSelfSigned(SelfSignedOptions{Names: names}, time.Now()); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}

func TestSelfSignedIsRenewedBeforeItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := NewSelfSigned(SelfSignedOptions{Names: []string{"shop.example.com"}}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		events := make(chan Event, 10)
		start, stop := running(t, s, events)
		for round := range 3 {
			old := s.Certificates()[0].TLS.Leaf
			e := <-events
			if e.Err != nil || e.Info.Expiring(time.Now()) {
				t.Errorf("round %d: %+v", round, e)
			}
			if left := time.Until(old.NotAfter); left < DefaultValidity/4 {
				t.Errorf("round %d: renewed only %v before the end", round, left)
			}
			leaf := s.Certificates()[0].TLS.Leaf
			if leaf.Equal(old) || leaf.PublicKey.(*ecdsa.PublicKey).Equal(old.PublicKey) {
				t.Errorf("round %d: same certificate or key", round)
			}
		}
		if lived := time.Since(start); lived < DefaultValidity {
			t.Errorf("three renewals within %v", lived)
		}
		stop()
	})
}

func TestSelfSignedIsRenewedAtOnceWhenTheClockHasJumped(t *testing.T) {
	now := time.Now()
	s, err := NewSelfSigned(SelfSignedOptions{Names: []string{"shop.example.com"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Check(now.Add(DefaultValidity / 2)); ok {
		t.Error("renewed at half its life")
	}
	e, ok := s.Check(now.Add(2 * DefaultValidity))
	if !ok || e.Err != nil || e.Info.Expired(now.Add(2*DefaultValidity)) {
		t.Errorf("got %+v, %v", e, ok)
	}
}
