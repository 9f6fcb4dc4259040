package limiter

import (
	"math/rand/v2"
	"testing"
	"time"
)

// "A latency step of the upstream (x4 and back) moves the adaptive limit down
// and up again within stated times"; "no collapse of the limit to the floor
// while throughput suffers."
func TestAdmissionFollowsAStepOfTheLatency(t *testing.T) {
	simulates(t)
	const (
		workers    = 20
		down, back = 30 * time.Second, 60 * time.Second
		within     = 5 * time.Second // until the limit is right
	)
	for _, load := range []float64{0.7, 2, 10} {
		for _, fewer := range []bool{true, false} {
			const seed = 11
			slow := time.Duration(1)
			s := newPoolSim(AdmissionOptions{}, workers, seed, func(r *rand.Rand) time.Duration {
				return slow * time.Duration(r.ExpFloat64()*20e6)
			})
			useful := time.Duration(0)
			s.poisson(steady(1000*load), 90*time.Second, func() {
				s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
					if o == Admitted {
						useful += r.needs
					}
				}}, s.someone())
			})
			goodput := func(from, to time.Duration, workers int) float64 {
				s.run(from)
				useful = 0
				s.run(to)
				return useful.Seconds() / (to - from).Seconds() / float64(workers)
			}
			s.run(down)
			before := s.a.Stats().Limit
			during, lowest := workers, before
			if fewer { // heads take four times as long because there are fewer workers
				s.workers, during = workers/4, workers/4
			} else { // or because each request takes longer
				slow = 4
			}
			for s.now < down+within {
				s.run(s.now + 50*time.Millisecond)
				lowest = min(lowest, s.a.Stats().Limit)
			}
			low := s.a.Stats().Limit
			slowed := goodput(down+within, back, during)
			slow, s.workers = 1, workers
			again := goodput(back+within, 90*time.Second, workers)
			limit := s.a.Stats().Limit
			t.Logf("seed %d, load %4gx, fewer workers %5v: limit %d, lowest %d, %v after the step %d, goodput %.0f %%; back %d, goodput %.0f %%",
				seed, load, fewer, before, lowest, within, low, 100*slowed, limit, 100*again)
			if fewer && (low > 15 || limit < 20) {
				t.Errorf("load %gx: limit %d with %d workers and %d with %d", load, low, during, limit, workers)
			}
			if lowest >= before {
				t.Errorf("load %gx: the limit did not fall", load)
			}
			if want := min(load*0.95, 0.93); slowed < 0.93 || again < want {
				t.Errorf("load %gx, fewer workers %v: goodput %.1f %% of the capacity while it was slow and %.1f %% after, want 93 %% and %.1f %%",
					load, fewer, 100*slowed, 100*again, 100*want)
			}
		}
	}
}

// The same, if it was at the floor when requests began to take longer.
func TestAdmissionLeavesTheFloorWhereThroughputSuffers(t *testing.T) {
	simulates(t)
	const seed, begin, length = 15, 20 * time.Second, 80 * time.Second
	slow := time.Duration(1)
	s := newPoolSim(AdmissionOptions{Start: 5}, 20, seed, func(r *rand.Rand) time.Duration {
		return slow * time.Duration(r.ExpFloat64()*20e6)
	})
	useful := time.Duration(0)
	s.poisson(func(now time.Duration) float64 {
		if now < begin {
			return 30 // all it learns is what requests took then
		}
		return 2000
	}, length, func() {
		s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
			if o == Admitted {
				useful += r.needs
			}
		}}, s.someone())
	})
	s.run(begin)
	slow = 4
	s.run(begin + 20*time.Second)
	useful = 0
	s.run(length)
	goodput := useful.Seconds() / (length - begin - 20*time.Second).Seconds() / 20
	t.Logf("seed %d: from 20 s after: goodput %.1f %%, %+v", seed, 100*goodput, s.a.Stats())
	if goodput < 0.9 {
		t.Errorf("goodput %.1f %% of the capacity", 100*goodput)
	}
}

// "guarded against the baseline's drift under lasting overload"
func TestAdmissionBaselineDoesNotDriftUnderLastingOverload(t *testing.T) {
	simulates(t)
	for seed := range uint64(2) {
		const length = 10 * time.Minute
		s := newPoolSim(AdmissionOptions{}, 20, seed, exponential(20*time.Millisecond))
		tally := &simTally{}
		s.poisson(steady(1500), length, func() { s.ask(tally, s.someone()) })
		s.run(30 * time.Second)
		most, low := 0, 0
		var base time.Duration
		for s.now < length {
			s.run(s.now + 100*time.Millisecond)
			st := s.a.Stats()
			most, base = max(most, st.Limit), max(base, st.Baseline)
			if st.Limit < 18 {
				low++
			}
		}
		goodput := tally.useful.Seconds() / length.Seconds() / 20
		t.Logf("seed %d: 20 workers of 20 ms, %v of 1.5 times the load: at most limit %d, baseline %v; under 18 for %.1f %% of the time; goodput %.1f %%",
			seed, length, most, base.Round(time.Millisecond), float64(low)/length.Seconds()*10, 100*goodput)
		if most > 60 || base > 32*time.Millisecond || goodput < 0.97 {
			t.Errorf("seed %d: drifted", seed)
		}
	}
}

