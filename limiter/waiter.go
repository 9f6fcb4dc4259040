package limiter

import (
	"sync/atomic"
	"time"
)

// Waiter is the part of one Exchange in an Admission. The zero value is ready,
// and after Leave it is ready again, whatever Enter said. It must not be copied.
//
// All methods that take one are for the goroutine of its Exchange; Cancel is
// for anybody.
type Waiter struct {
	gone  atomic.Bool               // the client has gone away
	where atomic.Pointer[Admission] // the last one that it queued in

	// wake gets one token for each time that it waited. It is made for the
	// first wait and kept.
	wake chan struct{}

	rank rank
	came time.Duration // to the queue

	// Written under Admission.mu while it waits, else by its Exchange.
	links   [linksEach]waitLinks
	decided *Waiter // the next one to be woken
	queued  bool
	outcome Outcome
	holds   bool          // a place
	streams bool          // gave it back before its end
	timed   bool          // its answer's time is to be taken
	began   time.Duration // the Attempt; when it was decided, if it was not admitted
}

// Cancel says that the client has gone away. An Enter that blocks, and any
// until Leave, returns Gone at once, and the place in the queue is free. It
// may be called at any time, by any goroutine, and more than once; but not
// when Leave has returned: by then the Waiter may be another Exchange's, which
// would be gone before it came.
func (w *Waiter) Cancel() {
	w.gone.Store(true)
	// Enter publishes where it queues before it looks at gone, so that one of
	// us sees the other.
	if a := w.where.Load(); a != nil {
		wakeAll(a.abandon(w, time.Since(a.born)))
	}
}

// forget makes w ready for the next Exchange.
func (w *Waiter) forget() {
	if w.gone.Load() {
		w.gone.Store(false)
	}
}

// wakeAll tells those in the chain that their lot is decided.
func wakeAll(w *Waiter) {
	for w != nil {
		next := w.decided // once awake it is no longer ours to read
		w.decided = nil
		w.wake <- struct{}{} // never blocks: it holds one, and one is all that comes
		w = next
	}
}
