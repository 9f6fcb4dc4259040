package limiter

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	longLoad = flag.Bool("long", false, "simulate more Pools, for longer")
	otherLot = flag.Uint64("seed", 0, "added to the seeds of simulations")
)

// loadCase is a Pool under a steady load.
type loadCase struct {
	name    string
	workers int
	mean    time.Duration
	service func(*rand.Rand) time.Duration
}

func (c loadCase) capacity() float64 { return float64(c.workers) / c.mean.Seconds() }

// "holds ten times the load, with the admitted undisturbed"
func TestAdmissionHoldsTenTimesTheLoadWithTheAdmittedUndisturbed(t *testing.T) {
	simulates(t)
	cases := []loadCase{
		{"20 x exp 20ms", 20, 20 * time.Millisecond, exponential(20 * time.Millisecond)},
		{"8 x logn 5ms", 8, 5 * time.Millisecond, lognormal(5*time.Millisecond, 0.8)},
		{"10 x logn 200ms", 10, 200 * time.Millisecond, lognormal(200*time.Millisecond, 0.8)},
	}
	warm, length := 10*time.Second, 40*time.Second
	if *longLoad {
		cases = append(cases,
			loadCase{"20 x logn 20ms", 20, 20 * time.Millisecond, lognormal(20*time.Millisecond, 0.5)},
			loadCase{"8 x exp 2ms", 8, 2 * time.Millisecond, exponential(2 * time.Millisecond)},
			loadCase{"2 x exp 100ms", 2, 100 * time.Millisecond, exponential(100 * time.Millisecond)},
			loadCase{"200 x logn 50ms", 200, 50 * time.Millisecond, lognormal(50*time.Millisecond, 0.5)})
		length = 70 * time.Second
	}
	const seed = 42
	t.Logf("seed %d; goodput is in shares of the capacity, p99 in that of the unloaded Pool", seed)
	t.Logf("%-15s %-8s %6s | %7s | %7s %8s %6s | %6s %6s %6s | %5s %s",
		"Pool", "limit", "load", "goodput", "p50 ms", "p99 ms", "p99 x", "shed", "full", "late", "limit", "baseline")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, limit := range []int{c.workers, 2 * c.workers, 0} {
				for _, load := range []float64{0.5, 1, 2, 5, 10, 20} {
					checkLoad(t, c, limit, load, false, warm, length, seed)
					if load == 10 {
						checkLoad(t, c, limit, load, true, warm, length, seed)
					}
				}
			}
		})
	}
}

// checkLoad simulates one case. retry: half of those who are refused come back
// at once.
func checkLoad(t *testing.T, c loadCase, limit int, load float64, retry bool, warm, length time.Duration, seed uint64) {
	t.Helper()
	if limit == 0 && c.capacity() < 100 {
		warm, length = 6*warm, 6*length // with few heads it learns slowly
	}
	s := newPoolSim(AdmissionOptions{Limit: limit}, c.workers, seed, c.service)
	tally := &simTally{}
	var come func(p Priority)
	come = func(p Priority) {
		into := tally
		if s.now < warm {
			into = &simTally{}
		}
		into.offered++
		s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
			into.done(r, o)
			if o != Admitted && retry && s.rng.IntN(2) == 0 {
				s.after(time.Millisecond, func() { come(p) })
			}
		}}, p)
	}
	s.poisson(steady(load*c.capacity()), length, func() { come(s.someone()) })
	s.run(length)
	st := s.a.Stats()
	s.run(length + time.Minute)

	goodput := tally.useful.Seconds() / (length - warm).Seconds() / float64(c.workers)
	slower := float64(tally.p99()) / float64(unloaded(c.service))
	name, storm := [...]string{"adaptive", "1x", "2x"}[limit/c.workers], ""
	if retry {
		storm = "R"
	}
	t.Logf("%-15s %-8s %5gx%1s | %6.1f%% | %7.1f %8.1f %5.2fx | %5.1f%% %5.1f%% %5.1f%% | %5d %v",
		c.name, name, load, storm, 100*goodput, ms(percentile(tally.took, 0.5)), ms(tally.p99()), slower,
		100*tally.share(Shed), 100*tally.share(QueueFull), 100*tally.share(QueueTimeout),
		st.Limit, st.Baseline.Round(10*time.Microsecond))

	if load >= 2 && goodput < 0.95 && c.workers > 2 {
		t.Errorf("%s, limit %s: goodput %.1f %% of the capacity at %g times the load, want 95 %%", c.name, name, 100*goodput, load)
	}
	if most := 2.0; load >= 2 && slower > most && c.workers > 2 {
		t.Errorf("%s, limit %s: p99 %.1f times that of the unloaded Pool at %g times the load, want %g", c.name, name, slower, load, most)
	}
	if load < 1 && tally.share(Admitted) < 1 {
		t.Errorf("%s, limit %s: %v of %d refused at half the load", c.name, name, tally.outcomes, tally.offered)
	}
}

