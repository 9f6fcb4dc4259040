package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/certs/certstest"
)

func TestCertificateIsChosenByName(t *testing.T) {
	ca := certstest.NewCA(t)
	exact := ca.Issue(t, certstest.Leaf{Names: []string{"Shop.Example.com"}})
	wildcard := ca.Issue(t, certstest.Leaf{Names: []string{"*.example.com"}})
	s := storeOf(shelve(wildcard, exact))

	for _, tt := range []struct {
		name string
		want *certstest.Pair
	}{
		{"shop.example.com", exact},
		{"SHOP.example.COM", exact},
		{"shop.example.com.", exact},
		{"other.example.com", wildcard},
		{"OTHER.Example.com.", wildcard},
		{"a.b.example.com", nil}, // a wildcard stands for one label
		{"example.com", nil},
		{".example.com", nil},
		{"*.example.com", wildcard},
		{"shop.example.org", nil},
		{"com", nil},
		{"", nil},
		{".", nil},
		{strings.Repeat("a", maxName) + ".example.com", nil},
	} {
		got, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: tt.name})
		if err != nil {
			t.Errorf("%q: %v", tt.name, err)
		}
		if tt.want == nil && got != nil || tt.want != nil && got != tt.want.TLS {
			t.Errorf("%q: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestHandshakeVerifiesForExactNameAndWildcard(t *testing.T) {
	ca := certstest.NewCA(t)
	s := storeOf(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com", "*.example.org"}})))
	for _, name := range []string{"shop.example.com", "a.example.org", "B.example.org"} {
		if _, err := handshake(s, ca.Client(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// RFC 6066 section 3: "If the server understood the ClientHello extension but
// does not recognize the server name, the server SHOULD take one of two actions:
// either abort the handshake by sending a fatal-level unrecognized_name(112)
// alert or continue the handshake."
func TestUnknownNameGetsAlertUnrecognizedName(t *testing.T) {
	const unrecognizedName = tls.AlertError(112)
	ca := certstest.NewCA(t)
	s := storeOf(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})))
	for _, name := range []string{"unknown.example.com", ""} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			config := ca.Client(name)
			config.MinVersion, config.MaxVersion = version, version
			_, err := handshake(s, config)
			if !isRemote(err, unrecognizedName) {
				t.Errorf("name %q, %s: got %v, want %v", name, tls.VersionName(version), err, unrecognizedName)
			}
		}
	}
}

// isRemote reports whether err is that alert, received from the server. The type
// that crypto/tls wraps then is not exported.
func isRemote(err error, alert tls.AlertError) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error" && remote.Err.Error() == alert.Error()
}

func TestDefaultNameAnswersClientsWithoutKnownName(t *testing.T) {
	ca := certstest.NewCA(t)
	shop := ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}})
	wild := ca.Issue(t, certstest.Leaf{Names: []string{"*.example.org"}})
	for _, tt := range []struct {
		defaultName string
		want        *certstest.Pair
	}{
		{"shop.example.com", shop},
		{"Shop.Example.com.", shop},
		{"*.example.org", wild},
		{"a.example.org", wild},
	} {
		s := NewStore(nil)
		s.Use(tt.defaultName, shelve(shop, wild))
		for _, name := range []string{"", "unknown.example.net"} {
			config := ca.Client(name)
			config.InsecureSkipVerify = true
			state, err := handshake(s, config)
			if err != nil || serial(state) != tt.want.Leaf.SerialNumber.String() {
				t.Errorf("default %q, name %q: got %s, %v", tt.defaultName, name, serial(state), err)
			}
		}
	}
}

