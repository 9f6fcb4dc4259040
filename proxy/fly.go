package proxy

import (
	"errors"
	"math/rand/v2"
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// longestFlight is for how long the leader of a Flight waits. The Attempts have
// deadlines of their own, so it ends before.
const longestFlight = time.Hour

var (
	// failureLeftFlight is of a client that did not wait for the answer.
	failureLeftFlight = &message.Failure{Party: message.PartyClient, Phase: message.PhaseWait,
		Cause: message.CauseClientGone, Err: errors.New("the client went away while it waited for the answer")}
	// failureNotWanted ends an Attempt whose answer is bettered by a stale copy.
	failureNotWanted = &message.Failure{Party: message.PartyClient, Phase: message.PhaseWait,
		Cause: message.CauseClientGone, Err: errors.New("a stale copy was the better answer")}
)

// flying is an Exchange's part in a Flight.
type flying struct {
	x      *Exchange
	flight *cache.Flight
	leads  bool
	stale  *cache.Copy // to be validated, nil if there is none
}

// fly answers with what a Flight brings, ours or that of another who asks for
// the same. stale is a copy that has to be validated, nil if there is none. done
// is false when it is worth trying again.
func (x *Exchange) fly(stale *cache.Copy, now time.Time) (done, answered bool) {
	f, leads := x.gen.Cache.Join(x.cacheKey(), x.asked, now)
	y := flying{x, f, leads, stale}
	limit := x.route.Reuse.Wait
	if leads {
		limit = longestFlight
		defer f.Return(failureLeftFlight) // counts if nothing was said before
		if y.cameMeanwhile(now) {
			return false, false
		}
		x.launch(f, stale)
	}
	o, ok, left := y.wait(limit)
	switch {
	case left:
		x.refuse(failureLeftFlight)
		return true, true
	case !ok:
		x.forwards(policy.FwdURIMiss)
		return true, false
	}
	return y.land(o, now)
}

// cameMeanwhile reports whether another Flight has brought what we ask for
// between our look for a copy and our Flight. Then ours ends, with that, before
// it has begun.
func (y flying) cameMeanwhile(now time.Time) bool {
	x := y.x
	c := x.gen.Cache.Find(x.cacheKey(), x.r)
	if c == nil {
		return false
	}
	if m := c.Meta(); !m.Reuse || m.Use(x.asked, now) != policy.Fresh {
		c.Release()
		return false
	}
	y.flight.Decide(cache.Outcome{Copy: c}, now)
	if o, ok := y.flight.Wait(true, nil, longestFlight); ok {
		o.Copy.Release()
	}
	y.flight.End(now)
	return true
}

// wait waits for the Outcome. left says that the client went away, ok that it
// was decided in time.
func (y flying) wait(limit time.Duration) (o cache.Outcome, ok, left bool) {
	gone := newGone()
	y.x.w.Watch(gone)
	for {
		if o, ok = y.flight.Wait(y.leads, gone.ch, limit); o.Interim == nil {
			break
		}
		y.x.w.Inform(o.Interim) // of a client that is gone we hear by Watch
		y.flight.Informed()
	}
	y.x.w.Watch(nil)
	return o, ok, !ok && gone.is()
}

// land answers with the Outcome.
func (y flying) land(o cache.Outcome, now time.Time) (done, answered bool) {
	x := y.x
	if t, is := o.Tale.(*tale); is && y.leads {
		t.tell(x, now)
	}
	switch {
	case o.Copy != nil:
		defer o.Copy.Release()
		if !y.leads && !o.Copy.Matches(x.r) {
			x.forwards(policy.FwdVaryMiss)
			return false, false
		}
		y.answer(o)
	case o.Failure != nil && y.answerOld(o.Failure):
	case o.Lent != nil:
		y.passOn(o.Lent)
	case o.Failure != nil:
		x.defeat(o.Failure)
	default:
		if !y.leads {
			x.spread(o.Took)
		}
		x.forwards(policy.FwdURIMiss)
		return true, false
	}
	return true, true
}

// answerOld answers with the stale copy, or the last good one, in the place of f,
// and reports whether there was one that may be used. Before the client takes it,
// an answer that was lent is given back: it holds a connection and a place.
func (y flying) answerOld(f *message.Failure) bool {
	x := y.x
	if y.stale != nil && x.mayServeStale(y.stale) {
		y.flight.Return(failureNotWanted)
		x.failure = f
		x.answerStale(y.stale, cacheStale)
		return true
	}
	c := x.lastGood()
	if c == nil {
		return false
	}
	defer c.Release()
	y.flight.Return(failureNotWanted)
	x.answerGood(c, f)
	return true
}

// answer answers with the copy that the Flight has brought.
func (y flying) answer(o cache.Outcome) {
	x, m := y.x, o.Copy.Meta()
	s := policy.CacheStatus{Fwd: policy.FwdURIMiss, FwdStatus: int(m.Status), Stored: true, Collapsed: !y.leads}
	if y.stale != nil {
		s.Fwd = policy.FwdStale
	}
	x.outcome = cacheMiss
	switch {
	case o.Renewed:
		x.outcome, s.FwdStatus = cacheValidated, 304
	case !y.leads:
		x.outcome = cacheShared
	}
	var flight *cache.Flight
	if y.leads {
		flight = y.flight
	}
	x.answerWith(o.Copy, s, flight)
}

// passOn relays an answer that cannot be shared, which the Exchange of the
// Flight has lent to us.
func (y flying) passOn(resp *message.Response) {
	x := y.x
	x.status = resp.Status
	x.forwards(policy.FwdURIMiss)
	resp.Fields = x.responseFields(resp.Fields)
	x.w.Watch(y.flight)
	f := x.relayWhole(resp)
	x.w.Watch(nil)
	y.flight.Return(f)
	if f != nil {
		x.failure = f
		x.w.Abort(f)
	}
}

// mayServeStale reports whether a copy that could not be validated may answer
// (RFC 9111 section 4.2.4, RFC 5861 section 4).
func (x *Exchange) mayServeStale(c *cache.Copy) bool {
	m := c.Meta()
	return m.OnErrorFor(x.asked, time.Now())
}

// statusStale is the Cache-Status of a copy that answers although an Upstream was
// to be asked. (RFC 9211 has hit for what was answered without asking, and fwd
// for why it was asked; this is both.)
var statusStale = []byte("sluice; hit; fwd=stale")

// answerStale answers with a copy although an Upstream should have been asked:
// x.failure is why that was of no use.
func (x *Exchange) answerStale(c *cache.Copy, outcome string) {
	x.outcome, x.said = outcome, statusStale
	x.answerWith(c, policy.CacheStatus{}, nil)
}

// longestSpread bounds how long a request waits only so that not all ask at once.
const longestSpread = time.Second

// spread waits for a part of the time that a Flight took. All who waited for it
// have to ask for themselves now; they had come over that time, and so they go.
func (x *Exchange) spread(took time.Duration) {
	gone := newGone()
	x.w.Watch(gone)
	t := time.NewTimer(rand.N(1 + min(took, longestSpread)))
	select {
	case <-t.C:
	case <-gone.ch:
	}
	t.Stop()
	x.w.Watch(nil)
}
