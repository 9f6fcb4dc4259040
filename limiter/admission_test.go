package limiter

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// enterAll lets some in, each with a Waiter of its own, and fails if one does
// not get a place.
func enterAll(t *testing.T, a *Admission, n int, p Priority) []*Waiter {
	t.Helper()
	all := make([]*Waiter, n)
	for i := range all {
		all[i] = new(Waiter)
		if v := a.Enter(all[i], p, time.Now()); v.Outcome != Admitted || v.Waited != 0 {
			t.Fatalf("number %d: %v", i, v)
		}
	}
	return all
}

// entering calls Enter in a goroutine and waits until that blocks.
func entering(a *Admission, w *Waiter, p Priority) <-chan Verdict {
	v := make(chan Verdict, 1)
	go func() { v <- a.Enter(w, p, time.Now()) }()
	synctest.Wait()
	return v
}

func wantVerdict(t *testing.T, got <-chan Verdict, want Verdict) {
	t.Helper()
	synctest.Wait()
	select {
	case v := <-got:
		if v != want {
			t.Errorf("got %v after %v, want %v after %v", v.Outcome, v.Waited, want.Outcome, want.Waited)
		}
	default:
		t.Errorf("still waiting, want %v", want.Outcome)
	}
}

func TestEnterWaitsForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 2})
		in := enterAll(t, a, 2, Priority{})
		var first, second Waiter
		one := entering(a, &first, Priority{})
		time.Sleep(time.Millisecond)
		two := entering(a, &second, Priority{})
		time.Sleep(2 * time.Millisecond)
		a.Leave(in[0], time.Now())
		wantVerdict(t, one, Verdict{Admitted, 3 * time.Millisecond})
		a.Stream(in[1], time.Now()) // a stream gives its place back, too
		wantVerdict(t, two, Verdict{Admitted, 2 * time.Millisecond})
		if st := a.Stats(); st.InFlight != 2 || st.Streams != 1 || st.Queued != 0 || st.MaxQueued != 2 || st.Admitted != 4 || st.Waited != 5*time.Millisecond {
			t.Errorf("%+v", st)
		}
		for _, w := range []*Waiter{in[1], &first, &second} {
			a.Leave(w, time.Now())
		}
		if st := a.Stats(); st.InFlight != 0 || st.Streams != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// "bounded by time, not only by length"
func TestEnterWaitsNoLongerThanMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 1, MaxWait: 50 * time.Millisecond, MaxQueue: 2})
		in := enterAll(t, a, 1, Priority{})
		var w1, w2, w3 Waiter
		one := entering(a, &w1, Priority{})
		time.Sleep(20 * time.Millisecond)
		two := entering(a, &w2, Priority{})
		wantVerdict(t, entering(a, &w3, Priority{}), Verdict{QueueFull, 0})
		time.Sleep(30 * time.Millisecond)
		wantVerdict(t, one, Verdict{QueueTimeout, 50 * time.Millisecond})
		time.Sleep(20 * time.Millisecond)
		wantVerdict(t, two, Verdict{QueueTimeout, 50 * time.Millisecond})
		a.Leave(in[0], time.Now())
		enterAll(t, a, 1, Priority{})
		if st := a.Stats(); st.QueueTimeout != 2 || st.QueueFull != 1 || st.Queued != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// "20 % of the concurrency is kept for critical", and they are served first.
func TestEnterKeepsAReserveForCriticalOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 10})
		critical := Priority{Class: ClassCritical}
		in := enterAll(t, a, 1, critical)
		a.Leave(in[0], time.Now())
		in = enterAll(t, a, 8, Priority{})
		var n1, c3 Waiter
		normal := entering(a, &n1, Priority{})
		enterAll(t, a, 2, critical)
		urgent := entering(a, &c3, critical)
		a.Leave(in[0], time.Now())
		wantVerdict(t, urgent, Verdict{Admitted, 0})
		if st := a.Stats(); st.Reserved != 2 || st.InFlight != 10 || st.Queued != 1 {
			t.Errorf("%+v", st)
		}
		a.Leave(in[1], time.Now())
		wantVerdict(t, normal, Verdict{Admitted, 0})
	})
}

func TestTheReserveIsGivenBackWhenNobodyIsCritical(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 10})
		for _, w := range enterAll(t, a, 1, Priority{Class: ClassCritical}) {
			a.Leave(w, time.Now())
		}
		time.Sleep(reserveKept + 2*lookEvery)
		enterAll(t, a, 10, Priority{})
	})
}

