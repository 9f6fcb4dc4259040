package ca

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/certs"
	"sluice/certs/acmetest"
	"sluice/certs/dnsapi"
)

func TestDNSObtains(t *testing.T) {
	t.Parallel()
	for _, name := range []string{shop, "*.shop.example.com", "a.very.deep.name.example.com"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{BadNonces: 20})
			mustObtain(t, r, r.dns(), new(drawer).order(name))
			if left := r.ca.TXT("_acme-challenge." + strings.TrimPrefix(name, "*.")); len(left) != 0 {
				t.Errorf("left in the DNS: %v", left)
			}
		})
	}
}

// "CNAME delegation of _acme-challenge".
func TestDNSFollowsADelegation(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.ca.SetCNAME("_acme-challenge.shop.example.com", "shop.proofs.example.net")
	mustObtain(t, r, r.dns(), new(drawer).order(shop))
}

// A wildcard and its parent are proved by two records of one name.
func TestAWildcardAndItsParentAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	a := r.dns()
	failed := make(chan error, 2)
	for _, name := range []string{shop, "*." + shop} {
		go func() {
			text, err := a.Obtain(t.Context(), new(drawer).order(name))
			failed <- errors.Join(err, func() error {
				if err != nil {
					return nil
				}
				return r.check(name, text)
			}())
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if n := r.ca.Counts(); n.Accounts != 1 {
		t.Logf("%d accounts were registered with one key", n.Accounts)
	}
}

// "profiles incl. short-lived".
func TestDNSOrdersAProfile(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{Profiles: map[string]time.Duration{"shortlived": 160 * time.Hour}})
	a := r.dns()
	a.options.Profile = "shortlived"
	mustObtain(t, r, a, new(drawer).order(shop))
	leaf := r.ca.Certificates()[0]
	if life := leaf.NotAfter.Sub(leaf.NotBefore).Round(time.Hour); life != 160*time.Hour {
		t.Errorf("lives for %v", life)
	}
	a.options.Profile = "unheard-of"
	if e := mustFail(t, a, new(drawer).order(shop)); !strings.Contains(e.Error(), "profile") {
		t.Errorf("got %+v", e)
	}
}

// "restart in the middle of an order. No order is lost, none is duplicated":
// broken off at any request, the order is taken up again and comes to one
// certificate.
func TestABrokenOrderIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path   string
		answer bool // the CA has done what was asked for; only its answer is lost
		orders int  // at most
	}{
		{acmetest.PathNewOrder, false, 2},
		{acmetest.PathAuthz, false, 1},
		{acmetest.PathChallenge, false, 1},
		{acmetest.PathChallenge, true, 1},
		{acmetest.PathFinalize, false, 1},
		{acmetest.PathFinalize, true, 1},
		{acmetest.PathCertificate, false, 1},
		{acmetest.PathCertificate, true, 1},
	} {
		name := test.path
		if test.answer {
			name += " answer"
		}
		t.Run(strings.ReplaceAll(name, "/", ""), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{})
			hold := r.ca.Hold
			if test.answer {
				hold = r.ca.HoldAnswer
			}
			release, reached := hold(test.path)
			d := new(drawer)
			killed := make(chan error, 1)
			first := r.dns()
			life, kill := context.WithCancel(t.Context())
			go func() {
				_, err := obtainKilled(life, first, d.order(shop))
				killed <- err
			}()
			<-reached
			kill()
			if err := <-killed; err == nil {
				t.Fatal("the killed order came to an end")
			}
			release()
			mustObtain(t, r, r.dns(), d.order(shop))
			if n := r.ca.Counts(); n.Issued != 1 || n.Orders > test.orders || n.Accounts != 1 {
				t.Errorf("counts: %+v", n)
			}
		})
	}
}

