package e2e

import (
	"crypto/tls"
	"strings"
	"testing"

	"sluice/certs/acmetest"
)

// "ACME by dns-01 for wildcard names and closed ports" (design.md section 10).
// The wildcard serves the names below it, a host that it covers needs none of
// its own, and the others are proved by the ports.
func TestACMEWildcardByDNS(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	const wildcard = "*.shop.example.com"
	o.hosts = []string{wildcard, "b.shop.example.com", shop}
	key, secret := ca.TSIG()
	o.env = append(o.env, tsigVariable+"="+secret)
	o.acme = o.dnsTable(key, "env:"+tsigVariable)
	s := o.run()
	eventually(t, obtaining, "the log tells of both", func() bool { return strings.Count(s.stderr.text(), `msg="certificate loaded"`) == 2 })
	var serials []string
	for _, name := range []string{"a.shop.example.com", "b.shop.example.com", shop} {
		state, err := o.shake(name)
		if err != nil {
			t.Fatal(err)
		}
		serials = append(serials, state.PeerCertificates[0].SerialNumber.Text(16))
	}
	if serials[0] != serials[1] || serials[1] == serials[2] {
		t.Errorf("certificates %q for a name below the wildcard, another one and that above", serials)
	}
	o.wantAnswer(s, "a.shop.example.com")
	o.wantIssued(wildcard, 1, 1)
	o.wantIssued(shop, 1, 1)
	o.wantIssued("b.shop.example.com", 0, 0)
	// "matches a.example.com, neither example.com nor a.b.example.com"
	// (docs/configuration.md).
	if _, err := tls.Dial("tcp", o.https, o.tls("a.b.shop.example.com")); err == nil || !strings.Contains(err.Error(), alertUnrecognizedName) {
		t.Errorf("two labels below the wildcard: %v", err)
	}
	if left := ca.TXT("_acme-challenge." + shop); len(left) > 0 {
		t.Errorf("TXT records %q are left over", left)
	}
}

// "Where that name is a CNAME, the record is set at its end: so the account
// needs rights on a zone of its own only" (docs/configuration.md).
func TestACMEByDNSInAnotherZone(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	ca.SetCNAME("_acme-challenge."+shop, "shop.challenges.test")
	release, held := ca.Hold(acmetest.PathChallenge)
	o := newOrdering(t, ca)
	ca.AnswerHTTP("")
	ca.AnswerTLS("")
	o.byDNSWithFile()
	s := o.run()
	reached(t, held)
	if n := len(ca.TXT("shop.challenges.test")); n != 1 {
		t.Errorf("%d TXT records at the end of the CNAME, want 1", n)
	}
	release()
	o.obtained(s, shop)
	o.wantAnswer(s, shop)
	if left := ca.TXT("shop.challenges.test"); len(left) > 0 {
		t.Errorf("TXT records %q are left over", left)
	}
	o.wantIssued(shop, 1, 1)
}
