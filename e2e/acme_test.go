package e2e

import (
	"strings"
	"testing"

	"sluice/certs/acmetest"
)

// "every configured name warmed up at start": nobody connects, and the
// certificate of the four-line configuration is there. Real clients believe it.
func TestACMENamesAreWarmedUpAtStart(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{ChainLength: 2})
	o := newOrdering(t, ca)
	o.hosts = []string{shop, "www.example.com", "api.example.com"}
	s := o.run()
	for _, name := range o.hosts {
		state := o.obtained(s, name)
		// "full chain": the leaf and both intermediates; the root may be left
		// out.
		if n := len(state.PeerCertificates); n != 3 {
			t.Errorf("%s: %d certificates in the chain, want 3", name, n)
		}
		o.wantAnswer(s, name)
		o.wantIssued(name, 1, 1)
	}
	if n := ca.Counts().Accounts; n != 1 {
		t.Errorf("%d accounts at the CA, want 1", n)
	}
	t.Run("curl", func(t *testing.T) {
		curl := program(t, "curl")
		state, err := o.shake(shop)
		if err != nil {
			t.Fatal(err)
		}
		r := command(t, "", curl, "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "20",
			"--cacert", o.rootFile(state), "--connect-to", shop+":443:127.0.0.1:"+port(s.https), "https://"+shop+"/")
		if r.status != 0 || r.stdout != "ok" {
			t.Errorf("exit status %d, %q\n%s", r.status, r.stdout, r.stderr)
		}
	})
}

// "HTTP→HTTPS redirect keeps answering /.well-known/acme-challenge/": whichever
// of its ports the CA can reach, it gets its answer, and people are redirected.
func TestACMEByEitherPort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind      string
		http, tls bool
	}{
		{kind: "http-01", http: true},
		{kind: "tls-alpn-01", tls: true},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			ca := acmetest.Start(t, acmetest.Options{})
			o := newOrdering(t, ca)
			if !tt.http {
				ca.AnswerHTTP("")
			}
			if !tt.tls {
				ca.AnswerTLS("")
			}
			s := o.run()
			wantRedirect := func(path string) {
				t.Helper()
				a := o.plain(s, "http://"+shop+path)
				if want := "https://" + shop + ":" + port(s.https) + path; a.StatusCode != 301 || a.Header.Get("Location") != want {
					t.Errorf("http://%s%s: %d to %q, want 301 to %q", shop, path, a.StatusCode, a.Header.Get("Location"), want)
				}
			}
			wantRedirect("/a?b")
			o.obtained(s, shop)
			o.wantAnswer(s, shop)
			if n := ca.Issued(shop); n != 1 {
				t.Errorf("%d certificates were issued, want 1", n)
			}
			// The answer of a validation that is over is no longer given.
			wantRedirect("/.well-known/acme-challenge/no_such_token")
			// A CA looks from several places.
			if got := o.metric(`sluice_tls_challenges_total{listener="https"}`); (got != "0") != tt.tls {
				t.Errorf("%s validations were answered by tls-alpn-01", got)
			}
			s.stop() // the access log is whole
			if n := o.challenged(); (n > 0) != tt.http {
				t.Errorf("%d validations were answered by http-01", n)
			}
		})
	}
}

// challenged is how many validations by http-01 the access log says were
// answered.
func (o *ordering) challenged() (n int) {
	o.t.Helper()
	for _, l := range readLines(o.t, o.log) {
		if strings.HasPrefix(l.Path, "/.well-known/acme-challenge/") && l.Status == 200 {
			n++
		}
	}
	return n
}

// "until the first certificate is obtained, clients get a self-signed one and a
// warning instead of a handshake that fails" (docs/configuration.md).
func TestACMEStandIn(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	release, held := ca.Hold(acmetest.PathNewOrder)
	o := newOrdering(t, ca)
	o.acme = "stand_in = true\n"
	s := o.run()
	reached(t, held)
	careless := o.tls(shop)
	careless.InsecureSkipVerify = true
	if a := get(t, s.clientBy(careless), "https://"+shop+"/"); a.StatusCode != 200 || a.TLS.PeerCertificates[0].Issuer.String() != a.TLS.PeerCertificates[0].Subject.String() {
		t.Errorf("%d by a certificate of %s", a.StatusCode, a.TLS.PeerCertificates[0].Issuer)
	}
	if r := o.certs(); !strings.Contains(r.stdout, "none yet, self-signed meanwhile") {
		t.Errorf("sluice certs:\n%s", r.stdout)
	}
	release()
	o.obtained(s, shop)
	o.wantAnswer(s, shop)
}
