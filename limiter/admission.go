package limiter

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"
)

// Outcome is how an Enter ended.
type Outcome uint8

// The outcomes.
const (
	Admitted     Outcome = iota
	QueueFull            // too many wait already
	QueueTimeout         // it waited for too long
	Shed                 // refused, because others are to be served rather
	Gone                 // the client has gone away
	outcomes
)

// String returns the word that logs and metrics use.
func (o Outcome) String() string {
	return [...]string{"admitted", "queue_full", "queue_timeout", "shed", "gone"}[o]
}

// Verdict is what Enter says.
type Verdict struct {
	Outcome Outcome
	Waited  time.Duration // in the queue
}

// AdmissionOptions says how an Admission limits. What is zero takes its
// default.
type AdmissionOptions struct {
	// Limit is how many Exchanges there may be at once; 0: adaptive.
	Limit int
	// Floor, Start and Max are for an adaptive limit. Under Floor nothing is
	// ever refused, and nothing waits.
	Floor, Start, Max int // 5, 20, 10,000

	// Reserve is the share of the limit that only ClassCritical may use,
	// rounded down; negative: none. It is kept while there are critical
	// Exchanges, and for a minute after: who has none loses nothing.
	Reserve float64 // 0.2

	MaxWait  time.Duration // longest wait; twice the time of an answer, but 500 ms to 5 s
	MaxQueue int           // waiters at most; eight times the limit, but at least 128

	// Target and Interval decide when the queue stands: somebody has waited
	// for Target all through Interval. After that Target is also the longest
	// wait of those of low priority.
	Target   time.Duration // half the time of an answer, but at least 10 ms
	Interval time.Duration // twice the time of an answer, but 100 ms to 1 s
}

// Admission lets as many Exchanges into a Pool as it can serve, and has a
// short queue of those that come when there is no place.
//
//	        a place is free                                 Leave
//	Enter ─────────────────────────────────────▶ Admitted ─────────▶
//	  │ none is                                      ▲ by priority
//	  ├──────────▶ gate ──────────▶ queue ───────────┘
//	  │             │ rank too low    │ for too long, displaced, client gone
//	  ▼             ▼                 ▼
//	 Gone          Shed      QueueTimeout, QueueFull, Shed, Gone
//
// While there are places an Exchange costs a few atomic operations and no
// lock. While there are none, whoever is refused by the gate costs the same.
// It owns no goroutine; a timer runs while somebody waits.
type Admission struct {
	// Fixed after NewAdmission.
	options AdmissionOptions
	born    time.Time // all times here are since then

	_ [64]byte // what follows is written by all at once
	// places counts the Exchanges that hold one: all of them in the lower
	// half, those that are not critical in the upper.
	places  atomic.Uint64
	waiting atomic.Int32 // queue.n
	streams atomic.Int32
	counts  [outcomes]atomic.Uint64
	_       [64]byte
	sample  admissionSample
	gate    rankGate
	_       [64]byte // what follows is read by all, and seldom changes

	room       atomic.Uint64 // how many there may be, halved as places
	due        atomic.Int64  // when to look at it all again
	latency    atomic.Int64  // of an answer, lately; 0: not known
	criticalAt atomic.Int64  // when a critical one came last, give or take a second
	reserving  atomic.Bool   // the reserve is kept
	_          [64]byte

	mu          sync.Mutex // guards what follows
	queue       waitQueue
	codel       waitCoDel
	concurrency concurrency
	emptied     bool          // there was a moment without waiters since the last look
	looked      time.Duration // when the last look was
	admitted    uint64        // as of the last look
	shed        uint64        // likewise
	pace        float64       // admitted in a second, lately
	target      time.Duration
	interval    time.Duration
	maxQueue    int
	waited      time.Duration
	decided     *Waiter // to be woken when mu is free
	maxQueued   int
	timer       *time.Timer   // nil until somebody waits
	rings       time.Duration // when the timer does, if armed
	armed       bool
}

// NewAdmission returns an Admission in which nobody is.
func NewAdmission(o AdmissionOptions) *Admission { return newAdmission(o, time.Now()) }

func newAdmission(o AdmissionOptions, born time.Time) *Admission {
	o.Reserve = min(max(cmp.Or(o.Reserve, 0.2), 0), 1)
	a := &Admission{options: o, born: born, emptied: true}
	a.concurrency = newConcurrency(o)
	a.queue.edge = -1
	a.derive()
	a.makeRoom(0)
	return a
}

// Enter asks for a place. It returns at once if there is one, or if there is
// none to hope for, and otherwise blocks until it is decided. After Admitted,
// Leave must be called.
func (a *Admission) Enter(w *Waiter, p Priority, now time.Time) Verdict {
	v, waits := a.Ask(w, p, now)
	if waits {
		v = a.Await(w, now)
	}
	return v
}

// Ask is Enter without the wait. If it says that the Exchange waits, Await must
// come next; between the two is the time to have Cancel called should the
// client go away.
func (a *Admission) Ask(w *Waiter, p Priority, now time.Time) (v Verdict, waits bool) {
	t := now.Sub(a.born)
	outcome, waits, woken := a.enter(w, p.rank(), t)
	wakeAll(woken)
	if waits {
		a.arm(t)
	}
	return Verdict{Outcome: outcome}, waits
}

// Await blocks until it is decided whether w, which waits since now, is let in.
func (a *Admission) Await(w *Waiter, now time.Time) Verdict {
	<-w.wake
	v := Verdict{Outcome: w.outcome, Waited: w.began - w.came}
	switch {
	case v.Outcome != Admitted:
		w.forget()
	case w.gone.Load():
		v.Outcome = Gone
		a.Leave(w, now.Add(v.Waited))
	}
	return v
}

// Head says that the response head has come: the time since the Attempt began
// is what an adaptive limit goes by. Further heads of an Exchange don't count.
func (a *Admission) Head(w *Waiter, now time.Time) { wakeAll(a.head(w, now.Sub(a.born))) }

// Failed says that an Attempt has failed for a reason that may be overload: it
// was refused, or timed out. The next Attempt begins now.
func (a *Admission) Failed(w *Waiter, now time.Time) { wakeAll(a.failed(w, now.Sub(a.born))) }

// Stream gives the place back before the end: the Exchange is a stream, an
// upgrade or a long poll. If Head has not been called it will not count.
func (a *Admission) Stream(w *Waiter, now time.Time) { wakeAll(a.stream(w, now.Sub(a.born))) }

// Leave gives the place back if w still has it, and makes w ready for the next
// Exchange. It is called when the Exchange is over and nobody can cancel it any
// more. It must be called after Admitted; after another Outcome it need be only
// if there might have been a Cancel since.
func (a *Admission) Leave(w *Waiter, now time.Time) { wakeAll(a.leave(w, now.Sub(a.born))) }

// arm sets the timer to when the next one will have waited for too long.
func (a *Admission) arm(now time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.queue.n == 0 {
		return
	}
	at := a.queue.deadline()
	if a.armed && a.rings <= at {
		return
	}
	a.armed, a.rings = true, at
	if a.timer == nil {
		a.timer = time.AfterFunc(at-now, a.ring)
	} else {
		a.timer.Reset(at - now)
	}
}

// ring is what the timer calls.
func (a *Admission) ring() {
	now := time.Since(a.born)
	a.mu.Lock()
	a.armed = false
	a.mu.Unlock()
	wakeAll(a.turn(now))
	a.arm(now)
}
