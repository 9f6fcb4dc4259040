package e2e

import (
	"testing"
	"time"

	"sluice/certs/acmetest"
)

// "renewals supervised by a loop of our own": certificates that live for
// seconds are replaced in time, and no client is ever shown one that has
// expired. "Renews it when a third of its life is left (half, of those that
// live less than ten days) or when the CA wishes" (docs/configuration.md).
func TestACMERenewsInTime(t *testing.T) {
	t.Parallel()
	const life = 16 * time.Second
	ca := acmetest.Start(t, acmetest.Options{Validity: life})
	o := newOrdering(t, ca)
	s := o.run()
	first := o.obtained(s, shop).PeerCertificates[0]
	serials := map[string]bool{}
	shaken := 0
	every(50*time.Millisecond, func() bool {
		state, err := o.shake(shop)
		if err != nil {
			t.Errorf("handshake %d, %v after the first certificate's beginning: %v", shaken, time.Since(first.NotBefore).Round(time.Millisecond), err)
			return false
		}
		shaken++
		serials[state.PeerCertificates[0].SerialNumber.Text(16)] = true
		return time.Since(first.NotAfter) < life/4
	})
	issued := ca.Issued(shop)
	t.Logf("%d handshakes, %d certificates", shaken, issued)
	if len(serials) < 2 || issued > 6 {
		t.Errorf("%d certificates were served, %d issued", len(serials), issued)
	}
	if n := ca.Orders(shop); n > issued+1 { // one may be under way
		t.Errorf("%d orders, %d issued", n, issued)
	}
}