// "an idle or lightly used service is never refused anything (1 hour of fake
// time)"
func TestAdmissionNeverRefusesALightlyUsedService(t *testing.T) {
	simulates(t)
	const seed, length = 12, time.Hour
	service := lognormal(80*time.Millisecond, 1)
	for _, o := range []AdmissionOptions{{}, {Limit: 20}, {Reserve: -1}} {
		s := newPoolSim(o, 10, seed, service)
		tally := &simTally{}
		classes := []Class{ClassNormal, ClassNormal, ClassSheddable, ClassCritical}
		come := func() { s.ask(tally, Priority{Class: classes[s.rng.IntN(4)], Hash: s.rng.Uint32()}) }
		s.poisson(steady(10), length, come)      // 8 % of the capacity
		s.poisson(steady(0.05), length, func() { // and whole pages at once
			for range 30 {
				come()
			}
		})
		s.run(length + time.Minute)
		st := s.a.Stats()
		t.Logf("seed %d: %d Exchanges in an hour, outcomes %v, p99 %.0f ms; limit %d, at most %d queued", seed, tally.offered, tally.outcomes, ms(tally.p99()), st.Limit, st.MaxQueued)
		if tally.outcomes[Admitted] != tally.offered {
			t.Errorf("%v of %d were not admitted", tally.outcomes, tally.offered)
		}
	}
}

// "Streaming, upgraded and long-poll exchanges do not poison it."
func TestAdmissionIsNotPoisonedByStreams(t *testing.T) {
	simulates(t)
	const seed, length = 13, 5 * time.Minute
	s := newPoolSim(AdmissionOptions{}, 20, seed, exponential(20*time.Millisecond))
	tally := &simTally{}
	s.poisson(steady(400), length, func() { s.ask(tally, s.someone()) })
	s.poisson(steady(100), length, func() {
		tally.offered++
		s.offer(&simRequest{stream: 30 * time.Second, done: func(_ *simRequest, o Outcome) { tally.outcomes[o]++ }}, s.someone())
	})
	s.run(length)
	st := s.a.Stats()
	t.Logf("seed %d: %d streams beside %d in flight; limit %d, baseline %v", seed, st.Streams, st.InFlight, st.Limit, st.Baseline)
	if st.Streams < 2000 || st.InFlight > 40 || st.Limit > 60 || st.Baseline > 30*time.Millisecond {
		t.Errorf("%+v", st)
	}
	s.run(length + time.Hour)
	if st = s.a.Stats(); st.Streams != 0 || st.InFlight != 0 || tally.outcomes[Admitted] != tally.offered {
		t.Errorf("at the end %+v, outcomes %v of %d", st, tally.outcomes, tally.offered)
	}
}

// An upstream that hangs for a while must not leave a limit at the floor, or a
// queue that stands.
func TestAdmissionRecoversFromAnUpstreamThatHung(t *testing.T) {
	simulates(t)
	for _, load := range []float64{0.7, 5} {
		const seed, hung, length = 14, 30 * time.Second, 60 * time.Second
		s := newPoolSim(AdmissionOptions{}, 20, seed, exponential(20*time.Millisecond))
		useful, last := time.Duration(0), time.Duration(0)
		s.poisson(steady(1000*load), length, func() {
			s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
				if o == Admitted {
					useful += r.needs
				} else {
					last = s.now
				}
			}}, s.someone())
		})
		s.run(hung)
		s.workers = 0
		s.run(hung + 5*time.Second)
		s.workers = 20
		s.work()
		s.run(hung + 9*time.Second)
		useful = 0
		s.run(hung + 19*time.Second)
		goodput := useful.Seconds() / 10 / 20
		t.Logf("seed %d, load %gx: goodput from 4 s after it had hung %.1f %%, last refused %v after", seed, load, 100*goodput, last-hung-5*time.Second)
		if goodput < min(load*0.95, 0.93) {
			t.Errorf("load %gx: goodput %.1f %%", load, 100*goodput)
		}
		if load < 1 && last > hung+9*time.Second {
			t.Errorf("still refusing %v after it had hung", last-hung-5*time.Second)
		}
	}
}
