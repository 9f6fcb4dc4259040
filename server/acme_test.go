package server

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/certs/acmetest"
	"sluice/config"
)

// acmeSite is a Site with a certificate from ca; more stands under [acme].
func acmeSite(t testing.TB, ca *acmetest.CA, hosts, more string) (server, text string) {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(root, ca.RootPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("state_dir = %q", filepath.Join(dir, "state")), fmt.Sprintf(`
[acme]
directory = %q
ca_root = %q
%s
[[site]]
hosts = [%s]
upstream = "127.0.0.1:1"
hsts = "365d"
`, ca.Directory(), root, more, hosts)
}

// verified shakes hands with a client that trusts only what ca issues.
func verified(t testing.TB, s *running, ca *acmetest.CA, name string) (*tls.Conn, error) {
	t.Helper()
	return tlsTo(t, s, &tls.Config{ServerName: name, RootCAs: ca.IssuingRoots()})
}

// untilVerified waits until name has a certificate from ca.
func untilVerified(t testing.TB, s *running, ca *acmetest.CA, name string) *tls.Conn {
	t.Helper()
	var c *tls.Conn
	until(t, "a certificate for "+name, func() bool {
		var err error
		c, err = verified(t, s, ca, name)
		return err == nil
	})
	return c
}

// "its challenge tests against our listeners: http-01, tls-alpn-01": the CA
// comes to the Listeners themselves, and nobody else has come before it.
func TestACertificateIsObtainedThroughOurListeners(t *testing.T) {
	for _, test := range []struct{ http, tls bool }{{true, false}, {false, true}} {
		t.Run(fmt.Sprintf("http %v tls %v", test.http, test.tls), func(t *testing.T) {
			ca := acmetest.Start(t, acmetest.Options{})
			under, text := acmeSite(t, ca, `"shop.example.com", "www.example.com"`, "")
			s := listening(t, under, text)
			if test.http {
				ca.AnswerHTTP(s.HTTP().String())
			}
			if test.tls {
				ca.AnswerTLS(s.HTTPS().String())
			}
			s.run()
			until(t, "the certificates", func() bool { return ca.Counts().Issued == 2 })
			c := untilVerified(t, s, ca, "shop.example.com")
			if n := len(c.ConnectionState().PeerCertificates); n < 2 {
				t.Errorf("a chain of %d", n) // "full chain"
			}
			io.WriteString(c, get)
			if got, _ := io.ReadAll(c); !strings.Contains(string(got), "\r\nStrict-Transport-Security: max-age=31536000\r\n") {
				t.Errorf("no HSTS in %q", got)
			}
			untilVerified(t, s, ca, "www.example.com")
			if n := s.inForce.Load().doors.tls.Stats().Challenges; test.tls != (n > 0) {
				t.Errorf("%d validations by tls-alpn-01", n)
			}
			// "HTTP→HTTPS redirect keeps answering": to everybody else it is one,
			// in plain without HSTS (RFC 6797 section 7.2).
			for _, path := range []string{"/", "/.well-known/acme-challenge/unknown"} {
				got := ask(t, s.HTTP(), "GET "+path+" HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n")
				if !strings.HasPrefix(got, "HTTP/1.1 30") || strings.Contains(got, "Strict-Transport") {
					t.Errorf("%s: %q", path, got)
				}
			}
		})
	}
}

// "a handshake for a name whose certificate is still being ordered gets an
// answer at once […], never a five-minute hang".
func TestAHandshakeBeforeThereIsACertificate(t *testing.T) {
	for _, standIn := range []bool{false, true} {
		t.Run(fmt.Sprint("stand_in ", standIn), func(t *testing.T) {
			ca := acmetest.Start(t, acmetest.Options{})
			release, reached := ca.Hold(acmetest.PathNewOrder)
			defer release()
			under, text := acmeSite(t, ca, `"shop.example.com"`, fmt.Sprint("stand_in = ", standIn))
			s := listening(t, under, text)
			ca.AnswerTLS(s.HTTPS().String())
			s.run()
			within(t, "the order", reached)
			_, err := tlsTo(t, s, &tls.Config{ServerName: "shop.example.com", InsecureSkipVerify: true})
			if standIn != (err == nil) {
				t.Errorf("handshake: %v", err)
			}
			if !standIn {
				until(t, "the log line", func() bool {
					return s.diary.has("cause=no_certificate_yet") && s.diary.has("still being obtained")
				})
			}
			release()
			untilVerified(t, s, ca, "shop.example.com")
		})
	}
}

// adminURL is where the admin server answers.
func (r *running) adminURL(path string) string { return "http://" + r.Admin().String() + path }

func (r *running) certificates() (all []CertificateStatus) {
	r.t.Helper()
	answer, err := http.Get(r.adminURL("/certs"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&all); err != nil {
		r.t.Fatal(err)
	}
	return all
}

// renew posts to /certs/renew and returns the answer.
func (r *running) renew(name string) (status int, text string) {
	r.t.Helper()
	q, err := http.NewRequest(http.MethodPost, r.adminURL("/certs/renew?name="+name), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Sluice-Action", "test")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

// "failures with the CA's problem document in log, metrics and status".
func TestAFailureIsToldInTheCAsWords(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	ca.Refuse(acmetest.Refusal{Path: acmetest.PathNewOrder, Status: 429, Type: "rateLimited",
		Detail: "too many new orders recently", RetryAfter: 2 * time.Hour})
	under, text := acmeSite(t, ca, `"shop.example.com"`, "")
	s := serving(t, under, text)
	until(t, "the log line", func() bool { return s.diary.has("too many new orders recently") })
	if !s.diary.has("certificate not obtained, and there is none yet") || !s.diary.has("do=") {
		t.Errorf("the log: %s", s.diary)
	}
	c := s.certificates()[0]
	if !strings.Contains(c.Failure, "rateLimited: too many new orders recently") || c.Remedy == "" || c.FailedAt.IsZero() {
		t.Errorf("status: %+v", c)
	}
	if in := time.Until(c.NextTry); in < 119*time.Minute || in > 121*time.Minute {
		t.Errorf("the next try is in %v", in)
	}
	if code, answer := s.renew("shop.example.com"); code != http.StatusConflict || !strings.Contains(answer, "limits") {
		t.Errorf("renew: %d %s", code, answer)
	}
	answer, err := http.Get(s.adminURL("/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, _ := io.ReadAll(answer.Body)
	for _, line := range []string{
		`sluice_certificate_failing{key="",names="shop.example.com",source="acme 127.0.0.1`,
		`sluice_certificate_renewals_total{outcome="failed"} 1`,
		"sluice_certificates_unstored 0",
	} {
		if !strings.Contains(string(page), line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// "sluice certs renew NAME": served from the next handshake on.
func TestRenewingByHand(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	under, text := acmeSite(t, ca, `"shop.example.com"`, "")
	s := listening(t, under, text)
	ca.AnswerTLS(s.HTTPS().String())
	s.run()
	first := untilVerified(t, s, ca, "shop.example.com").ConnectionState().PeerCertificates[0]
	if code, answer := s.renew("www.example.com"); code != http.StatusConflict || !strings.Contains(answer, "no certificate is ordered") {
		t.Errorf("an unknown name: %d %s", code, answer)
	}
	if code, answer := s.renew("shop.example.com"); code != http.StatusAccepted {
		t.Fatalf("renew: %d %s", code, answer)
	}
	until(t, "the new certificate", func() bool {
		c, err := verified(t, s, ca, "shop.example.com")
		return err == nil && !c.ConnectionState().PeerCertificates[0].Equal(first)
	})
}

// "renewal before expiry": certificates of seconds are renewed by themselves,
// and no handshake in between fails. "ARI where Pebble has it": the CA's wish
// brings the renewal forward.
func TestCertificatesAreRenewedBeforeTheyEnd(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{Validity: 16 * time.Second}) // half of it is for the renewal, on a busy machine
	under, text := acmeSite(t, ca, `"shop.example.com"`, "")
	s := listening(t, under, text)
	ca.AnswerTLS(s.HTTPS().String())
	s.run()
	untilVerified(t, s, ca, "shop.example.com")
	for issued := 2; issued <= 3; issued++ {
		until(t, "a renewal", func() bool {
			c, err := verified(t, s, ca, "shop.example.com")
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			return ca.Counts().Issued >= issued
		})
	}
	if n := ca.Counts(); n.FailedValidations > 0 {
		t.Errorf("counts: %+v", n)
	}
}

func TestTheCAsWishIsHeard(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	under, text := acmeSite(t, ca, `"shop.example.com"`, "")
	s := listening(t, under, text)
	ca.AnswerTLS(s.HTTPS().String())
	s.run()
	untilVerified(t, s, ca, "shop.example.com")
	until(t, "the question", func() bool { return ca.Requests(acmetest.PathRenewalInfo) > 0 })
	// Pebble's wish is around two thirds of the 90 days.
	until(t, "the wish", func() bool {
		in := time.Until(s.certificates()[0].NextTry)
		return in > 57*24*time.Hour && in < 61*24*time.Hour
	})
}

// "dns-01 (its test DNS server), wildcard": with a key from a file, for a Site
// of a name and a wildcard that covers another one.
func TestAWildcardByTheDNS(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	name, secret := ca.TSIG()
	key := filepath.Join(t.TempDir(), "tsig.key")
	if err := os.WriteFile(key, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	under, text := acmeSite(t, ca, `"example.com", "*.example.com", "shop.example.com"`, fmt.Sprintf(`
challenge = "dns-01"
[acme.dns]
provider = "rfc2136"
server = %q
key_id = %q
key = "file:%s"
resolvers = [%q]
`, ca.DNS(), name, key, ca.DNS()))
	s := serving(t, under, text)
	for _, host := range []string{"example.com", "shop.example.com", "any.example.com"} {
		untilVerified(t, s, ca, host)
	}
	if n := ca.Counts(); n.Issued != 2 {
		t.Errorf("%d certificates: a name that a wildcard covers needs none", n.Issued)
	}
}

// "EAB".
func TestAnExternalAccountBinding(t *testing.T) {
	mac := base64.RawURLEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	t.Setenv("SLUICE_TEST_EAB", mac)
	ca := acmetest.Start(t, acmetest.Options{EAB: map[string]string{"kid-7": mac}})
	under, text := acmeSite(t, ca, `"shop.example.com"`, `eab_key_id = "kid-7"`+"\n"+`eab_key = "env:SLUICE_TEST_EAB"`)
	s := listening(t, under, text)
	ca.AnswerTLS(s.HTTPS().String())
	s.run()
	untilVerified(t, s, ca, "shop.example.com")
	if s.diary.has(mac) {
		t.Error("the key is in the log")
	}
}

// "Secrets come from the environment or a file": one that is missing is told of
// at the start, and does not keep the rest from working.
func TestAMissingSecretIsToldOfAtTheStart(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	under, text := acmeSite(t, ca, `"*.example.com"`, `
[acme.dns]
provider = "cloudflare"
key = "env:SLUICE_TEST_NOT_SET"
`)
	s := serving(t, under, text)
	if !s.diary.has("key=acme.dns.key") || !s.diary.has("SLUICE_TEST_NOT_SET is not set") {
		t.Errorf("the log: %s", s.diary)
	}
}

// "10,000 handshakes for random unknown names: no order, memory flat."
func TestUnknownNamesCauseNothing(t *testing.T) {
	ca := acmetest.Start(t, acmetest.Options{})
	under, text := acmeSite(t, ca, `"shop.example.com"`, "")
	// On a busy machine a handshake that has to wait for its turn may wait for too
	// long, and be cut off. These have their turns.
	s := listening(t, under+"\nmax_connections_per_address = 100\nmax_handshakes = 16", text)
	ca.AnswerTLS(s.HTTPS().String())
	s.run()
	untilVerified(t, s, ca, "shop.example.com")
	requests := ca.Counts().Requests
	flood := func(n int) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range n / 8 {
					unknownName(t, s.HTTPS())
				}
			})
		}
		all.Wait()
	}
	over := func(handshakes uint64) { // a client knows a moment before we have forgotten it
		until(t, "the count, and the end of the connections", func() bool {
			stats := s.inForce.Load().doors.tls.Stats()
			return stats.HandshakeFailures["no_certificate"] >= handshakes && stats.Open <= 1
		})
	}
	flood(1000) // pools and buffers fill
	over(1000)
	before := heap()
	flood(10_000)
	over(11_000)
	if after := heap(); after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d", before, after)
	}
	if now := ca.Counts(); now.Orders != 1 || now.Requests > requests+5 { // the CA is asked when to renew
		t.Errorf("counts: %+v after %d requests", now, requests)
	}
}

// unknownName shakes hands for a name that nobody has.
func unknownName(t *testing.T, a net.Addr) {
	c, err := net.DialTimeout("tcp", a.String(), patience)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	name := fmt.Sprintf("x%d.example.com", rand.Uint64())
	if err := tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake(); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("%s: %v", name, err)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A name that a wildcard covers needs no certificate of its own.
func TestNamesToOrder(t *testing.T) {
	auto := config.TLS{Mode: config.TLSAuto}
	got := orderedNames([]config.Site{
		{Hosts: []string{"a.example.com", "*.example.com", "example.com"}, TLS: auto},
		{Hosts: []string{"b.example.com", "c.b.example.com"}, TLS: auto},
		{Hosts: []string{"*.files.example.com"}, TLS: config.TLS{Mode: config.TLSFiles}},
		{Hosts: []string{"x.files.example.com"}, TLS: auto},
	})
	if want := "*.example.com example.com c.b.example.com x.files.example.com"; strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
