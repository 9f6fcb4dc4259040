package upstream

import (
	"time"

	"sluice/message"
)

// State is what an Upstream may be given.
type State uint8

// The states of an Upstream.
const (
	StateIn    State = iota // its share of all requests
	StateOut                // none, until it is known to work or its pause ends
	StateTrial              // one request at a time, until one gets through
	StateNew                // none yet: it was added while others served, and is probed first
)

// String returns the word that status and logs use.
func (s State) String() string {
	return [...]string{"in", "out", "trial", "new"}[s]
}

// evidence is what speaks against an Upstream. What takes it out decides what
// brings it back: whoever can be connected to but does not answer is not
// proved well by a connection.
type evidence uint8

const (
	byDial     evidence = iota // nobody is there
	byResponse                 // requests came to nothing
	byCheck                    // the active check failed
)

// The pauses. The first is short because most failures are restarts, the last
// is long because a trial costs a real request up to a connect timeout.
// Neither delays the return of one that works again: the prober sees to that.
// And as long as probes tell that it is down there is no trial at all: a pause
// ends by one only if the prober cannot keep up, or if only a request can tell.
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
//	          failed                ended
//	   in ───────────────▶ out ──────────────▶ trial
//	   ▲ ▲                  │ ▲     failed       │
//	   │ └─ reached, passed─┘ └──────────────────┤
//	   │    answered                             │
//	   └────────────────── answered ─────────────┘
//	new ── reached, passed ──▶ in
type health struct {
	state State
	by    evidence  // out, trial: what took it out
	since time.Time // when it came to this state
	left  time.Time // when it was last taken out
	gone  time.Time // when it was last in; left and gone differ after a failed trial
	until time.Time // out: when the pause ends
	pause time.Duration
	probe time.Time // when the next probe or check is due; zero in service without one
	why   *message.Failure

	passes, fails int // of the active check, in a row
}

// failed takes it out. began is when what failed did: what began before the
// present state speaks of an earlier one, so that of a hundred dials failing
// together one counts, and a slow time-out does not undo a return.
func (h *health) failed(by evidence, began, now time.Time, why *message.Failure, dice float64) bool {
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
	h.state, h.by, h.since, h.left, h.why = StateOut, by, now, now, why
	h.passes = 0
	h.until = now.Add(jittered(h.pause, dice))
	h.probe = now.Add(jittered(firstProbe, dice))
	return true
}

// answered brings it back: a real request that began after it was taken out
// was answered, which proves more than any probe.
func (h *health) answered(began, now time.Time) bool {
	if h.state == StateIn || began.Before(h.left) {
		return false
	}
	return h.enter(now)
}

// reached brings back, where nothing better is asked, one that nobody could
// connect to: a dial or probe that began after it was taken out got through.
func (h *health) reached(began, now time.Time) bool {
	if h.state == StateIn || began.Before(h.left) || h.state != StateNew && h.by != byDial {
		return false
	}
	return h.enter(now)
}

// passed takes an active check that succeeded. What took it out by real
// requests keeps it out for its pause, or a check that sees less than they do
// would have it come and go.
func (h *health) passed(began, now time.Time, enough int) bool {
	h.fails = 0
	if h.state == StateIn || began.Before(h.left) {
		return false
	}
	h.passes++
	if h.passes < enough || h.by == byResponse && h.state == StateOut && now.Before(h.until) {
		return false
	}
	return h.enter(now)
}

// enter puts it into service.
func (h *health) enter(now time.Time) bool {
	h.state, h.since, h.fails, h.passes = StateIn, now, 0, 0
	return true
}

// checkFailed takes an active check that failed.
func (h *health) checkFailed(began, now time.Time, enough int, why *message.Failure, dice float64) bool {
	h.passes = 0
	if h.state == StateOut || h.state == StateNew {
		h.probeFailed(began, now)
		return false
	}
	if h.fails++; h.fails < enough && h.state == StateIn {
		return false
	}
	return h.failed(byCheck, began, now, why, dice)
}

// ended puts it on trial once its pause is over.
func (h *health) ended(now time.Time) bool {
	if h.state != StateOut || now.Before(h.until) {
		return false
	}
	h.state, h.since = StateTrial, now
	return true
}

// probeFailed puts a trial off: what the probe has just found out need not
// cost a real request. It does not make later pauses longer: those are for
// real requests that were lost.
func (h *health) probeFailed(began, now time.Time) {
	if h.state == StateOut && !began.Before(h.left) && h.until.Before(now.Add(trustProbe)) {
		h.until = now.Add(trustProbe)
	}
}

// jittered spreads d by ±jitterShare; dice is in [0,1).
func jittered(d time.Duration, dice float64) time.Duration {
	return time.Duration(float64(d) * (1 + jitterShare*(2*dice-1)))
}