// The CA may still be looking when an order that was broken off is taken up
// again, and be done before it is asked to look once more, which it refuses then.
func TestAnOrderWhoseProofIsUnderWay(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	d := new(drawer)
	release, reached := r.ca.Hold(acmetest.PathAuthz)
	life, kill := context.WithCancel(t.Context())
	killed := make(chan error, 1)
	go func() {
		_, err := obtainKilled(life, r.dns(), d.order(shop))
		killed <- err
	}()
	<-reached
	kill()
	<-killed
	release()

	late := r.dns()
	late.options.Provider = meanwhile{late.options.Provider, sync.OnceFunc(func() {
		first := r.dns()
		tr := newTransport(t.Context(), first.inner)
		defer tr.close()
		w := first.orderWith(tr, d.order(shop))
		if err := w.register(t.Context()); err != nil {
			t.Error(err)
		}
		order, err := w.order(t.Context())
		if err != nil {
			t.Error(err)
		}
		if err := w.authorize(t.Context(), order); err != nil {
			t.Error(err)
		}
	})}
	mustObtain(t, r, late, d.order(shop))
	if n := r.ca.Counts(); n.Issued != 1 || n.Orders != 1 {
		t.Errorf("counts: %+v", n)
	}
}

// meanwhile is a Provider that does something before it adds a record.
type meanwhile struct {
	dnsapi.Provider
	do func()
}

func (m meanwhile) Add(ctx context.Context, r dnsapi.Record) error {
	m.do()
	return m.Provider.Add(ctx, r)
}

// obtainKilled is Obtain in a process that is killed: nothing is waited for,
// not even a certificate that is being issued.
func obtainKilled(life context.Context, d *DNS, o certs.Order) ([]byte, error) {
	d.inner.DisableKeepAlives = true
	t := newTransport(life, d.inner)
	defer context.AfterFunc(life, t.kill)()
	dead := *d
	dead.options.Provider = mortal{d.options.Provider, life}
	w := dead.orderWith(t, o)
	return w.run(t.life)
}

// mortal is a Provider that does nothing after its process's life.
type mortal struct {
	dnsapi.Provider
	life context.Context
}

func (m mortal) Remove(ctx context.Context, r dnsapi.Record) error {
	if m.life.Err() != nil {
		return m.life.Err()
	}
	return m.Provider.Remove(ctx, r)
}

// A CA that has forgotten the account, as a test CA after its restart.
func TestAForgottenAccountIsRegisteredAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	a := r.dns()
	known, _, err := a.get()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.registered(known, r.ca.Directory()[:strings.Index(r.ca.Directory(), "/dir")]+"/my-account/forgotten"); err != nil {
		t.Fatal(err)
	}
	mustObtain(t, r, a, new(drawer).order(shop))
}

// What a certificate replaces is said to the CA; one that it will not hear of
// is no reason not to order.
func TestARenewalSaysWhatItReplaces(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	a := r.dns()
	mustObtain(t, r, a, new(drawer).order(shop))
	o := new(drawer).order(shop)
	o.Replaces = r.ca.Certificates()[0]
	for range 2 { // the second time it has been replaced already
		mustObtain(t, r, a, o)
	}
	if n := r.ca.Counts(); n.Issued != 3 {
		t.Errorf("counts: %+v", n)
	}
}

// "The random validation failures turned on": an attempt fails or succeeds, and
// says which.
func TestRandomlyFailingValidations(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	const seed = 7
	t.Logf("seed %d", seed)
	r.ca.FailValidations(0.5, seed)
	a := r.dns()
	d := new(drawer)
	failures, successes := 0, 0
	for range 8 {
		_, err := a.Obtain(t.Context(), d.order(shop))
		var e *certs.OrderError
		switch {
		case err == nil:
			successes++
			d = new(drawer)
		case errors.As(err, &e) && e.Invalid == 1:
			failures++
		default:
			t.Fatalf("got %v", err)
		}
	}
	if n := r.ca.Counts(); n.Issued != successes || n.FailedValidations != failures || successes == 0 || failures == 0 {
		t.Errorf("%d successes, %d failures; counts: %+v", successes, failures, n)
	}
}