// A second after ten times the load nobody is refused, and nobody waits.
func TestAdmissionIsBackToNormalWithinASecond(t *testing.T) {
	simulates(t)
	service := exponential(20 * time.Millisecond)
	for _, limit := range []int{20, 40, 0} {
		const seed, over = 3, 30 * time.Second
		s := newPoolSim(AdmissionOptions{Limit: limit}, 20, seed, service)
		after := &simTally{}
		var refused time.Duration
		s.poisson(func(now time.Duration) float64 {
			if now < over {
				return 10_000
			}
			return 500
		}, over+20*time.Second, func() {
			if s.now < over {
				s.ask(&simTally{}, s.someone())
				return
			}
			s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
				switch {
				case o != Admitted:
					refused = max(refused, s.now-over)
				case r.came >= over+time.Second:
					after.done(r, o)
				}
			}}, s.someone())
		})
		s.run(over + time.Minute)
		slower := float64(after.p99()) / float64(unloaded(service))
		t.Logf("seed %d, limit %d: the last was refused %v after the overload; from 1 s after it the p99 is %.2fx", seed, limit, refused, slower)
		if refused > time.Second || slower > 1.2 {
			t.Errorf("limit %d: refused %v after the end of the overload, and from 1 s after it the p99 is %.2fx", limit, refused, slower)
		}
	}
}

// "With 100 % sheddable load on top, critical exchanges keep success ≥ 99.9 %
// and p99 ≤ 2x."
func TestAdmissionKeepsCriticalOnesUndisturbed(t *testing.T) {
	simulates(t)
	service := exponential(20 * time.Millisecond)
	alone := unloaded(service)
	for _, limit := range []int{20, 40, 0} {
		for _, junk := range []float64{1, 10} {
			const seed, length = 5, 60 * time.Second
			s := newPoolSim(AdmissionOptions{Limit: limit}, 20, seed, service)
			critical, normal, sheddable := &simTally{}, &simTally{}, &simTally{}
			s.poisson(steady(300), length, func() { s.ask(critical, Priority{Class: ClassCritical, Hash: s.rng.Uint32()}) })
			s.poisson(steady(300), length, func() { s.ask(normal, s.someone()) })
			s.poisson(steady(1000*junk), length, func() { s.ask(sheddable, Priority{Class: ClassSheddable, Hash: s.rng.Uint32()}) })
			s.run(length + time.Minute)
			slower := float64(critical.p99()) / float64(alone)
			useful := critical.useful + normal.useful + sheddable.useful
			t.Logf("seed %d, limit %2d, junk %2gx: critical %.3f %% admitted, p99 %.2fx; normal %.2f %%; sheddable %.1f %%; goodput %.1f %%",
				seed, limit, junk, 100*critical.share(Admitted), slower, 100*normal.share(Admitted), 100*sheddable.share(Admitted),
				100*useful.Seconds()/length.Seconds()/20)
			if critical.share(Admitted) < 0.999 || slower > 2 {
				t.Errorf("limit %d, junk %gx: critical ones %.3f %% admitted, p99 %.2fx; want 99.9 %% and 2x", limit, junk, 100*critical.share(Admitted), slower)
			}
			if normal.share(Admitted) < 0.99 {
				t.Errorf("limit %d, junk %gx: %.2f %% of the normal ones admitted, though the sheddable ones alone are too many", limit, junk, 100*normal.share(Admitted))
			}
		}
	}
}

// "Of the visitors admitted once, ≥ 99 % of their following requests are
// admitted while 10x new ones push."
func TestAdmissionKeepsTheAdmitted(t *testing.T) {
	simulates(t)
	for _, limit := range []int{20, 40, 0} {
		const seed, length = 6, 120 * time.Second
		s := newPoolSim(AdmissionOptions{Limit: limit}, 20, seed, exponential(20*time.Millisecond))
		first, following := &simTally{}, &simTally{}
		var visit func(p Priority, more int)
		visit = func(p Priority, more int) {
			tally := first
			if p.Admitted {
				tally = following
			}
			tally.offered++
			s.offer(&simRequest{done: func(r *simRequest, o Outcome) {
				tally.done(r, o)
				if p.Admitted = p.Admitted || o == Admitted; p.Admitted && more > 0 {
					s.after(time.Duration(s.rng.ExpFloat64()*2e9), func() { visit(p, more-1) })
				}
			}}, p)
		}
		s.poisson(steady(10_000), length, func() { visit(s.someone(), 10) })
		s.run(length)
		load := float64(following.offered) / length.Seconds() / 1000
		t.Logf("seed %d, limit %d: new ones %.1f %% admitted; following requests, %.0f %% of the capacity: %.3f %% admitted, p99 %.0f ms, %v",
			seed, limit, 100*first.share(Admitted), 100*load, 100*following.share(Admitted), ms(following.p99()), following.outcomes)
		if following.share(Admitted) < 0.99 {
			t.Errorf("limit %d: %.2f %% of the requests of those admitted before, want 99 %%", limit, 100*following.share(Admitted))
		}
	}
}

// One client's requests live or die together, for as long as its hash lasts.
func TestAdmissionTreatsAClientAlike(t *testing.T) {
	simulates(t)
	const seed, length = 8, 60 * time.Second
	s := newPoolSim(AdmissionOptions{Limit: 20}, 20, seed, exponential(20*time.Millisecond))
	clients := make([]simTally, 1000)
	s.poisson(steady(5000), length, func() {
		i := s.rng.IntN(len(clients))
		s.ask(&clients[i], Priority{Hash: uint32(i) * (1 << 32 / 1000)})
	})
	s.run(length + time.Minute)
	var kept, dropped int
	for i := range clients {
		switch share := clients[i].share(Admitted); {
		case share > 0.9:
			kept++
		case share < 0.05:
			dropped++
		}
	}
	t.Logf("seed %d: of 1000 clients at five times the load %d had nearly all requests admitted, %d nearly none", seed, kept, dropped)
	if kept < 80 || dropped < 700 {
		t.Errorf("%d clients kept and %d dropped, want at least 80 and 700", kept, dropped)
	}
}
