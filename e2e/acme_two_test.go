package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sluice/certs/acmetest"
)

const (
	tellsFollowing = "another process on this state_dir orders certificates"
	tellsTakenOver = "this process orders certificates from now on"
)

// newPair is two configurations with one state directory, whose names are
// proved by the DNS, so that either can order.
func newPair(t *testing.T, ca *acmetest.CA) (pair [2]*ordering) {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state")
	for i := range pair {
		pair[i] = anotherOrdering(t, ca, state)
		pair[i].byDNSWithEnvironment()
	}
	return pair
}

// runBoth starts both at once, and tells which of them orders. None has its
// certificate before both run.
func runBoth(t *testing.T, pair [2]*ordering) (running [2]*sluice, orders int) {
	t.Helper()
	release, _ := pair[0].ca.Hold(acmetest.PathNewOrder)
	defer release()
	var starting sync.WaitGroup
	for i, o := range pair {
		starting.Go(func() { running[i] = o.run() })
	}
	starting.Wait()
	if running[0] == nil || running[1] == nil {
		t.FailNow() // has been told
	}
	eventually(t, patience, "one of them says that it does not order", func() bool {
		return running[0].stderr.has(tellsFollowing) || running[1].stderr.has(tellsFollowing)
	})
	if running[0].stderr.has(tellsFollowing) {
		orders = 1
	}
	return running, orders
}

// "two processes at once": both serve the certificate that one of them has
// ordered. When that one is killed, the other orders.
func TestACMETwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	pair := newPair(t, ca)
	running, first := runBoth(t, pair)
	second := 1 - first
	a, b := pair[first], pair[second]
	serial := a.obtained(running[first], shop).PeerCertificates[0].SerialNumber
	if got := b.obtained(running[second], shop).PeerCertificates[0].SerialNumber; got.Cmp(serial) != 0 {
		t.Errorf("one serves %x, the other %x", serial, got)
	}
	a.wantAnswer(running[first], shop)
	b.wantAnswer(running[second], shop)
	if n := ca.Counts(); n.Orders != 1 || n.Issued != 1 || n.Accounts != 1 {
		t.Errorf("%+v, want one account, order and certificate", n)
	}
	if running[first].stderr.has(tellsFollowing) {
		t.Error("both say that the other orders")
	}

	// People are told whom to ask.
	holder := fmt.Sprintf("process %d", running[first].cmd.Process.Pid)
	if r := b.certs("renew", shop); r.status == 0 || !strings.Contains(r.stderr, "not ordered here") || !strings.Contains(r.stderr, holder) {
		t.Errorf("renew: exit status %d, %q; want %s to be named", r.status, r.stderr, holder)
	}
	if r := b.certs(); !strings.Contains(r.stdout, "not ordered here") || !strings.Contains(r.stdout, holder) {
		t.Errorf("sluice certs: %s\nwant %s to be named", r.stdout, holder)
	}

	running[first].kill()
	eventually(t, obtaining, "the other takes over", func() bool { return running[second].stderr.has(tellsTakenOver) })
	b.renew(shop)
	eventually(t, obtaining, "the renewed certificate is served", func() bool { return b.serial(shop).Cmp(serial) != 0 })
	if c := b.status(shop); len(c.Warnings) > 0 {
		t.Errorf("warnings %q", c.Warnings)
	}
	b.wantIssued(shop, 2, 2)
}

// What is renewed reaches the process that does not order, too.
func TestACMETheOtherProcessServesWhatIsRenewed(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	pair := newPair(t, ca)
	running, first := runBoth(t, pair)
	a, b := pair[first], pair[1-first]
	a.obtained(running[first], shop)
	b.obtained(running[1-first], shop)
	a.renew(shop)
	eventually(t, obtaining, "both serve the second certificate", func() bool {
		issued := ca.Certificates()
		return len(issued) == 2 && a.serial(shop).Cmp(issued[1].SerialNumber) == 0 && b.serial(shop).Cmp(issued[1].SerialNumber) == 0
	})
	a.wantIssued(shop, 2, 2)
}

// "No order is lost, none is duplicated": the one that orders is killed when
// the CA has issued and before it knows; the other takes the order up.
func TestACMETheOtherProcessTakesTheOrderUp(t *testing.T) {
	t.Parallel()
	ca := acmetest.Start(t, acmetest.Options{})
	release, held := ca.HoldAnswer(acmetest.PathFinalize)
	pair := newPair(t, ca)
	running, first := runBoth(t, pair)
	reached(t, held)
	running[first].kill()
	release()
	b := pair[1-first]
	b.obtained(running[1-first], shop)
	if !running[1-first].stderr.has(tellsTakenOver) {
		t.Error("the other does not say that it has taken over")
	}
	b.wantAnswer(running[1-first], shop)
	b.wantIssued(shop, 1, 1)
}
