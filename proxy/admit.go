package proxy

import (
	"errors"
	"hash/maphash"
	"time"

	"sluice/limiter"
	"sluice/message"
)

// admit lets the Exchange in: by what each client may use, then through the
// waiting room. If not, it has been answered.
func (x *Exchange) admit() bool {
	if len(x.site.Limits) == 0 && x.site.Room == nil {
		return true
	}
	now := time.Now()
	return x.withinLimits(now) && x.throughRoom(now)
}

// takePlace takes a place in the Pool, waiting for it in its queue if need be. A
// client that goes away leaves the queue at once. If there is no place, the
// Exchange has been answered.
func (x *Exchange) takePlace() bool {
	a := x.route.Admission
	if a == nil || x.route.Streams {
		return true
	}
	now := time.Now()
	v, decided := a.Try(&x.waiter, x.route.Class, now)
	if !decided {
		v = x.rankedIn(a, now)
	}
	x.queued = v.Waited
	if v.Outcome == limiter.Admitted {
		x.admitted = true
		x.keepAdmitted(now)
		return true
	}
	x.turnedAway(v.Outcome)
	return false
}

// rankedIn is for when priorities decide.
func (x *Exchange) rankedIn(a *limiter.Admission, now time.Time) limiter.Verdict {
	p := limiter.Priority{Class: x.route.Class, Admitted: x.wasAdmitted(now), Hash: x.luck(now)}
	v, waits := a.Ask(&x.waiter, p, now)
	if !waits {
		return v
	}
	x.w.Watch(&x.waiter)
	v = a.Await(&x.waiter, now)
	x.w.Watch(nil)
	if v.Outcome != limiter.Admitted {
		a.Leave(&x.waiter, now) // forgets a client that went away just now
	}
	return v
}

// What is said of Exchanges that a Pool has no place for.
var (
	failureShed         = shed(message.CauseShed, "the pool has more to do than it bears, and others go first")
	failureQueueFull    = shed(message.CauseQueueFull, "the pool has more to do than it bears, and its queue is full")
	failureQueueTimeout = shed(message.CauseQueueTimeout, "no place in the pool became free within queue_timeout")
	failureLeftQueue    = &message.Failure{Party: message.PartyClient, Phase: message.PhaseQueue,
		Cause: message.CauseClientGone, Err: errors.New("the client went away while it waited for a place in the pool")}
)

func shed(c message.Cause, why string) *message.Failure {
	return &message.Failure{Party: message.PartySluice, Phase: message.PhaseQueue, Cause: c, Err: errors.New(why)}
}

// turnedAway answers for a Pool that has no place.
func (x *Exchange) turnedAway(o limiter.Outcome) {
	switch o {
	case limiter.Gone:
		x.refuse(failureLeftQueue)
	case limiter.QueueFull:
		x.defeat(failureQueueFull)
	case limiter.QueueTimeout:
		x.defeat(failureQueueTimeout)
	default:
		x.defeat(failureShed)
	}
}

// headCame tells the Pool's Admission how long the Upstream took to answer, if
// that says how busy it is.
func (x *Exchange) headCame(status int, f message.Fields, now time.Time) {
	if !x.admitted {
		return
	}
	if status == 101 || isEventStream(f) {
		x.route.Admission.Stream(&x.waiter, now)
		return
	}
	x.route.Admission.Head(&x.waiter, now)
}

// attemptFailed tells the Pool's Admission that the next Attempt begins anew.
func (x *Exchange) attemptFailed() {
	if x.admitted {
		x.route.Admission.Failed(&x.waiter, time.Now())
	}
}

// isEventStream reports whether a response is one that goes on for as long as
// somebody listens.
func isEventStream(f message.Fields) bool {
	const kind = "text/event-stream"
	v := f.Get(message.ContentType)
	return len(v) >= len(kind) && message.EqualFold(v[:len(kind)], kind)
}

// letGo gives back what the Exchange holds of its client's share and of the
// Pool. It comes before the last byte goes out: a client that has the whole
// answer may ask again at once.
func (x *Exchange) letGo() {
	x.leaveLimits()
	if x.admitted {
		x.giveBack(time.Now())
	}
}

// giveBack gives the place in the Pool back.
func (x *Exchange) giveBack(now time.Time) {
	if x.admitted {
		x.admitted = false
		x.route.Admission.Leave(&x.waiter, now)
	}
}

// clientKey stands for the client, as a number.
func (x *Exchange) clientKey() uint64 {
	var h maphash.Hash
	h.SetSeed(x.gen.seed)
	writeClient(&h, x.clientAddr())
	return h.Sum64()
}
