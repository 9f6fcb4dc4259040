package upstream

import (
	"math"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

// "Health and counters outlive a reload; keyed by address and check settings."
func TestPoolsShareWhatIsTheSame(t *testing.T) {
	f := NewFleet(nil)
	pool := func(c Config) *Pool {
		t.Helper()
		c.Settings.SlowStart = -1
		p, err := f.NewPool(c)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	old := pool(Config{Name: "app", Servers: equalServers(3)})
	fail(ups(old)[1])
	ups(old)[0].requests.Add(7)
	renamed := pool(Config{Name: "shop", Servers: equalServers(2), Policy: LeastConn})
	checked := pool(Config{Name: "app", Servers: equalServers(3), Settings: Settings{Check: Check{Kind: CheckTCP}}})
	old.Close()
	for i, u := range ups(renamed) {
		if s := renamed.Stats().Upstreams[i]; (s.State == StateOut) != (i == 1) || i == 0 && s.Requests != 7 {
			t.Errorf("%s is %v with %d requests", u.Address, s.State, s.Requests)
		}
	}
	for _, s := range checked.Stats().Upstreams {
		if s.State != StateIn || s.Requests != 0 {
			t.Errorf("with other checks %s begins as %v with %d requests", s.Address, s.State, s.Requests)
		}
	}
	if len(f.all) != 2+3 {
		t.Errorf("%d upstreams are kept, want those of two pools", len(f.all))
	}
	renamed.Close()
	checked.Close()
	if len(f.all) != 0 || len(f.schedule) != 0 {
		t.Errorf("%d upstreams and %d plans are left", len(f.all), len(f.schedule))
	}
}

// A change of one Upstream reaches all Pools that have it.
func TestOneHealthForAllPools(t *testing.T) {
	f := NewFleet(nil)
	var pools []*Pool
	for _, name := range []string{"a", "b"} {
		p, err := f.NewPool(Config{Name: name, Servers: equalServers(2)})
		if err != nil {
			t.Fatal(err)
		}
		pools = append(pools, p)
	}
	var events []Event
	f.notify = func(e Event) { events = append(events, e) }
	u := ups(pools[0])[0]
	fail(u)
	for _, p := range pools {
		for range 4 {
			if pick(p, Tried{}) == u {
				t.Errorf("pool %s picks one that is out", p.Name)
			}
		}
	}
	if len(events) != 2 || events[0].Pool != "a" || events[1].Pool != "b" {
		t.Errorf("events: %+v", events)
	}
}

// "Those that were there keep all they have; what is new, while others serve,
// is probed before it gets a request; those that are gone finish what is under
// way."
func TestUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(2)})
		n := newNetwork(p)
		defer running(t, p)()
		kept, gone := ups(p)[0], ups(p)[1]
		kept.requests.Add(5)
		busy := p.Pick(Tried{}.With(kept), anybody)
		if busy != gone {
			t.Fatal("nobody was picked")
		}
		all := equalServers(4)
		n.down[all[2].Addr.String()] = syscall.ECONNREFUSED // until we have looked
		n.down[all[3].Addr.String()] = syscall.ECONNREFUSED
		if err := p.Update([]Server{all[0], all[2], all[3]}, nil); err != nil {
			t.Fatal(err)
		}
		if s := p.Stats().Upstreams[0]; s.Requests != 5 {
			t.Errorf("the one that stays has lost its counters: %+v", s)
		}
		for range 10 {
			if u := pick(p, Tried{}); u != kept {
				t.Fatalf("%s was picked before it was probed, or although it is gone", u.Address)
			}
		}
		busy.release()
		n.set(ups(p)[1], nil)
		time.Sleep(time.Second)
		got := map[*Upstream]int{}
		for range 10 {
			got[pick(p, Tried{})]++
		}
		if now := ups(p); got[now[0]] != 5 || got[now[1]] != 5 {
			t.Errorf("after the probes: %v", got)
		}
		if s := p.Stats().Upstreams[2]; s.State != StateNew {
			t.Errorf("the one that refuses is %v", s.State)
		}
		// With nobody in service there is no time for probes.
		if err := p.Update(servers(1, 1)[:0], &message.Failure{Party: message.PartyUpstream, Cause: message.CauseDNSError}); err != nil {
			t.Fatal(err)
		}
		if f := p.NoneLeft(); f == nil || f.Cause != message.CauseDNSError {
			t.Errorf("without servers: %v", f)
		}
		if err := p.Update(all[3:], nil); err != nil {
			t.Fatal(err)
		}
		if pick(p, Tried{}) == nil {
			t.Error("the only one waits for a probe")
		}
	})
}