func TestKeyTypeIsChosenByWhatClientCanVerify(t *testing.T) {
	ca := certstest.NewCA(t)
	names := []string{"shop.example.com"}
	rsa := ca.Issue(t, certstest.Leaf{Names: names, Key: certstest.RSA})
	ecdsa := ca.Issue(t, certstest.Leaf{Names: names})
	s := NewStore(nil)
	s.Use("shop.example.com", shelve(rsa, ecdsa))

	for _, tt := range []struct {
		name   string
		server string
		max    uint16
		suites []uint16
		want   x509.PublicKeyAlgorithm
	}{
		{"TLS 1.3", "shop.example.com", tls.VersionTLS13, nil, x509.ECDSA},
		{"TLS 1.2 with both", "shop.example.com", tls.VersionTLS12, nil, x509.ECDSA},
		{"TLS 1.2 with RSA only", "shop.example.com", tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, x509.RSA},
		{"TLS 1.2 with ECDSA only", "shop.example.com", tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}, x509.ECDSA},
		{"no name, RSA only", "", tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, x509.RSA},
		{"unknown name, RSA only", "unknown.example.net", tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, x509.RSA},
		{"unknown name", "unknown.example.net", tls.VersionTLS13, nil, x509.ECDSA},
	} {
		config := ca.Client(tt.server)
		config.InsecureSkipVerify = tt.server != "shop.example.com"
		config.MaxVersion, config.CipherSuites = tt.max, tt.suites
		state, err := handshake(s, config)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := state.PeerCertificates[0].PublicKeyAlgorithm; got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestExpiredCertificateYieldsToOneThatIsNot(t *testing.T) {
	ca := certstest.NewCA(t)
	names := []string{"shop.example.com"}
	expired := ca.Issue(t, certstest.Leaf{Names: names, NotBefore: time.Now().AddDate(0, -2, 0), NotAfter: time.Now().AddDate(0, 0, -1)})
	rsa := ca.Issue(t, certstest.Leaf{Names: names, Key: certstest.RSA})
	state, err := handshake(storeOf(shelve(expired, rsa)), ca.Client("shop.example.com"))
	if err != nil || serial(state) != rsa.Leaf.SerialNumber.String() {
		t.Errorf("got %s, %v, want the RSA certificate", serial(state), err)
	}
}

func TestOfSeveralAlikeTheOneThatLastsLongestIsServed(t *testing.T) {
	ca := certstest.NewCA(t)
	names := []string{"shop.example.com"}
	short := ca.Issue(t, certstest.Leaf{Names: names})
	long := ca.Issue(t, certstest.Leaf{Names: names, NotAfter: time.Now().AddDate(1, 0, 0)})
	state, err := handshake(storeOf(shelve(short), shelve(long)), ca.Client("shop.example.com"))
	if err != nil || serial(state) != long.Leaf.SerialNumber.String() {
		t.Errorf("got %s, %v, want the longer one", serial(state), err)
	}
}

func TestClientThatCanVerifyNoneGetsAlertHandshakeFailure(t *testing.T) {
	const handshakeFailure = tls.AlertError(40)
	ca := certstest.NewCA(t)
	names := []string{"shop.example.com"}
	one, two := ca.Issue(t, certstest.Leaf{Names: names}), ca.Issue(t, certstest.Leaf{Names: names})
	config := ca.Client("shop.example.com")
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	_, err := handshake(storeOf(shelve(one, two)), config)
	if !isRemote(err, handshakeFailure) {
		t.Errorf("got %v, want %v", err, handshakeFailure)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	ca := certstest.NewCA(t)
	s := storeOf(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com", "*.example.org"}})))
	for _, name := range []string{"shop.example.com", "SHOP.Example.com.", "a.example.org", "unknown.example.net", ""} {
		hello := &tls.ClientHelloInfo{ServerName: name}
		if n := testing.AllocsPerRun(100, func() { s.GetCertificate(hello) }); n != 0 {
			t.Errorf("%q: %v allocations", name, n)
		}
	}
}

func TestUnknownNamesDoNotGrowMemory(t *testing.T) {
	ca := certstest.NewCA(t)
	s := storeOf(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com", "*.example.org"}})))
	hellos := make([]*tls.ClientHelloInfo, 10_000)
	for i := range hellos {
		hellos[i] = &tls.ClientHelloInfo{ServerName: strconv.FormatUint(rand.Uint64(), 36) + ".example.net"}
	}
	before := heap()
	for _, hello := range hellos {
		if c, err := s.GetCertificate(hello); c != nil || err != nil {
			t.Fatalf("%s: got %v, %v", hello.ServerName, c, err)
		}
	}
	if after := heap(); after > before+64<<10 {
		t.Errorf("heap grew from %d to %d bytes", before, after)
	}
	runtime.KeepAlive(hellos)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestUseReplacesSourcesAndRunsOnlyTheNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := certstest.NewCA(t)
		count := func(s *shelf) *shelf { s.running = make(chan int, 10); return s }
		kept := count(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"kept.example.com"}})))
		dropped := count(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"dropped.example.com"}})))
		added := count(shelve(ca.Issue(t, certstest.Leaf{Names: []string{"added.example.com"}})))

		s := storeOf(kept, dropped)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		s.Use("", kept, added)
		synctest.Wait()

		if got := changes(kept); got != "+1" {
			t.Errorf("kept: %s", got)
		}
		if got := changes(dropped); got != "+1-1" {
			t.Errorf("dropped: %s", got)
		}
		if got := changes(added); got != "+1" {
			t.Errorf("added: %s", got)
		}
		for name, want := range map[string]bool{"kept.example.com": true, "dropped.example.com": false, "added.example.com": true} {
			if c, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: name}); (c != nil) != want {
				t.Errorf("%s served: %v, want %v", name, c != nil, want)
			}
		}

		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if got := changes(kept) + changes(added); got != "-1-1" {
			t.Errorf("after Run: %s", got)
		}
	})
}

