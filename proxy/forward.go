package proxy

import (
	"time"

	"sluice/message"
	"sluice/upstream"
)

// maxAttempts bounds how many Upstreams one Exchange may try: enough to get
// past a machine that has just died, and no way to storm a Pool.
const maxAttempts = 4

// forward makes Attempts until one has an answer for the client, and relays
// that. When it returns the client has an answer, or is gone.
func (x *Exchange) forward() {
	x.wants = upstream.Request{
		Client:     x.clientAddr(), // before our own fields are added
		Replayable: idempotent(x.r.Method),
	}
	if x.open {
		x.epoch = x.gen.Cache.Epoch(x.cacheKey())
	}
	x.setForwarding()
	pool := x.route.Pool
	pool.Budget.Deposit(x.r.Start)
	var f *message.Failure
	up := pool.Pick(x.tried, x.wants)
	for up != nil {
		resp, failed := x.attempt(up)
		if failed == nil {
			better := x.insteadOf(resp)
			if better == nil {
				x.settle(resp)
				return
			}
			x.triedInVain(nil, resp.Status)
			x.leave(nil)
			up = better
			continue
		}
		x.triedInVain(failed, 0)
		x.leave(failed)
		f = failed
		if !x.mayTryAgain(f) {
			break
		}
		up = x.next(f)
	}
	if f == nil || f.Phase == message.PhaseDial && pool.AllOut() {
		f = pool.NoneLeft() // nobody was reached because there is nobody
	}
	x.defeat(f)
}

// settle gives the client the response of the last Attempt; if that stands for a
// failure, the last good copy is better.
func (x *Exchange) settle(resp *message.Response) {
	if x.fetch == nil && x.open && x.route.Pool.FailOn(resp.Status) {
		if c := x.lastGood(); c != nil {
			f := statusFailure(x.addr, resp.Status) // resp is another's when leave has returned
			x.triedInVain(nil, resp.Status)
			x.leave(nil)
			x.answerGood(c, f)
			c.Release()
			return
		}
	}
	x.relay(resp)
}

// next returns the Upstream for another Attempt after f: one not tried yet,
// else the same again if it was only an old connection to it that was dead.
func (x *Exchange) next(f *message.Failure) *upstream.Upstream {
	if up := x.route.Pool.Pick(x.tried, x.wants); up != nil {
		return up
	}
	if x.foundDead(f) {
		x.fresh = true
		x.up.Reserve()
		return x.up
	}
	return nil
}

// foundDead reports that f is only a reused connection that the Upstream had
// closed meanwhile.
func (x *Exchange) foundDead(f *message.Failure) bool {
	return x.reused && f.Cause == message.CauseConnectionTerminated
}

// othersLeft reports that the Pool has an Upstream that was not tried yet.
func (x *Exchange) othersLeft() bool { return x.tried.Len() < x.route.Pool.Len() }

// mayTryAgain is the one decision on another Attempt after a failed one. It
// takes from the retry budget when it says yes.
func (x *Exchange) mayTryAgain(f *message.Failure) bool {
	if x.attempts >= maxAttempts || !x.kept.whole() {
		return false
	}
	if f.Again == message.AgainNever || f.Again == message.AgainIdempotent && !idempotent(x.r.Method) {
		return false
	}
	if !x.othersLeft() && !x.foundDead(f) {
		return false // and nothing is taken for an Attempt that there won't be
	}
	return x.route.Pool.Budget.Withdraw(time.Now())
}

// insteadOf returns the Upstream to ask for a better answer than resp, nil if
// resp is what the client gets: because it is good, because the request may
// not be repeated, or because there is nobody else to ask.
func (x *Exchange) insteadOf(resp *message.Response) *upstream.Upstream {
	pool := x.route.Pool
	if resp.Status < 500 || !pool.RetryOn(resp.Status) || x.attempts >= maxAttempts ||
		!x.othersLeft() || !idempotent(x.r.Method) {
		return nil
	}
	if x.pump.sending() || !x.kept.whole() {
		return nil // what the pump reads from here on might be lost
	}
	// Withdraw first: what Pick gives must be asked for a connection.
	if !pool.Budget.Withdraw(time.Now()) {
		return nil
	}
	return pool.Pick(x.tried, x.wants)
}

// idempotent reports that a request may be repeated without its having been
// meant twice (RFC 9110 section 9.2.2).
func idempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "PUT", "DELETE":
		return true
	}
	return false
}
