package upstream

import (
	"time"

	"sluice/message"
)

// State is what an Upstream may be given.
type State uint8

// The states of an Upstream.
const (
	StateIn        State = iota // its share of all requests
	StateOut                    // none, until a probe succeeds or the pause ends
	StateTrial                  // one request at a time, until one gets through
	StateResolving              // none: its name has never been resolved
)

// String returns the word that status and logs use.
func (s State) String() string {
	return [...]string{"in", "out", "trial", "resolving"}[s]
}

// The pauses. The first is short because most failures are restarts, the last
// is long because a trial costs a real request up to a connect timeout.
// Neither delays the return of one that works again: the prober sees to that.
// And as long as probes tell that it is down there is no trial at all: a pause
// ends by one only if the prober cannot keep up.
const (
	firstPause  = 500 * time.Millisecond
	lastPause   = 30 * time.Second
	forgetAfter = 10 * time.Second // having worked for so long, and for the last pause, clears it
	jitterShare = 0.2

	firstProbe = 100 * time.Millisecond
	nextProbe  = 500 * time.Millisecond

	trustProbe = 2 * time.Second // how long a failed probe is believed
)

// health is the state machine of one Upstream. It is pure: it learns the time
// and the dice from its caller, who also guards it. Each method reports
// whether the state has changed.
//
//	          dialFailed            ended
//	   in ───────────────▶ out ──────────────▶ trial
//	   ▲ ▲                  │ ▲   dialFailed     │
//	   │ └──── worked ──────┘ └──────────────────┤
//	   └────────────────── worked ───────────────┘
//	resolving ── resolved ──▶ in
type health struct {
	state State
	since time.Time // when it came to this state
	left  time.Time // when it was last taken out
	gone  time.Time // when it was last in; left and gone differ after a failed trial
	until time.Time // out: when the pause ends
	pause time.Duration
	probe time.Time // out, trial: when the next probe is due
	why   *message.Failure
}

// dialFailed takes it out. began is when the dial did: what began before the
// present state speaks of an earlier one, so that of a hundred dials failing
// together one counts, and a slow time-out does not undo a return.
func (h *health) dialFailed(began, now time.Time, why *message.Failure, dice float64) bool {
	if h.state != StateIn && h.state != StateTrial || began.Before(h.since) {
		return false
	}
	switch {
	case h.state == StateIn && now.Sub(h.since) >= max(forgetAfter, h.pause), h.pause == 0:
		h.pause = firstPause
	default:
		h.pause = min(2*h.pause, lastPause)
	}
	if h.state == StateIn {
		h.gone = now
	}
	h.state, h.since, h.left, h.why = StateOut, now, now, why
	h.until = now.Add(jittered(h.pause, dice))
	h.probe = now.Add(jittered(firstProbe, dice))
	return true
}

// worked brings it back: a dial, a probe or a trial that began after it was
// taken out got through.
func (h *health) worked(began, now time.Time) bool {
	if h.state != StateOut && h.state != StateTrial || began.Before(h.left) {
		return false
	}
	h.state, h.since = StateIn, now
	return true
}

// ended puts it on trial once its pause is over.
func (h *health) ended(now time.Time) bool {
	if h.state != StateOut || now.Before(h.until) {
		return false
	}
	h.state, h.since = StateTrial, now
	return true
}

// probing plans the probe after the one that begins now.
func (h *health) probing(now time.Time, dice float64) {
	h.probe = now.Add(jittered(nextProbe, dice))
}

// probeFailed puts a trial off: what the probe has just found out need not
// cost a real request. It does not make later pauses longer: those are for
// real requests that were lost.
func (h *health) probeFailed(began, now time.Time) {
	if h.state == StateOut && !began.Before(h.left) && h.until.Before(now.Add(trustProbe)) {
		h.until = now.Add(trustProbe)
	}
}

// unresolved is the state of one whose name has had no answer yet.
func (h *health) unresolved(now time.Time, why *message.Failure) bool {
	if h.state != StateResolving && !h.since.IsZero() {
		return false
	}
	h.state, h.since, h.why = StateResolving, now, why
	return true
}

// resolved lets it in for the first time.
func (h *health) resolved(now time.Time) bool {
	if h.state != StateResolving {
		return false
	}
	h.state, h.since = StateIn, now
	return true
}

// jittered spreads d by ±jitterShare; dice is in [0,1).
func jittered(d time.Duration, dice float64) time.Duration {
	return time.Duration(float64(d) * (1 + jitterShare*(2*dice-1)))
}
