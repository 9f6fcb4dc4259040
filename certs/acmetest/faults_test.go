package acmetest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mholt/acmez/v3/acme"
	ctacme "golang.org/x/crypto/acme"
)

func TestRefuses(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	ca.Refuse(Refusal{Path: PathNewOrder, Status: http.StatusTooManyRequests, Type: "rateLimited", Detail: "too many", Times: 2})
	for range 2 {
		_, err := c.obtain(t.Context(), t, wish{names: []string{"a.example.com"}})
		if got := problemType(err); got != acme.ProblemTypeRateLimited {
			t.Errorf("%v, want %s", err, acme.ProblemTypeRateLimited)
		}
	}
	c.mustObtain(t, wish{names: []string{"a.example.com"}})
	if got := ca.Counts().Orders; got != 1 {
		t.Errorf("%d orders, want 1", got)
	}
}

func TestRefusalIsProblemDocument(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca)
	ca.Refuse(Refusal{Path: PathDirectory, Status: http.StatusServiceUnavailable, Type: "serverInternal", Detail: "closed", RetryAfter: time.Hour, Times: -1})
	for range 3 {
		response, err := c.HTTPClient.Get(ca.Directory())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if got, want := response.StatusCode, http.StatusServiceUnavailable; got != want {
			t.Errorf("status %d, want %d", got, want)
		}
		if got := response.Header.Get("Retry-After"); got != "3600" {
			t.Errorf("Retry-After %q, want 3600", got)
		}
		p := problemOf(t, response)
		if p.Type != acme.ProblemTypeServerInternal || p.Detail != "closed" || p.Status != http.StatusServiceUnavailable {
			t.Errorf("problem %+v", p)
		}
	}
	ca.Accept()
	if _, err := c.GetDirectory(t.Context()); err != nil {
		t.Errorf("after Accept: %v", err)
	}
}

func TestDown(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	ca.Down(true)
	before := ca.Counts().Requests
	response, err := c.HTTPClient.Get(ca.Directory())
	if err == nil {
		response.Body.Close()
		t.Fatalf("an answer while it is away: %s", response.Status)
	}
	if got := ca.Counts().Requests; got <= before {
		t.Error("requests are not counted while it is away")
	}
	ca.Down(false)
	c.mustObtain(t, wish{names: []string{"a.example.com"}})
}

// TestHold kills a client in the middle of an order, before and after the CA
// has issued the certificate, and lets it come back.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		hold   func(*CA) (release func(), reached <-chan struct{})
		issued int
	}{
		{"finalization", func(ca *CA) (func(), <-chan struct{}) { return ca.Hold(PathFinalize) }, 0},
		{"answer to finalization", func(ca *CA) (func(), <-chan struct{}) { return ca.HoldAnswer(PathFinalize) }, 1},
		{"download", func(ca *CA) (func(), <-chan struct{}) { return ca.Hold(PathCertificate) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ca := Start(t, Options{})
			c := newClient(t, ca).register(t)
			release, reached := tt.hold(ca)
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			result := make(chan error)
			go func() {
				_, err := c.obtain(ctx, t, wish{names: []string{"a.example.com"}})
				result <- err
			}()
			<-reached
			kill()
			if err := <-result; err == nil {
				t.Error("a client was killed and yet obtained a certificate")
			}
			release()
			release() // once more does nothing
			if got := ca.Issued("a.example.com"); got != tt.issued {
				t.Errorf("%d issued, want %d", got, tt.issued)
			}
			c.mustObtain(t, wish{names: []string{"a.example.com"}})
		})
	}
}

// TestHoldReleases lets a request go on.
func TestHoldReleases(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	release, reached := ca.Hold(PathNewOrder)
	result := make(chan error)
	go func() {
		_, err := c.obtain(t.Context(), t, wish{names: []string{"a.example.com"}})
		result <- err
	}()
	<-reached
	if got := ca.Counts().Orders; got != 0 {
		t.Errorf("%d orders while it is held, want 0", got)
	}
	release()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestEndsWhileHeld: the end of the CA does not wait for what is held.
func TestEndsWhileHeld(t *testing.T) {
	t.Parallel()
	result := make(chan error)
	t.Run("held", func(t *testing.T) {
		ca := Start(t, Options{})
		c := newClient(t, ca)
		_, reached := ca.Hold(PathDirectory)
		go func() {
			response, err := c.HTTPClient.Get(ca.Directory())
			if err == nil {
				response.Body.Close()
			}
			result <- err
		}()
		<-reached
	})
	if err := <-result; err == nil {
		t.Error("an answer to what was held at the end")
	}
}

// TestFailValidations: the same seed gives the same failures, also when names
// come in another order.
func TestFailValidations(t *testing.T) {
	t.Parallel()
	const names, rounds = 8, 2
	outcome := func(seed uint64, challenge string, backwards bool) (outcome [names][rounds]bool) {
		ca := Start(t, Options{})
		c := newClient(t, ca).register(t)
		ca.FailValidations(0.5, seed)
		failed := 0
		for round := range rounds {
			for i := range names {
				if backwards {
					i = names - 1 - i
				}
				_, err := c.obtain(t.Context(), t, wish{names: []string{fmt.Sprintf("n%d.example.com", i)}, challenge: challenge})
				outcome[i][round] = err == nil
				if err != nil {
					failed++
				}
			}
		}
		if got := ca.Counts().FailedValidations; got != failed {
			t.Errorf("%d failed validations counted, want %d", got, failed)
		}
		return outcome
	}
	first := outcome(1, acme.ChallengeTypeHTTP01, false)
	if got := outcome(1, acme.ChallengeTypeDNS01, true); got != first {
		t.Errorf("seed 1 gives %v and then %v", first, got)
	}
	if got := outcome(2, acme.ChallengeTypeTLSALPN01, false); got == first {
		t.Errorf("seeds 1 and 2 both give %v", got)
	}
}

func TestFailValidationsEnds(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{})
	c := newClient(t, ca).register(t)
	ca.FailValidations(1, 0)
	for range 3 {
		if _, err := c.obtain(t.Context(), t, wish{names: []string{"a.example.com"}}); err == nil {
			t.Error("a validation succeeded that was to fail")
		}
	}
	ca.FailValidations(0, 0)
	c.mustObtain(t, wish{names: []string{"a.example.com"}})
}

// TestBadNonces: a client that tries again gets along with a CA that refuses
// half of all nonces.
func TestBadNonces(t *testing.T) {
	t.Parallel()
	ca := Start(t, Options{BadNonces: 50})
	refused := 0
	c := &ctacme.Client{
		Key:          newKey(t),
		HTTPClient:   newClient(t, ca).HTTPClient,
		DirectoryURL: ca.Directory(),
		RetryBackoff: func(int, *http.Request, *http.Response) time.Duration {
			refused++
			return time.Millisecond
		},
	}
	if _, err := c.Register(t.Context(), &ctacme.Account{}, ctacme.AcceptTOS); err != nil {
		t.Fatal(err)
	}
	const orders = 20
	for range orders {
		if _, err := c.AuthorizeOrder(t.Context(), ctacme.DomainIDs("a.example.com")); err != nil {
			t.Fatal(err)
		}
	}
	if refused == 0 { // once in two million runs
		t.Error("no nonce was refused")
	}
	if got := ca.Counts().Orders; got != orders {
		t.Errorf("%d orders, want %d", got, orders)
	}
}
