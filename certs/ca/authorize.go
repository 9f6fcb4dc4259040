package ca

import (
	"context"
	"errors"
	"time"

	"github.com/mholt/acmez/v3/acme"

	"sluice/certs/dnsapi"
)

// removeTimeout is for taking one record away again.
const removeTimeout = 30 * time.Second

// authorize proves that the name is ours (RFC 8555 section 7.5). An order for
// one name has one authorization; more are dealt with in turn.
func (w *dnsOrder) authorize(ctx context.Context, order acme.Order) error {
	for _, url := range order.Authorizations {
		w.t.say("read the authorization")
		authz, err := w.client.GetAuthorization(ctx, w.account, url)
		if err != nil {
			return err
		}
		if authz.Status != acme.StatusPending {
			continue // valid from an earlier order; if invalid, the order says so
		}
		if err := w.prove(ctx, authz); err != nil {
			return err
		}
	}
	return nil
}

// prove sets the record, waits until all can see it, has the CA look, and takes
// the record away again.
func (w *dnsOrder) prove(ctx context.Context, authz acme.Authorization) error {
	challenge, ok := dnsChallenge(authz)
	if !ok {
		return w.fail("prove control by dns-01", errors.New("the CA does not offer dns-01 for this name"), "use another CA")
	}
	w.t.say("find the zone in the DNS")
	record, err := w.options.Finder.Place(ctx, w.wanted.Name)
	if err != nil {
		return w.failDNS("find the zone in the DNS", err)
	}
	record.Value = challenge.DNS01KeyAuthorization()
	// Also after a failure: the provider may have set it all the same.
	defer w.remove(ctx, record)
	if err := w.options.Provider.Add(ctx, record); err != nil {
		return w.failDNS("set the DNS record", err)
	}
	if err := w.options.Finder.Await(ctx, record); err != nil {
		return w.failDNS("wait until the DNS shows the record", err)
	}
	w.t.say("prove control by dns-01")
	if _, err := w.client.InitiateChallenge(ctx, w.account, challenge); err != nil {
		now, known := w.asked(ctx, authz)
		if !known {
			return err
		}
		authz = now
	}
	_, err = w.client.PollAuthorization(ctx, w.account, authz)
	return err
}

// asked returns what has become of an authorization, and whether the CA has been
// asked to look already: by an order that was broken off before the answer came.
// A CA may refuse to be asked once more, but the first time counts.
func (w *dnsOrder) asked(ctx context.Context, authz acme.Authorization) (now acme.Authorization, known bool) {
	now, err := w.client.GetAuthorization(ctx, w.account, authz.Location)
	if err != nil {
		return authz, false
	}
	challenge, ok := dnsChallenge(now)
	return now, ok && challenge.Status != acme.StatusPending
}

func dnsChallenge(authz acme.Authorization) (acme.Challenge, bool) {
	for _, c := range authz.Challenges {
		if c.Type == acme.ChallengeTypeDNS01 {
			return c, true
		}
	}
	return acme.Challenge{}, false
}

// remove takes the record away, also when the order has been given up. If that
// fails the record stays: it does no harm, and the order matters more.
func (w *dnsOrder) remove(ctx context.Context, record dnsapi.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
	defer cancel()
	_ = w.options.Provider.Remove(ctx, record)
}

// failDNS is an OrderError for what the DNS or its provider said.
func (w *dnsOrder) failDNS(step string, err error) error {
	remedy := ""
	var provider *dnsapi.Error
	var finder *dnsapi.FinderError
	switch {
	case errors.As(err, &provider):
		remedy = provider.Remedy
	case errors.As(err, &finder):
		remedy = finder.Remedy
	}
	return w.fail(step, err, remedy)
}
