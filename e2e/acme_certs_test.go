package e2e

import (
	"strings"
	"testing"
	"time"

	"sluice/certs/acmetest"
)

// "sluice certs", "sluice certs --json", "sluice certs renew NAME". What is
// renewed is served without a restart, and connections that are open go on.
func TestCertsCommand(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	s := o.run()
	first := o.obtained(s, shop).PeerCertificates[0]

	wantTable := func(r result) {
		t.Helper()
		head, rest, _ := strings.Cut(r.stdout, "\n")
		if got := strings.Join(strings.Fields(head), " "); r.status != 0 || got != "NAME SOURCE ISSUER KEY NOT AFTER NEXT RENEWAL" {
			t.Errorf("exit status %d, head %q", r.status, head)
		}
		for _, part := range []string{shop + " ", "acme 127.0.0.1", "ECDSA P-256", first.Issuer.CommonName, first.NotAfter.UTC().Format("2006-01-02 15:04 UTC"), "(in 89 days)", "days)"} {
			if !strings.Contains(rest, part) {
				t.Errorf("no %q in\n%s", part, rest)
			}
		}
		if strings.Contains(rest, "failed") {
			t.Errorf("tells of a failure:\n%s", rest)
		}
	}
	wantStatus := func(c certificateStatus) {
		t.Helper()
		if !c.NotAfter.Equal(first.NotAfter) || c.Issuer != first.Issuer.CommonName || c.Key != "ECDSA P-256" ||
			!strings.HasPrefix(c.Source, "acme ") || c.Failure != "" || len(c.Warnings) > 0 {
			t.Errorf("sluice certs --json: %+v", c)
		}
		// "renews it when a third of its life is left" (docs/configuration.md),
		// or when the CA wishes, which is about then.
		third := first.NotAfter.Sub(first.NotBefore) / 3
		if left := first.NotAfter.Sub(c.NextTry); left < third-3*24*time.Hour || left > third+3*24*time.Hour {
			t.Errorf("is renewed %v before its end, want about %v", left, third)
		}
	}
	running := o.certs()
	if running.stderr != "" {
		t.Errorf("stderr: %s", running.stderr)
	}
	wantTable(running)
	wantStatus(o.status(shop))

	t.Run("renew an unknown name", func(t *testing.T) {
		r := o.certs("renew", "nobody.example.com")
		if r.status == 0 || !strings.Contains(r.stderr, "nobody.example.com: no certificate is ordered for this name") {
			t.Errorf("exit status %d, %q, %q", r.status, r.stdout, r.stderr)
		}
		if n := ca.Orders("nobody.example.com"); n != 0 {
			t.Errorf("%d orders", n)
		}
	})

	open := s.clientBy(o.tls(shop))
	get(t, open, "https://"+shop+"/")
	o.renew(shop)
	eventually(t, obtaining, "the renewed certificate is served", func() bool { return o.serial(shop).Cmp(first.SerialNumber) != 0 })
	issued := ca.Certificates()
	if len(issued) != 2 || o.serial(shop).Cmp(issued[1].SerialNumber) != 0 {
		t.Errorf("%d were issued, and the one served is not the second", len(issued))
	}
	if a := get(t, open, "https://"+shop+"/"); a.StatusCode != 200 || !a.TLS.PeerCertificates[0].Equal(first) {
		t.Errorf("the connection that was open: %d by the certificate %x", a.StatusCode, a.TLS.PeerCertificates[0].SerialNumber)
	}

	first = issued[1]
	s.stop()
	t.Run("without a process", func(t *testing.T) {
		r := o.certs()
		if !strings.Contains(r.stderr, "not running") || !strings.Contains(r.stderr, "this is what the disk has") {
			t.Errorf("stderr: %s", r.stderr)
		}
		wantTable(r)
		wantStatus(o.status(shop)) // JSON and nothing else on stdout
		if r := o.certs("renew", shop); r.status == 0 || !strings.Contains(r.stderr, "not running") {
			t.Errorf("renew: exit status %d, %q, %q", r.status, r.stdout, r.stderr)
		}
	})
	o.wantIssued(shop, 2, 2)
}

// "4 certificates a week per name": an impatient person cannot use up what the
// CA allows (5, of which one is kept for the day when it is needed).
func TestCertsRenewKeepsTheQuota(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	s := o.run()
	o.obtained(s, shop)
	for n := 2; n <= 4; n++ {
		o.renew(shop)
		eventually(t, obtaining, "the next certificate is served", func() bool {
			issued := ca.Certificates()
			return len(issued) == n && o.serial(shop).Cmp(issued[n-1].SerialNumber) == 0
		})
		eventually(t, patience, "the order is over", func() bool { return !o.status(shop).Ordering })
	}
	refused := func() {
		t.Helper()
		r := o.certs("renew", shop)
		if r.status == 0 || !strings.Contains(r.stderr, "limits do not allow another order before") {
			t.Errorf("exit status %d, %q, %q", r.status, r.stdout, r.stderr)
		}
	}
	refused()
	s.kill()
	o.run()
	refused() // restarts do not count anew
	o.wantIssued(shop, 4, 4)
}
