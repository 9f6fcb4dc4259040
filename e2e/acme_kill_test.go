package e2e

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/certs/acmetest"
	"sluice/certs/certstest"
)

// killHeld starts the program, kills it as soon as the CA holds a request whose
// path has the substring, and starts it again. The new life is not in the old
// one's way: what the old one has asked for is forgotten by the time that the
// new one's requests are let through.
func (o *ordering) killHeld(path string, release func(), held <-chan struct{}) *sluice {
	o.t.Helper()
	s := o.run()
	reached(o.t, held)
	s.kill()
	n := o.ca.Requests(path)
	s = o.run()
	eventually(o.t, obtaining, "the new life's request is held", func() bool { return o.ca.Requests(path) > n })
	release()
	return s
}

// "restart in the middle of an order. No order is lost, none is duplicated":
// killed before the CA has taken the order, or has issued.
func TestACMEKilledInTheMiddleOfAnOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		orders     int
	}{
		// autocert cannot take an order up; what was ordered comes to nothing.
		{"before it is ordered", acmetest.PathNewOrder, 1},
		{"before it is proved", acmetest.PathChallenge, 2},
		{"before it is issued", acmetest.PathFinalize, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ca := acmetest.Start(t, acmetest.Options{})
			o := newOrdering(t, ca)
			release, held := ca.Hold(tt.path)
			s := o.killHeld(tt.path, release, held)
			state := o.obtained(s, shop)
			o.wantAnswer(s, shop)
			o.wantIssued(shop, tt.orders, 1)
			if n := ca.Counts(); n.Accounts != 1 || n.FailedValidations != 0 {
				t.Errorf("%+v, want one account and no validation that failed", n)
			}
			o.wantServedAgain(s, state.PeerCertificates[0].SerialNumber.Text(16))
		})
	}
}

// wantServedAgain kills the program, and wants the certificate to be served by
// the next life at once, with a CA that is away.
func (o *ordering) wantServedAgain(s *sluice, serial string) {
	o.t.Helper()
	s.kill()
	o.ca.Down(true)
	o.run()
	if got := o.serial(o.hosts[0]).Text(16); got != serial {
		o.t.Errorf("after a restart %s is served, want %s", got, serial)
	}
	o.ca.Down(false)
}

// "restart in the middle of an order. No order is lost, none is duplicated":
// by dns-01 the order is taken up where it stood, even when the CA has issued
// and its answer is lost.
func TestACMEKilledInTheMiddleOfAnOrderByDNS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		path string
		hold func(*acmetest.CA, string) (func(), <-chan struct{})
		with func(*ordering)
	}{
		{"before it is ordered", acmetest.PathNewOrder, (*acmetest.CA).Hold, (*ordering).byDNSWithEnvironment},
		{"before it is proved", acmetest.PathChallenge, (*acmetest.CA).Hold, (*ordering).byDNSWithFile},
		{"before it is issued", acmetest.PathFinalize, (*acmetest.CA).Hold, (*ordering).byDNSWithEnvironment},
		{"when it has been issued", acmetest.PathFinalize, (*acmetest.CA).HoldAnswer, (*ordering).byDNSWithFile},
		{"when it is downloaded", acmetest.PathCertificate, (*acmetest.CA).HoldAnswer, (*ordering).byDNSWithEnvironment},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ca := acmetest.Start(t, acmetest.Options{})
			o := newOrdering(t, ca)
			ca.AnswerHTTP("") // "for closed ports"
			ca.AnswerTLS("")
			tt.with(o)
			release, held := tt.hold(ca, tt.path)
			var s *sluice
			if tt.name == "when it has been issued" {
				// The new life finds the certificate and does not ask for it
				// to be issued.
				s = o.run()
				reached(t, held)
				s.kill()
				release()
				s = o.run()
			} else {
				s = o.killHeld(tt.path, release, held)
			}
			state := o.obtained(s, shop)
			o.wantAnswer(s, shop)
			o.wantIssued(shop, 1, 1)
			if n := ca.Counts(); n.Accounts != 1 || n.FailedValidations != 0 {
				t.Errorf("%+v, want one account and no validation that failed", n)
			}
			// What the first life has set is the same order's, and goes with it.
			if left := ca.TXT("_acme-challenge." + shop); len(left) > 0 {
				t.Errorf("TXT records %q are left over", left)
			}
			o.wantServedAgain(s, state.PeerCertificates[0].SerialNumber.Text(16))
		})
	}
}

// A SIGTERM in the middle of an order does not wait for a CA that does not
// answer, and the next life has its certificate. An order that was given up
// like this counts for nothing.
func TestACMEStoppedInTheMiddleOfAnOrder(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	release, _ := ca.Hold(acmetest.PathNewOrder)
	begin := func() *sluice {
		n := ca.Requests(acmetest.PathNewOrder)
		s := o.run()
		eventually(t, obtaining, "the order is held", func() bool { return ca.Requests(acmetest.PathNewOrder) > n })
		return s
	}
	for range 3 {
		s := begin()
		s.stop()
		if s.stderr.has("certificate not obtained") {
			t.Errorf("a failure was told:\n%s", s.stderr.text())
		}
	}
	s := begin()
	release()
	o.obtained(s, shop)
	o.wantIssued(shop, 1, 1)
}

// "attempts spaced": an order that kills the process each time does not repeat
// itself without a pause.
func TestACMEKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	release, held := ca.Hold(acmetest.PathNewOrder)
	defer release()
	s := o.run()
	reached(t, held)
	s.kill()
	n := ca.Requests(acmetest.PathNewOrder)
	s = o.run()
	eventually(t, obtaining, "the second order", func() bool { return ca.Requests(acmetest.PathNewOrder) > n })
	s.kill()
	n = ca.Requests(acmetest.PathNewOrder)

	// From the second crash on there is a pause. The other name, which comes
	// behind in the alphabet and is new, shows that the loop has been there.
	o.hosts = []string{shop, "zoo.example.com"}
	o.run()
	eventually(t, obtaining, "the new name is ordered", func() bool { return ca.Requests(acmetest.PathNewOrder) > n })
	if c := o.status(shop); c.Ordering || c.NextTry.IsZero() {
		t.Errorf("%s is ordered a third time: %+v", shop, c)
	}
	if r := o.certs(); !strings.Contains(r.stdout, "in 0 minutes") && !strings.Contains(r.stdout, "in 1 minutes") {
		t.Errorf("sluice certs:\n%s", r.stdout)
	}
	o.renew(shop) // a person may
}

// Killed between the two steps that end an order, the certificate stored and
// the order not yet forgotten: the order that is left over does not stand in
// for the next one.
func TestACMEOrderThatIsLeftOver(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	o := newOrdering(t, ca)
	o.byDNSWithEnvironment()
	release, held := ca.Hold(acmetest.PathFinalize)
	s := o.run()
	reached(t, held)
	file := filepath.Join(o.state, "certs", shop+".order")
	order, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	release()
	first := o.obtained(s, shop).PeerCertificates[0].SerialNumber
	eventually(t, patience, "the order is forgotten", func() bool {
		_, err := os.Stat(file)
		return errors.Is(err, fs.ErrNotExist)
	})
	s.kill()
	certstest.WriteFile(t, file, order)
	s = o.run()
	o.renew(shop)
	o.obtained(s, shop)
	if o.serial(shop).Cmp(first) == 0 {
		t.Error("the renewed certificate is the old one")
	}
	o.wantIssued(shop, 2, 2)
}
