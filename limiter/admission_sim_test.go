package limiter

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// simulates marks a simulation. It runs in one goroutine, so that the race
// detector finds nothing and takes minutes for it.
func simulates(t *testing.T) {
	if raceEnabled {
		t.Skip("a simulation has no races")
	}
	t.Parallel()
}

// poolSim is a Pool behind an Admission, in virtual time: workers that take
// from one queue, service times, and clients that come whether or not they are
// answered.
type poolSim struct {
	a       *Admission
	of      map[*Waiter]*simRequest // who waits or is served
	rng     *rand.Rand
	now     time.Duration
	events  simEvents
	seq     int
	workers int
	busy    int
	backlog []*simRequest
	service func(*rand.Rand) time.Duration
}

type simEvent struct {
	at  time.Duration
	seq int
	do  func()
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// simRequest is one Exchange. done is called once, with how it ended.
type simRequest struct {
	w      Waiter
	came   time.Duration
	needs  time.Duration // service time
	stream time.Duration // goes on for so long after the head, as a stream
	done   func(*simRequest, Outcome)
	at     *poolSim
}

func newPoolSim(o AdmissionOptions, workers int, seed uint64, service func(*rand.Rand) time.Duration) *poolSim {
	return &poolSim{
		a:       newAdmission(o, time.Now()),
		rng:     rand.New(rand.NewPCG(seed+*otherLot, 1)),
		of:      map[*Waiter]*simRequest{},
		workers: workers,
		service: service,
	}
}

func (s *poolSim) after(d time.Duration, do func()) {
	s.seq++
	heap.Push(&s.events, simEvent{s.now + d, s.seq, do})
}

// run goes on to a time.
func (s *poolSim) run(until time.Duration) {
	for {
		next := until
		if len(s.events) > 0 {
			next = min(next, s.events[0].at)
		}
		if s.a.queue.n > 0 {
			if d := max(s.a.queue.deadline(), s.now); d < next {
				s.now = d
				s.wake(s.a.turn(s.now))
				continue
			}
		}
		s.now = next
		if len(s.events) == 0 || s.events[0].at > until {
			return
		}
		heap.Pop(&s.events).(simEvent).do()
	}
}

// offer lets a request come now.
func (s *poolSim) offer(r *simRequest, p Priority) {
	r.came, r.at = s.now, s
	r.w.wake = simWake
	s.of[&r.w] = r
	o, waits, woken := s.a.enter(&r.w, p.rank(), s.now)
	if !waits {
		s.decided(r, o)
	}
	s.wake(woken)
}

// simWake is never used: it is there so that none is made.
var simWake = make(chan struct{}, 1)

func (s *poolSim) wake(w *Waiter) {
	for w != nil {
		next := w.decided
		w.decided = nil
		s.decided(s.of[w], w.outcome)
		w = next
	}
}

func (s *poolSim) decided(r *simRequest, o Outcome) {
	if o != Admitted {
		s.end(r, o)
		return
	}
	s.backlog = append(s.backlog, r)
	s.work()
}

func (s *poolSim) end(r *simRequest, o Outcome) {
	delete(s.of, &r.w)
	r.done(r, o)
}

// work gives free workers what is to be done.
func (s *poolSim) work() {
	for s.busy < s.workers && len(s.backlog) > 0 {
		r := s.backlog[0]
		s.backlog = s.backlog[1:]
		s.busy++
		r.needs = s.service(s.rng)
		s.after(r.needs, func() {
			s.busy--
			if r.stream > 0 {
				s.wake(s.a.stream(&r.w, s.now))
				s.after(r.stream, func() { s.finish(r) })
			} else {
				s.wake(s.a.head(&r.w, s.now))
				s.finish(r)
			}
			s.work()
		})
	}
}

func (s *poolSim) finish(r *simRequest) {
	s.wake(s.a.leave(&r.w, s.now))
	s.end(r, Admitted)
}

// poisson calls come at a rate, which may change, until a time.
func (s *poolSim) poisson(rate func(time.Duration) float64, until time.Duration, come func()) {
	var next func()
	next = func() {
		if s.now >= until {
			return
		}
		r := rate(s.now)
		if r <= 0 {
			s.after(10*time.Millisecond, next)
			return
		}
		s.after(time.Duration(s.rng.ExpFloat64()/r*1e9), func() {
			if s.now < until {
				come()
			}
			next()
		})
	}
	next()
}

func steady(rate float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return rate }
}

func exponential(mean time.Duration) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) }
}

// lognormal has a coefficient of variation of about 0.5 with sigma 0.5.
func lognormal(mean time.Duration, sigma float64) func(*rand.Rand) time.Duration {
	return func(r *rand.Rand) time.Duration {
		return time.Duration(float64(mean) * math.Exp(sigma*r.NormFloat64()-sigma*sigma/2))
	}
}

// simTally counts what clients see.
type simTally struct {
	offered  int
	outcomes [outcomes]int
	took     []time.Duration // of the admitted, from coming to the end
	useful   time.Duration   // what workers spent on them
}

func (t *simTally) done(r *simRequest, o Outcome) {
	t.outcomes[o]++
	if o == Admitted {
		t.took = append(t.took, r.at.now-r.came)
		t.useful += r.needs
	}
}

func (t *simTally) p99() time.Duration { return percentile(t.took, 0.99) }

// share is how many of those who came ended so.
func (t *simTally) share(o Outcome) float64 { return float64(t.outcomes[o]) / float64(t.offered) }

// ask lets one come that is counted.
func (s *poolSim) ask(t *simTally, p Priority) {
	t.offered++
	s.offer(&simRequest{done: t.done}, p)
}

func percentile(d []time.Duration, p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Clone(d)
	slices.Sort(d)
	return d[min(int(p*float64(len(d))), len(d)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// someone is a client like many.
func (s *poolSim) someone() Priority { return Priority{Hash: s.rng.Uint32()} }

// unloaded is the p99 of a Pool with nothing in its way.
func unloaded(service func(*rand.Rand) time.Duration) time.Duration {
	rng := rand.New(rand.NewPCG(7, 7))
	d := make([]time.Duration, 100_000)
	for i := range d {
		d[i] = service(rng)
	}
	return percentile(d, 0.99)
}
