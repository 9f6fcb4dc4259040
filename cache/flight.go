package cache

import (
	"sync"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

// Flight is one request to an Upstream on behalf of all clients that ask for
// the same at the moment. Who joins first leads it: an Exchange of its own is
// started for the Flight, so that neither a leader who is slow nor one who goes
// away holds the others up.
//
// That Exchange calls Decide or Lend once, when it knows what becomes of the
// answer, and End last of all. The others Wait; the leader calls Return in the
// end, whatever he got.
type Flight struct {
	flights *flights
	key     string
	began   time.Time

	decided  chan struct{}          // closed by Decide and Lend
	interim  chan *message.Response // for the leader, who says when he has passed it on
	informed chan struct{}
	left     chan struct{}         // closed when the leader has left
	returned chan *message.Failure // one, from the leader, if he was lent something

	mu         sync.Mutex
	waiting    int // clients that have not taken the outcome; the background counts as one
	flying     bool
	background bool // no client leads
	broken     bool // all had left before it was decided
	gone       bool // the leader has left
	lent       bool // and is to say so
	rest       Rest
	cancel     message.Canceler // of the Attempt under way
	outcome    Outcome          // once decided is closed
}

// Outcome is what has become of a Flight. One without Copy, Failure and Lent
// says that each has to ask for himself.
type Outcome struct {
	// Copy is the answer for everybody, perhaps still growing. It holds a
	// reference for whom it was given to.
	Copy *Copy
	// Renewed: the Copy is one that was there, which the Upstream has confirmed.
	Renewed bool
	// Failure says why there is no answer, for everybody.
	Failure *message.Failure
	// Lent is an answer that cannot be shared. It is there for the leader only,
	// who passes it on.
	Lent *message.Response
	// Interim is an interim response for the leader. He passes it on, calls
	// Informed, and Waits on.
	Interim *message.Response
	// Took is how long the Flight was under way until then.
	Took time.Duration
	// Tale is what the Exchange of the Flight wants the leader to know.
	Tale any
}

// Rest is what follows a Copy that has become too large to be kept.
type Rest struct {
	Piece []byte // comes first; not empty
	Body  message.Body
}

// board lets one more on. Who comes when the head has come already asks for a
// response that is stored, as far as it goes, and has it only if it may answer
// without a question (RFC 9111 section 4). The caller holds the flights' lock, so
// the Flight has not ended.
func (f *Flight) board(asked policy.Asked, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		return false
	}
	if f.outcome.Copy != nil {
		if m := f.outcome.Copy.Meta(); m.Use(asked, now) == policy.Validate {
			return false
		}
	}
	f.waiting++
	return true
}

// Wait returns the Outcome when it is decided, and false when gone was closed or
// limit was over before: then it must not be called again. leads is what Join
// said.
func (f *Flight) Wait(leads bool, gone <-chan struct{}, limit time.Duration) (Outcome, bool) {
	t := time.NewTimer(limit)
	defer t.Stop()
	interim := f.interim
	if !leads {
		interim = nil
	}
	select {
	case <-f.decided:
		return f.take(leads), true
	case r := <-interim:
		return Outcome{Interim: r}, true
	case <-gone:
	case <-t.C:
	}
	f.leave()
	return Outcome{}, false
}

func (f *Flight) take(leads bool) Outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.outcome
	if o.Copy != nil {
		o.Copy.Retain()
	}
	if !leads {
		o.Lent = nil
	}
	f.waiting--
	f.settle()
	return o
}

// leave is for who does not wait any more. When nobody does before the Flight is
// decided, it is broken off.
func (f *Flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && !f.isDecided() {
		f.broken = true
		if f.cancel != nil {
			f.cancel.Cancel()
		}
	}
	f.settle()
}

// Return is for the leader, when he has done with what he got, or does not wait
// any more, and for who has begun a Flight in the background. failed is what
// went wrong with what was lent to him. Only the first call counts.
func (f *Flight) Return(failed *message.Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return
	}
	f.gone = true
	close(f.left)
	if f.lent {
		f.returned <- failed
	}
}

// Rest returns what follows a Copy that has failed because it is too large; false
// if it has failed otherwise. Only the leader may ask.
func (f *Flight) Rest() (Rest, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rest, f.rest.Body != nil
}

// Informed is for the leader, who has passed on an interim response.
func (f *Flight) Informed() { f.informed <- struct{}{} }

// settle gives the Flight's own reference back once nobody can ask for it any
// more. The caller holds mu.
func (f *Flight) settle() {
	if f.waiting == 0 && !f.flying && f.outcome.Copy != nil {
		f.outcome.Copy.Release()
		f.outcome.Copy = nil
	}
}

func (f *Flight) isDecided() bool {
	select {
	case <-f.decided:
		return true
	default:
		return false
	}
}

// Watch is as of message.ResponseWriter: c is canceled when nobody waits for the
// Flight.
func (f *Flight) Watch(c message.Canceler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cancel = c; c != nil && f.broken {
		c.Cancel()
	}
}

// Cancel implements message.Canceler: it breaks off the Attempt under way.
func (f *Flight) Cancel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cancel != nil {
		f.cancel.Cancel()
	}
}

// Decide tells everybody, and of a Copy whoever joins before End, too. The
// Flight takes over the reference to a Copy. Only the first decision counts.
func (f *Flight) Decide(o Outcome, now time.Time) {
	if o.Copy == nil {
		f.flights.retire(f)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide(o, now)
}

func (f *Flight) decide(o Outcome, now time.Time) {
	if f.isDecided() {
		if o.Copy != nil {
			o.Copy.Release()
		}
		return
	}
	o.Took = now.Sub(f.began)
	f.outcome = o
	close(f.decided)
}

// Lend gives an answer that cannot be shared to the leader and returns when he
// has done with it: what went wrong, nil if nothing did. Meanwhile the caller
// does not touch it. Others get the Failure of the Outcome, or are told to ask
// for themselves. Nobody joins any more: how long the leader takes is his affair.
func (f *Flight) Lend(o Outcome, now time.Time) *message.Failure {
	f.flights.retire(f)
	f.mu.Lock()
	if f.gone {
		o.Lent = nil
	}
	f.lent = o.Lent != nil
	f.decide(o, now)
	lent := f.lent
	f.mu.Unlock()
	if !lent {
		return failureLeft
	}
	return <-f.returned
}

// LendRest gives to the leader what follows a Copy that has grown too large, and
// ends that. It returns as Lend does.
func (f *Flight) LendRest(r Rest, d Draft) *message.Failure {
	f.mu.Lock()
	if f.gone {
		f.mu.Unlock()
		d.Fail(errTooLarge)
		return failureLeft
	}
	f.lent, f.rest = true, r
	f.mu.Unlock()
	d.Fail(errTooLarge)
	return <-f.returned
}

// Inform passes an interim response on to the leader, if he is there.
func (f *Flight) Inform(r *message.Response) {
	select {
	case f.interim <- r:
		select {
		case <-f.informed:
		case <-f.left:
		}
	case <-f.left:
	}
}

// End ends the Flight; who asks from now on begins another.
func (f *Flight) End(now time.Time) {
	f.flights.retire(f)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide(Outcome{}, now)
	f.flying = false
	if f.background {
		f.waiting--
	}
	f.settle()
}
