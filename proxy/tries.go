package proxy

import (
	"time"

	"sluice/accesslog"
	"sluice/message"
)

// tries are the Attempts of an Exchange that have failed, for its log entry. An
// Exchange that goes well writes nothing there.
type tries struct {
	n   int
	all [maxAttempts]accesslog.Try
}

// triedInVain notes the Attempt under way, which has failed by f, or by the status
// of a response that is not taken.
func (x *Exchange) triedInVain(f *message.Failure, status int) {
	t := &x.vain
	if t.n == len(t.all) {
		return
	}
	one := accesslog.Try{Upstream: x.addr, Took: time.Since(x.began), Reused: x.reused, Status: status}
	if f != nil {
		one.Phase, one.Cause, one.Err = f.Phase.String(), f.Cause.String(), f.Err
	}
	t.all[t.n] = one
	t.n++
}

// told returns them all for the log entry of an Exchange that has failed: also
// the last Attempt, if that was not in vain. The Exchange keeps the memory.
func (x *Exchange) told(now time.Time) []accesslog.Try {
	t := &x.vain
	if x.attempts > t.n && t.n < len(t.all) {
		one := accesslog.Try{Upstream: x.addr, Took: now.Sub(x.began), Reused: x.reused, Status: x.status}
		if f := x.failure; f != nil {
			if f.Party == message.PartyUpstream {
				one.Phase, one.Cause, one.Err = f.Phase.String(), f.Cause.String(), f.Err
			}
			if x.status == f.Status() || x.degraded != "" {
				one.Status = 0 // what the client got was not its
			}
		}
		t.all[t.n] = one
		t.n++
	}
	return t.all[:t.n]
}

// forget lets go of what it refers to.
func (t *tries) forget() {
	if t.n > 0 {
		*t = tries{}
	}
}
