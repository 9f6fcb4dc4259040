package ca

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"sluice/certs"
	"sluice/certs/acmetest"
)

// "tls-alpn-01 and http-01".
func TestPortsObtainsByEitherChallenge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		http, tls bool
		invalid   int
	}{
		{"tls-alpn-01", false, true, 0},
		{"both answered", true, true, 0},
		{"http-01 after tls-alpn-01 has failed", true, false, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{})
			if test.http {
				r.answerHTTP(t)
			}
			if test.tls {
				r.answerTLS(t)
			}
			mustObtain(t, r, r.ports(test.http), new(drawer).order(shop))
			if n := r.ca.Counts(); n.Issued != 1 || n.FailedValidations != test.invalid {
				t.Errorf("counts: %+v", n)
			}
		})
	}
}

// "nonce errors".
func TestPortsLivesWithBadNonces(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{BadNonces: 40})
	r.answerTLS(t)
	mustObtain(t, r, r.ports(false), new(drawer).order(shop))
}

// "external account binding".
func TestAnExternalAccountIsBound(t *testing.T) {
	t.Parallel()
	mac := base64.RawURLEncoding.EncodeToString([]byte("a secret that the CA has handed out"))
	for _, way := range []string{"ports", "dns"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{EAB: map[string]string{"kid-1": mac}})
			r.answerTLS(t)
			obtainer := func() certs.Authority {
				if way == "dns" {
					return r.dns()
				}
				return r.ports(false)
			}
			e := mustFail(t, obtainer(), new(drawer).order(shop))
			if e.Type != "externalAccountRequired" || e.Remedy == "" || e.Step != "register the account" {
				t.Errorf("without a binding: %+v", e)
			}
			r.directory.EAB = &EAB{KeyID: "kid-1", Key: func() (string, error) { return "not/base64url", nil }}
			if e := mustFail(t, obtainer(), new(drawer).order(shop)); strings.Contains(e.Error(), "not/base64url") {
				t.Errorf("the key is told: %v", e)
			}
			r.directory.EAB.Key = func() (string, error) { return mac + "\n", nil }
			mustObtain(t, r, obtainer(), new(drawer).order(shop))
			mustObtain(t, r, obtainer(), new(drawer).order(shop)) // with the account that there is now
			if n := r.ca.Counts(); n.Accounts != 1 {
				t.Errorf("%d accounts", n.Accounts)
			}
		})
	}
}

// "failures with the CA's problem document".
func TestPortsSaysWhatTheCASaid(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.ca.AnswerTLS(closedPort(t))
	r.ca.AnswerHTTP(closedPort(t))
	e := mustFail(t, r.ports(true), new(drawer).order(shop))
	if e.Invalid != 2 || e.Type == "" || e.Remedy == "" {
		t.Errorf("got %+v", e)
	}
	for _, words := range []string{"tls-alpn-01: ", "http-01: "} {
		if !strings.Contains(e.Error(), words) {
			t.Errorf("%q does not say %q", e, words)
		}
	}
}

// "429 obeyed with a cap": here it is only passed on, at once.
func TestA429IsPassedOnAtOnce(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"ports", "dns"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{})
			r.ca.Refuse(acmetest.Refusal{Path: acmetest.PathNewOrder, Status: 429, Type: "rateLimited",
				Detail: "too many certificates already issued", RetryAfter: 36 * time.Hour, Times: -1})
			var a certs.Authority = r.ports(false)
			if way == "dns" {
				a = r.dns()
			}
			e := mustFail(t, a, new(drawer).order(shop))
			if e.Status != 429 || e.Type != "rateLimited" || e.RetryAfter != 36*time.Hour || !strings.Contains(e.Error(), "too many certificates") {
				t.Errorf("got %+v", e)
			}
			if n := r.ca.Requests(acmetest.PathNewOrder); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestACAThatIsAwayIsToldOfWithoutWaiting(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"ports", "dns"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, acmetest.Options{})
			r.ca.Down(true)
			var a certs.Authority = r.ports(false)
			if way == "dns" {
				a = r.dns()
			}
			if e := mustFail(t, a, new(drawer).order(shop)); e.Invalid != 0 || !strings.Contains(e.Error(), "no answer") || e.Remedy == "" {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// "a CA root file for private CAs".
func TestAnUnknownRootIsNamedAsTheCause(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.directory.Roots = nil
	if e := mustFail(t, r.ports(false), new(drawer).order(shop)); !strings.Contains(e.Remedy, "ca_root") {
		t.Errorf("got %+v", e)
	}
}

func TestAnOrderIsGivenUpSoonAfterItsContext(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.answerTLS(t)
	release, reached := r.ca.Hold(acmetest.PathNewOrder)
	defer release()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := r.ports(false).Obtain(ctx, new(drawer).order(shop))
		failed <- err
	}()
	<-reached
	cancel()
	if err := <-failed; err == nil {
		t.Error("no error")
	}
}

// "an order that the CA is issuing just now is still waited for".
func TestAnOrderThatIsBeingIssuedIsWaitedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.answerTLS(t)
	release, reached := r.ca.HoldAnswer(acmetest.PathFinalize)
	ctx, cancel := context.WithCancel(t.Context())
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := r.ports(false).Obtain(ctx, new(drawer).order(shop))
		done <- result{text, err}
	}()
	<-reached
	cancel()
	release()
	got := <-done
	if got.err != nil {
		t.Fatal(got.err)
	}
	if err := r.check(shop, got.text); err != nil {
		t.Error(err)
	}
}

// "The CA's wish when a certificate be renewed" (RFC 9773).
func TestTheCAIsAskedWhenToRenew(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{})
	r.answerTLS(t)
	mustObtain(t, r, r.ports(false), new(drawer).order(shop))
	leaf := r.ca.Certificates()[0]
	start := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := r.ca.SetRenewalInfo(leaf, start, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, a := range []certs.Authority{r.ports(false), r.dns()} {
		info, err := a.RenewalInfo(t.Context(), leaf)
		if err != nil || !info.Start.Equal(start) || !info.End.Equal(start.Add(time.Hour)) || info.AskAgain <= 0 {
			t.Errorf("got %+v, %v", info, err)
		}
	}
}

// An order's own timer would renew behind our back.
func TestAutocertNeverRenewsByItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, acmetest.Options{Validity: 5 * time.Second}) // its timer goes off at once
	r.answerTLS(t)
	mustObtain(t, r, r.ports(false), new(drawer).order(shop))
	mustObtain(t, r, r.ports(false), new(drawer).order("other.example.com"))
	if n := r.ca.Orders(shop); n != 1 {
		t.Errorf("%d orders", n)
	}
}