// All addresses change at once, as when a name moves to another machine.
func TestAllNewServeAtOnce(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(6)[:3], Settings: Settings{SlowStart: time.Hour}})
	if err := p.Update(equalServers(6)[3:], nil); err != nil {
		t.Fatal(err)
	}
	if got := picks(p, 9); got[0] != 3 || got[1] != 3 || got[2] != 3 {
		t.Errorf("picks: %v", got)
	}
}

// The shortest slow start that can be configured.
func TestASlowStartOfNothingMuch(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(2), Settings: Settings{SlowStart: 1}})
	u := ups(p)[0]
	fail(u)
	u.fleet.reached(u, time.Now())
	p.fleet.tend(time.Now().Add(time.Second))
	if got := picks(p, 10); got[0] != 5 {
		t.Errorf("picks: %v", got)
	}
}

func TestAnImpossibleUpdateChangesNothing(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(2)})
	before := ups(p)
	for _, bad := range [][]Server{make([]Server, MaxServers+1), {{}}} {
		if err := p.Update(bad, nil); err == nil || !strings.Contains(err.Error(), "pool app") {
			t.Errorf("got %v", err)
		}
	}
	if now := ups(p); len(now) != 2 || now[0] != before[0] {
		t.Errorf("there are %d upstreams", len(now))
	}
}

// "drain: no new requests, running ones finish, state visible"
func TestDrain(t *testing.T) {
	all := equalServers(3)
	all[0].Drain = true
	p := newTestPool(t, Config{Servers: all})
	u := ups(p)[1]
	running := p.Pick(Tried{}.With(ups(p)[2]), anybody)
	if running != u {
		t.Fatalf("picked %v", running)
	}
	u.Drain(true)
	if got := picks(p, 10); got[2] != 10 {
		t.Errorf("picks: %v, want all on the third", got)
	}
	s := p.Stats()
	if !s.Upstreams[0].Draining || !s.Upstreams[1].Draining || s.Upstreams[2].Draining || s.Upstreams[1].InFlight != 1 {
		t.Errorf("got %+v", s.Upstreams)
	}
	running.release()
	ups(p)[2].Drain(true)
	if f := p.NoneLeft(); pick(p, Tried{}) != nil || !strings.Contains(f.Error(), "drained") {
		t.Errorf("with all drained: %v", f)
	}
	u.Drain(false)
	if pick(p, Tried{}) != u {
		t.Error("one that is not drained any more gets nothing")
	}
}

func TestMaxConnections(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(2), Settings: Settings{MaxConnections: 3}})
	if got := picks(p, 6); got[0] != 3 || got[1] != 3 {
		t.Errorf("picks: %v", got)
	}
	if pick(p, Tried{}) != nil || p.AllOut() {
		t.Error("one more was let through, or they count as out")
	}
	if f := p.NoneLeft(); f.Status() != 503 {
		t.Errorf("those that come then are told %v", f)
	}
	ups(p)[1].release()
	if pick(p, Tried{}) != ups(p)[1] {
		t.Error("a place that is free again is not given")
	}
}

