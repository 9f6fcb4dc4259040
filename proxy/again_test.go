package proxy

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// RFC 9110 section 9.2.2: "Of the request methods defined by this
// specification, PUT, DELETE, and safe request methods are idempotent." Methods
// are case-sensitive (section 9.1).
func TestIdempotentMethods(t *testing.T) {
	for method, want := range map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "PUT": true, "DELETE": true,
		"POST": false, "PATCH": false, "CONNECT": false, "get": false, "Put": false,
		"PROPFIND": false, "GETT": false, "": false,
	} {
		if got := idempotent([]byte(method)); got != want {
			t.Errorf("%q: %v, want %v", method, got, want)
		}
	}
}

// failedAttempts are the failures that an Attempt can have. sent says how much
// of the request the Upstream may have got, in the words of design section 8.
var failedAttempts = []struct {
	name  string
	f     message.Failure
	after string // "nothing sent", "sent", "over" (the head has come, or nobody wants an answer)
}{
	{"no address", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseResolve, Cause: message.CauseDNSError, Again: message.AgainAlways}, "nothing sent"},
	{"dial refused", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseDial, Cause: message.CauseConnectionRefused, Again: message.AgainAlways}, "nothing sent"},
	{"dial timed out", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseDial, Cause: message.CauseConnectionTimeout, Again: message.AgainAlways}, "nothing sent"},
	{"no descriptors here", message.Failure{Party: message.PartySluice, Phase: message.PhaseDial, Cause: message.CauseConnectionLimit, Again: message.AgainAlways}, "nothing sent"},
	{"closed before the first byte", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseSend, Cause: message.CauseConnectionTerminated, Again: message.AgainAlways}, "nothing sent"},
	{"closed while sending", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseSend, Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent}, "sent"},
	{"not taking what is sent", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseSend, Cause: message.CauseConnectionWriteTimeout, Again: message.AgainIdempotent}, "sent"},
	{"closed before the head", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent}, "sent"},
	{"closed in the head", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseResponseIncomplete, Again: message.AgainIdempotent}, "sent"},
	{"read time-out", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseConnectionReadTimeout, Again: message.AgainIdempotent, Err: os.ErrDeadlineExceeded}, "sent"},
	{"garbage", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseResponseInvalid, Again: message.AgainIdempotent}, "sent"},
	{"huge head", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseResponseHeadSize}, "over"},
	{"101 unasked", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait, Cause: message.CauseUpgradeFailed}, "over"},
	{"client gone", message.Failure{Party: message.PartyClient, Phase: message.PhaseWait, Cause: message.CauseClientGone}, "over"},
	{"client slow", message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientSlow}, "over"},
	{"bad request body", message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseRequestInvalid}, "over"},
	{"cut in the body", message.Failure{Party: message.PartyUpstream, Phase: message.PhaseBody, Cause: message.CauseResponseIncomplete}, "over"},
	{"silence in a tunnel", *failureSilence, "over"},
}

// Design section 8: "Another Attempt only for: nothing sent, a reused
// connection closed before the head for idempotent methods [extended:
// whatever failed before the head, for idempotent methods] [...]; bodies are
// replayed only if kept in full (up to 64 KiB). A read time-out is not tried
// again for non-idempotent methods. Never beyond the retry budget".
func TestMayTryAgain(t *testing.T) {
	safe := []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
	for _, failed := range failedAttempts {
		for _, method := range append(slices.Clone(safe), "POST", "PATCH", "PROPFIND") {
			for _, kept := range []bool{true, false} {
				for _, retries := range []int{0, 1} {
					for _, attempts := range []int{1, maxAttempts - 1, maxAttempts} {
						allowed := failed.after == "nothing sent" || failed.after == "sent" && slices.Contains(safe, method)
						want := allowed && kept && retries > 0 && attempts < maxAttempts
						name := fmt.Sprintf("%s, %s, kept %v, %d retries left, after %d", failed.name, method, kept, retries, attempts)
						x := attempted(t, method, kept, retries, attempts, 9)
						if got := x.mayTryAgain(&failed.f); got != want {
							t.Errorf("%s: %v, want %v", name, got, want)
						}
						_, taken := x.route.Pool.Budget.Recent(time.Now())
						if taken != 0 && !want || taken != 1 && want {
							t.Errorf("%s: %d taken from the budget", name, taken)
						}
					}
				}
			}
		}
	}
}

// With nobody left to ask only a connection that had died while idle is worth
// another Attempt, and nothing else may be taken from the budget for one.
func TestMayTryAgainWithNobodyElse(t *testing.T) {
	for _, failed := range failedAttempts {
		for _, reused := range []bool{false, true} {
			x := attempted(t, "GET", true, 1, 1, 1)
			x.reused = reused
			want := reused && failed.f.Cause == message.CauseConnectionTerminated
			if got := x.mayTryAgain(&failed.f); got != want {
				t.Errorf("%s, reused %v: %v, want %v", failed.name, reused, got, want)
			}
			if _, taken := x.route.Pool.Budget.Recent(time.Now()); taken != 0 && !want {
				t.Errorf("%s, reused %v: taken from the budget for nothing", failed.name, reused)
			}
		}
	}
}