// "a client that goes away leaves the queue at once"
func TestCancelLeavesTheQueueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 1, MaxQueue: 1})
		in := enterAll(t, a, 1, Priority{})
		var w, next Waiter
		v := entering(a, &w, Priority{})
		time.Sleep(time.Millisecond)
		w.Cancel()
		w.Cancel()
		wantVerdict(t, v, Verdict{Gone, time.Millisecond})
		v = entering(a, &next, Priority{}) // its place is free
		a.Leave(in[0], time.Now())
		wantVerdict(t, v, Verdict{Admitted, 0})
		a.Leave(&next, time.Now())

		w.Cancel() // before
		wantVerdict(t, entering(a, &w, Priority{}), Verdict{Gone, 0})
		enterAll(t, a, 1, Priority{})
		v = entering(a, &w, Priority{}) // used again
		w.Cancel()
		wantVerdict(t, v, Verdict{Gone, 0})
		if st := a.Stats(); st.Gone != 3 || st.Queued != 0 || st.InFlight != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestLeaveWithoutAPlaceDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 1, MaxWait: time.Millisecond})
		enterAll(t, a, 1, Priority{})
		var w Waiter
		a.Enter(&w, Priority{}, time.Now())
		a.Leave(&w, time.Now())
		a.Leave(&w, time.Now())
		if st := a.Stats(); st.InFlight != 1 || st.QueueTimeout != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// What is measured is the time from the beginning of the Attempt to the head,
// and not of what is a stream.
func TestHeadIsMeasuredOnceAndNotForStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 3})
		in := enterAll(t, a, 3, Priority{})
		a.Stream(in[0], time.Now())
		time.Sleep(30 * time.Millisecond)
		a.Failed(in[1], time.Now()) // nothing is known yet, so it counts
		time.Sleep(10 * time.Millisecond)
		for _, w := range in {
			a.Head(w, time.Now()) // 10 ms since the failure, and 40 ms
		}
		time.Sleep(time.Second)
		for _, w := range in {
			a.Head(w, time.Now())
			a.Leave(w, time.Now())
		}
		if got, want := a.Stats().Latency, (30+10+40)*time.Millisecond/3; got != want {
			t.Errorf("latency %v, want %v", got, want)
		}
	})
}

// Many goroutines enter, are cancelled and leave: places are never exceeded,
// nobody is forgotten, and in the end it is empty.
func TestAdmissionUnderManyGoroutines(t *testing.T) {
	const limit = 4
	a := NewAdmission(AdmissionOptions{Limit: limit, MaxWait: 20 * time.Millisecond, MaxQueue: 20, Target: time.Millisecond, Interval: 5 * time.Millisecond})
	var inside atomic.Int32
	var total [outcomes]atomic.Int64
	var all sync.WaitGroup
	for g := range 48 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 0))
			var w Waiter
			for range 1500 {
				p := Priority{Class(rng.IntN(3)), rng.IntN(2) == 0, rng.Uint32()}
				cancelled := make(chan struct{})
				if rng.IntN(4) == 0 {
					go func() { w.Cancel(); close(cancelled) }()
				} else {
					close(cancelled)
				}
				v := a.Enter(&w, p, time.Now())
				total[v.Outcome].Add(1)
				if v.Outcome == Admitted {
					if inside.Add(1) > limit {
						t.Error("too many inside")
					}
					runtime.Gosched()
					inside.Add(-1)
					if rng.IntN(10) == 0 {
						a.Stream(&w, time.Now())
					}
					a.Head(&w, time.Now())
				}
				<-cancelled
				a.Leave(&w, time.Now())
			}
		})
	}
	all.Wait()
	st := a.Stats()
	if st.InFlight != 0 || st.Streams != 0 || st.Queued != 0 {
		t.Errorf("left over: %+v", st)
	}
	for o, want := range []uint64{st.Admitted, st.QueueFull, st.QueueTimeout, st.Shed, st.Gone} {
		// One that was admitted and cancelled at the same time counts as both.
		if got := uint64(total[o].Load()); Outcome(o) != Admitted && Outcome(o) != Gone && got != want {
			t.Errorf("%v: %d said, %d counted", Outcome(o), got, want)
		}
	}
	t.Logf("%+v", st)
}

func TestAdmissionDoesNotAllocate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAdmission(AdmissionOptions{Limit: 1})
		var w Waiter
		now := time.Now()
		if n := testing.AllocsPerRun(1000, func() {
			a.Enter(&w, Priority{}, now)
			a.Head(&w, now)
			a.Leave(&w, now)
		}); n != 0 {
			t.Errorf("with a place: %v allocations", n)
		}
		shut(a)
		if n := testing.AllocsPerRun(1000, func() { a.Enter(&w, Priority{}, now) }); n != 0 {
			t.Errorf("refused: %v allocations", n)
		}
	})
}

func TestWaitingDoesNotAllocateAgain(t *testing.T) {
	a := NewAdmission(AdmissionOptions{Limit: 1})
	var in, w Waiter
	waitOnce := func() {
		a.enter(&in, 0, 0)
		_, waits, _ := a.enter(&w, 0, 0)
		wakeAll(a.leave(&in, 0))
		if waits {
			<-w.wake
		}
		a.leave(&w, 0)
	}
	waitOnce()
	if n := testing.AllocsPerRun(1000, waitOnce); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// shut fills an Admission of one place and shuts its gate for nearly all.
func shut(a *Admission) {
	a.Enter(new(Waiter), Priority{}, a.born)
	a.gate.threshold.Store(uint32(Priority{Class: ClassCritical}.rank()))
	a.due.Store(1 << 62)
}