// "the share of a slow-starting Upstream follows its curve"
func TestSlowStartFollowsItsCurve(t *testing.T) {
	for _, policy := range []Policy{RoundRobin, LeastConn} {
		synctest.Test(t, func(t *testing.T) {
			const whole = 20 * time.Second
			p := newTestPool(t, Config{Policy: policy, Servers: equalServers(4), Settings: Settings{SlowStart: whole}})
			n := newNetwork(p)
			defer running(t, p)()
			u := ups(p)[0]
			n.set(u, syscall.ECONNREFUSED)
			fail(u)
			time.Sleep(5 * time.Second)
			n.set(u, nil)
			for stateOf(u) != StateIn {
				time.Sleep(time.Millisecond)
			}
			for passed := time.Duration(0); passed <= whole; passed += whole / 10 {
				synctest.Wait()
				share := math.Max(0.1, math.Min(1, float64(passed)/float64(whole)))
				want := share / (3 + share)
				got := shareOf(p, u, policy)
				if math.Abs(got-want) > 0.02 {
					t.Errorf("policy %d: after %v its part is %.3f, want %.3f", policy, passed, got, want)
				}
				time.Sleep(whole / 10)
			}
			if s := p.Stats().Upstreams[0].Share; s != 1 {
				t.Errorf("in the end it has %v of its weight", s)
			}
			p.fleet.mu.Lock()
			if u.place >= 0 {
				t.Error("it is still planned for")
			}
			p.fleet.mu.Unlock()
		})
	}
}

// shareOf measures which part of many requests u gets that are under way at a
// time.
func shareOf(p *Pool, u *Upstream, policy Policy) float64 {
	const n = 4000
	var open []*Upstream
	got := 0
	for range n {
		v := pick(p, Tried{})
		open = append(open, v)
		if v == u {
			got++
		}
	}
	for _, v := range open {
		v.release()
	}
	return float64(got) / n
}

// One that comes back with all others out is not held back by anything.
func TestHealthAndBalancerBySimulation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, policy := range []Policy{RoundRobin, LeastConn, ClientHash} {
		synctest.Test(t, func(t *testing.T) { simulate(t, policy, rand.New(rand.NewPCG(seed, uint64(policy)))) })
	}
}

// simulate lets Upstreams die and return while requests come, with the prober
// running: none is picked that is known to be out while another is in, each is
// back within its bound, and no place is lost.
func simulate(t *testing.T, policy Policy, dice *rand.Rand) {
	p := newTestPool(t, Config{Policy: policy, Servers: servers(1, 2, 1, 3, 1), Settings: Settings{SlowStart: 5 * time.Second}})
	n := newNetwork(p)
	defer running(t, p)()
	all := ups(p)
	upSince := map[*Upstream]time.Time{}
	down := map[*Upstream]bool{}
	for range 3000 {
		time.Sleep(time.Duration(dice.Int64N(int64(100 * time.Millisecond))))
		if dice.IntN(20) == 0 {
			u := all[dice.IntN(len(all))]
			if down[u] = !down[u]; down[u] {
				n.set(u, syscall.ECONNREFUSED)
			} else {
				n.set(u, nil)
				upSince[u] = time.Now()
			}
		}
		request(t, p, down, dice)
		for _, u := range all {
			if !down[u] && State(u.state.Load()) != StateIn && time.Since(upSince[u]) > time.Second {
				t.Fatalf("%s has been up for %v and is %v", u.Address, time.Since(upSince[u]), stateOf(u))
			}
			if u.inFlight.Load() != 0 {
				t.Fatalf("%s has %d in flight and nobody asks", u.Address, u.inFlight.Load())
			}
		}
	}
}

// request is one Exchange: up to four Attempts.
func request(t *testing.T, p *Pool, down map[*Upstream]bool, dice *rand.Rand) {
	client := randomClient(dice)
	var tried Tried
	for range 4 {
		known := 0
		for _, u := range ups(p) {
			if State(u.state.Load()) == StateIn && !tried.Has(u) {
				known++
			}
		}
		u := p.Pick(tried, Request{Client: client, Replayable: true})
		if u == nil {
			if known > 0 {
				t.Fatalf("%d are in service and nobody was picked", known)
			}
			return
		}
		if s := State(u.state.Load()); known > 0 && s == StateOut {
			t.Fatalf("%s was picked, which is out, with %d in service", u.Address, known)
		}
		tried = tried.With(u)
		began := time.Now()
		c, _, f := u.Get()
		if (f != nil) != down[u] && f != nil {
			t.Fatalf("%s is up: %v", u.Address, f)
		}
		if f == nil {
			u.Succeeded(began, time.Now())
			u.Discard(c)
			return
		}
	}
}