// changes is the lives of s that began and ended since it was last asked.
func changes(s *shelf) string {
	var b strings.Builder
	for {
		select {
		case n := <-s.running:
			b.WriteString(map[int]string{+1: "+1", -1: "-1"}[n])
		default:
			return b.String()
		}
	}
}

func TestSourceThatGivesUpIsToldOfAndTriedAgainAtNextUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := certstest.NewCA(t)
		source := shelve(ca.Issue(t, certstest.Leaf{Names: []string{"shop.example.com"}}))
		source.running, source.end = make(chan int, 10), make(chan error)
		events := make(chan Event, 10)
		s := NewStore(func(e Event) {
			if e.News == NewsEnded {
				events <- e
			}
		})
		s.Use("", source)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()

		lost := errors.New("account lost")
		source.end <- lost
		if e := <-events; !errors.Is(e.Err, lost) || e.Remedy == "" || e.Info.Names[0] != "shop.example.com" {
			t.Errorf("got %+v", e)
		}
		if c, _ := s.GetCertificate(&tls.ClientHelloInfo{ServerName: "shop.example.com"}); c == nil {
			t.Error("the certificate is no longer served")
		}
		synctest.Wait()
		s.Use("", source)
		synctest.Wait()
		if got := changes(source); got != "+1-1+1" {
			t.Errorf("lives: %s", got)
		}
		cancel()
		<-ended
	})
}

func BenchmarkGetCertificate(b *testing.B) {
	ca := certstest.NewCA(b)
	names := []string{"shop.example.com"}
	ecdsa := ca.Issue(b, certstest.Leaf{Names: names})
	rsa := ca.Issue(b, certstest.Leaf{Names: names, Key: certstest.RSA})
	hello := &tls.ClientHelloInfo{
		ServerName:        "shop.example.com",
		SupportedVersions: []uint16{tls.VersionTLS13},
		SignatureSchemes:  []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256, tls.PSSWithSHA256},
	}
	for name, s := range map[string]*Store{"one": storeOf(shelve(ecdsa)), "both": storeOf(shelve(ecdsa, rsa))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.GetCertificate(hello)
			}
		})
	}
}