// attempted is an Exchange after a number of Attempts, the first of them on
// the first of some Upstreams.
func attempted(t *testing.T, method string, kept bool, retries, attempts, upstreams int) *Exchange {
	t.Helper()
	var servers []upstream.Server
	for i := range upstreams {
		servers = append(servers, serverAt(fmt.Sprintf("192.0.2.1:%d", i+1)))
	}
	pool, err := upstream.NewFleet(nil).NewPool(upstream.Config{Name: "app", Servers: servers, RetryOn: []int{503}})
	if err != nil {
		t.Fatal(err)
	}
	pool.Budget = upstream.NewBudget(0, float64(retries)/10) // the floor counts for ten seconds
	x := exchanges.New().(*Exchange)
	x.r = request(method, "/")
	x.route = &Route{Pool: pool}
	x.kept.lost = !kept
	x.attempts = attempts
	for range min(attempts, upstreams) {
		x.up = pool.Pick(x.tried, upstream.Request{})
		x.tried = x.tried.With(x.up)
	}
	return x
}

// "or configured statuses (502/503/504) on idempotent methods"
func TestInsteadOfAResponse(t *testing.T) {
	for _, tt := range []struct {
		name                string
		status              int
		method              string
		kept                bool
		retries, attempts   int
		upstreams           int
		sending, want, paid bool
	}{
		{name: "configured", status: 503, method: "GET", kept: true, retries: 1, attempts: 1, upstreams: 2, want: true, paid: true},
		{name: "PUT, kept", status: 503, method: "PUT", kept: true, retries: 1, attempts: 1, upstreams: 2, want: true, paid: true},
		{name: "not configured", status: 500, method: "GET", kept: true, retries: 1, attempts: 1, upstreams: 2},
		{name: "good", status: 200, method: "GET", kept: true, retries: 1, attempts: 1, upstreams: 2},
		{name: "POST", status: 503, method: "POST", kept: true, retries: 1, attempts: 1, upstreams: 2},
		{name: "not kept", status: 503, method: "PUT", kept: false, retries: 1, attempts: 1, upstreams: 2},
		{name: "still being sent", status: 503, method: "PUT", kept: true, sending: true, retries: 1, attempts: 1, upstreams: 2},
		{name: "no budget", status: 503, method: "GET", kept: true, retries: 0, attempts: 1, upstreams: 2},
		{name: "enough Attempts", status: 503, method: "GET", kept: true, retries: 1, attempts: maxAttempts, upstreams: 9},
		{name: "nobody else", status: 503, method: "GET", kept: true, retries: 1, attempts: 1, upstreams: 1},
		{name: "all tried", status: 503, method: "GET", kept: true, retries: 1, attempts: 3, upstreams: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := attempted(t, tt.method, tt.kept, tt.retries, tt.attempts, tt.upstreams)
			x.pump.running = tt.sending
			up := x.insteadOf(&message.Response{Status: tt.status})
			if (up != nil) != tt.want {
				t.Errorf("got %v, want one: %v", up, tt.want)
			}
			if up != nil && x.tried.Has(up) {
				t.Error("it was tried already")
			}
			if _, taken := x.route.Pool.Budget.Recent(time.Now()); (taken == 1) != tt.paid {
				t.Errorf("%d taken from the budget", taken)
			}
		})
	}
}

// "the same again if it was only an old connection to it that was dead"
func TestTheSameUpstreamIsAskedAgainOnlyByAFreshConnection(t *testing.T) {
	terminated := &message.Failure{Cause: message.CauseConnectionTerminated}
	timedOut := &message.Failure{Cause: message.CauseConnectionReadTimeout}
	for _, tt := range []struct {
		reused bool
		f      *message.Failure
		want   bool
	}{
		{true, terminated, true},
		{false, terminated, false},
		{true, timedOut, false},
	} {
		x := attempted(t, "GET", true, 1, 1, 1)
		x.reused = tt.reused
		if got := x.next(tt.f); (got == x.up) != tt.want || x.fresh != tt.want {
			t.Errorf("reused %v, %s: %v, fresh %v; want %v", tt.reused, tt.f.Cause, got, x.fresh, tt.want)
		}
	}
}

// "clientFailure returns what a wire said about the client."
func TestClientFailure(t *testing.T) {
	said := &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientSlow}
	if got := clientFailure(fmt.Errorf("wrapped: %w", said)); got != said {
		t.Errorf("got %v", got)
	}
	broken := errors.New("broken pipe")
	if got := clientFailure(broken); got.Party != message.PartyClient || got.Cause != message.CauseClientGone || got.Err != broken {
		t.Errorf("got %v", got)
	}
}
