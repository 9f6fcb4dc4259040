package upstream

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// "who has the fewest Attempts under way for its weight"
func TestLeastConnPicksTheEmptiest(t *testing.T) {
	for _, tt := range []struct {
		name     string
		weights  []int
		inFlight []int64
		want     []int // in this order; those that end stay
	}{
		{"who has none", []int{1, 1, 1}, []int64{3, 0, 1}, []int{1, 1, 2}},
		{"by weight", []int{1, 4}, []int64{1, 3}, []int{1}},
		{"a heavy one takes four", []int{1, 4}, []int64{1, 0}, []int{1, 1, 1, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Policy: LeastConn, Servers: servers(tt.weights...)})
			all := ups(p)
			for i, n := range tt.inFlight {
				all[i].inFlight.Store(n)
			}
			for i, want := range tt.want[:1] {
				if got := slices.Index(all, pick(p, Tried{})); got != want {
					t.Errorf("pick %d: got %d, want %d", i+1, got, want)
				}
			}
		})
	}
}

// Among equals they take turns, so that a quiet Pool does not send all to the
// first.
func TestLeastConnTakesTurnsAmongEquals(t *testing.T) {
	p := newTestPool(t, Config{Policy: LeastConn, Servers: equalServers(4)})
	counts := map[*Upstream]int{}
	for range 400 {
		u := pick(p, Tried{})
		counts[u]++
		u.release()
	}
	for _, u := range ups(p) {
		if counts[u] != 100 {
			t.Errorf("%s: %d of 400 picks", u.Address, counts[u])
		}
	}
}

// A random history of begins and ends, short and long: no Upstream ever has
// many more than its share, few of them or many.
func TestLeastConnStaysEven(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for _, tt := range []struct{ n, most int }{{3, 2}, {16, 2}, {100, 6}, {1000, 6}} {
		p := newTestPool(t, Config{Policy: LeastConn, Servers: equalServers(tt.n)})
		all := ups(p)
		var open []*Upstream
		for range 50 * tt.n {
			if len(open) > 5*tt.n || len(open) > 0 && dice.IntN(3) == 0 {
				i := dice.IntN(len(open))
				open[i].release()
				open[i] = open[len(open)-1]
				open = open[:len(open)-1]
				continue
			}
			u := pick(p, Tried{})
			open = append(open, u)
			mean := float64(len(open)) / float64(tt.n)
			if over := float64(u.inFlight.Load()) - math.Ceil(mean); over > float64(tt.most) {
				t.Fatalf("%d upstreams: one was given its %d. of %d", tt.n, u.inFlight.Load(), len(open))
			}
		}
		// One that is new to the fight, with nothing, is filled first among few.
		if tt.n <= scanAll {
			all[1].inFlight.Store(0)
			if u := pick(p, Tried{}); u != all[1] && u.inFlight.Load() > 1 {
				t.Errorf("%d upstreams: the empty one was passed over", tt.n)
			}
		}
	}
}

// What holds for every policy: never one that is out, tried or full while
// another is there, and none when there is none.
func TestEveryPolicyFindsWhoIsThere(t *testing.T) {
	for _, policy := range []Policy{RoundRobin, LeastConn, ClientHash} {
		for _, n := range []int{1, 3, 40} {
			seed := rand.Uint64()
			dice := rand.New(rand.NewPCG(seed, 0))
			p := newTestPool(t, Config{Policy: policy, Servers: equalServers(n), Settings: Settings{MaxConnections: 2}})
			all := ups(p)
			for range 300 {
				u := all[dice.IntN(n)]
				if dice.IntN(2) == 0 {
					fail(u)
				} else {
					u.fleet.reached(u, u.health.left)
				}
				for _, u := range all {
					u.inFlight.Store(int64(dice.IntN(4)))
				}
				var tried Tried
				for range dice.IntN(4) {
					tried = tried.With(all[dice.IntN(n)])
				}
				free := 0
				for _, u := range all {
					if stateOf(u) == StateIn && !tried.Has(u) && u.inFlight.Load() < 2 {
						free++
					}
				}
				got := p.Pick(tried, Request{Client: randomClient(dice)})
				switch {
				case (got != nil) != (free > 0):
					t.Fatalf("seed %d, policy %d: %d are free, picked %v", seed, policy, free, got)
				case got != nil && (stateOf(got) != StateIn || tried.Has(got) || got.inFlight.Load() > 2):
					t.Fatalf("seed %d, policy %d: %s is %v, was tried: %v, has %d", seed, policy, got.Address, stateOf(got), tried.Has(got), got.inFlight.Load())
				}
			}
		}
	}
}
