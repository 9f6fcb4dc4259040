package upstream

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
)

// picks counts n picks by Upstream.
func picks(p *Pool, n int) []int {
	all := ups(p)
	counts := make([]int, len(all))
	for range n {
		counts[slices.Index(all, pick(p, Tried{}))]++
	}
	return counts
}

// Any window of n·sum(weights) picks gives each exactly its share, wherever it
// begins and whoever is out.
func TestAnyWindowOfPicksIsExactlyFair(t *testing.T) {
	for _, tt := range []struct {
		name    string
		weights []int
		out     []int
		want    []int // of one round
	}{
		{"one", []int{1}, nil, []int{1}},
		{"three alike", []int{1, 1, 1}, nil, []int{1, 1, 1}},
		{"alike means no weights", []int{7, 7, 7}, nil, []int{1, 1, 1}},
		{"weights", []int{5, 1, 1}, nil, []int{5, 1, 1}},
		{"weights by their common divisor", []int{200, 100, 300}, nil, []int{2, 1, 3}},
		{"the neighbour of a dead one gets no more", []int{1, 1, 1, 1}, []int{1}, []int{1, 0, 1, 1}},
		{"half are dead", []int{1, 1, 1, 1, 1, 1}, []int{0, 1, 2}, []int{0, 0, 0, 1, 1, 1}},
		{"weights among the living", []int{3, 1, 2}, []int{1}, []int{3, 0, 2}},
		{"one left", []int{3, 1, 2}, []int{0, 2}, []int{0, 1, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: servers(tt.weights...)})
			for _, i := range tt.out {
				fail(ups(p)[i])
			}
			round := 0
			for _, n := range tt.want {
				round += n
			}
			for begin := range 2*round + 1 {
				const rounds = 3
				got := picks(p, rounds*round)
				for i := range got {
					if got[i] != rounds*tt.want[i] {
						t.Fatalf("window from %d on: got %v, want %d times %v", begin, got, rounds, tt.want)
					}
				}
				pick(p, Tried{}) // the next window begins one later
			}
		})
	}
}

// The order is that of nginx's smooth weighted round robin: its own example is
// {5, 1, 1}, which gives "a a b a c a a" and not "a a a a a b c".
func TestWeightsAreSpread(t *testing.T) {
	for _, tt := range []struct {
		weights []int
		want    string
	}{
		{[]int{5, 1, 1}, "aabacaa"},
		{[]int{4, 2, 1}, "abacaba"},
		{[]int{1, 1, 1}, "abc"},
		{[]int{1, 2}, "bab"},
	} {
		var got strings.Builder
		p := newTestPool(t, Config{Servers: servers(tt.weights...)})
		for _, m := range p.balancer.(*roundRobin).order {
			got.WriteByte('a' + byte(slices.Index(ups(p), m.up)))
		}
		if got.String() != tt.want {
			t.Errorf("%v: got %s, want %s", tt.weights, got.String(), tt.want)
		}
	}
}

// Weights too fine for a ring keep each Upstream within a few picks of its
// share, in every window.
func TestWeightsTooFineForARingStayNearTheirShare(t *testing.T) {
	thousand := make([]int, 1000)
	for i := range thousand {
		thousand[i] = i*37%991 + 1
	}
	for _, tt := range []struct {
		name    string
		weights []int
	}{
		{"two", []int{99991, 1009}},
		{"five", []int{1, 10, 100, 1000, 10001}},
		{"a thousand", thousand},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: servers(tt.weights...)})
			if p.balancer.(*roundRobin).order != nil {
				t.Fatal("this was to be a case without a ring")
			}
			sum := 0
			for _, w := range tt.weights {
				sum += w
			}
			for _, n := range []int{10, 100, 1000, 10_000, 100_000} {
				for i, got := range picks(p, n) {
					share := float64(n) * float64(tt.weights[i]) / float64(sum)
					if off := math.Abs(float64(got) - share); off > 4 {
						t.Errorf("upstream %d of weight %d: %d of %d picks, share is %.1f", i, tt.weights[i], got, n, share)
					}
				}
			}
		})
	}
}

func TestPickPassesOverThoseTried(t *testing.T) {
	p := newTestPool(t, Config{Servers: servers(3, 1, 2, 1)})
	for range 50 {
		var tried Tried
		for range ups(p) {
			u := pick(p, tried)
			if u == nil || tried.Has(u) {
				t.Fatalf("after %d: got %v", tried.Len(), u)
			}
			tried = tried.With(u)
		}
		if u := pick(p, tried); u != nil {
			t.Fatalf("all were tried, got %s", u.Address)
		}
		if p.AllOut() {
			t.Fatal("all tried is not all out")
		}
	}
}

// The second Attempts of those that one Upstream failed are shared by all
// others alike.
func TestSecondAttemptsFavourNobody(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(5)})
	all := ups(p)
	counts := make([]int, 5)
	const requests = 10_000
	for range requests {
		u := pick(p, Tried{})
		i := slices.Index(all, u)
		counts[i]++
		if i == 2 { // answers 503 to all
			counts[slices.Index(all, pick(p, Tried{}.With(u)))]++
		}
	}
	lowest, highest := requests, 0
	for i, n := range counts {
		if i != 2 {
			lowest, highest = min(lowest, n), max(highest, n)
		}
	}
	if highest-lowest > requests/100 {
		t.Errorf("got %v, want all but the third alike within 1 %%", counts)
	}
}

func TestAFullSetOfTriedEndsIt(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(20)})
	var tried Tried
	for range MaxAttempts {
		tried = tried.With(pick(p, tried))
	}
	if !tried.Full() || pick(p, tried) != nil {
		t.Errorf("after %d Attempts there was another", tried.Len())
	}
	if again := tried.With(ups(p)[19]); again != tried {
		t.Error("a full set grew")
	}
}

// A connection of a client has no say: whoever asks, the turns go round.
func TestTurnsGoRoundWhoeverAsks(t *testing.T) {
	p := newTestPool(t, Config{Servers: servers(2, 1, 3)})
	const connections, each = 8, 600
	var wg sync.WaitGroup
	counts := make([][]int, connections)
	for i := range connections {
		wg.Go(func() { counts[i] = picks(p, each) })
	}
	wg.Wait()
	total := make([]int, 3)
	for _, c := range counts {
		for i, n := range c {
			total[i] += n
		}
	}
	if want := []int{1600, 800, 2400}; !slices.Equal(total, want) {
		t.Errorf("got %v, want %v", total, want)
	}
}

// A block of neighbours that die together (a machine with its port range)
// leaves the rest with equal shares.
func TestADeadMachineBurdensNoNeighbour(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(200)})
	for _, u := range ups(p)[40:140] {
		fail(u)
	}
	for i, n := range picks(p, 100*50) {
		want := 50
		if 40 <= i && i < 140 {
			want = 0
		}
		if n != want {
			t.Errorf("upstream %d: %d picks, want %d", i, n, want)
		}
	}
}

func TestAllOutGivesNobodyAndSaysWhy(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(3)})
	for _, u := range ups(p) {
		fail(u)
	}
	if u := pick(p, Tried{}); u != nil {
		t.Fatalf("got %s", u.Address)
	}
	f := p.NoneLeft()
	if !p.AllOut() || f.Status() != 503 || f.Where != ups(p)[2].Address {
		t.Errorf("got %v with status %d", f, f.Status())
	}
	if !strings.Contains(f.Error(), "all of 3 upstreams are out") || !strings.Contains(f.Error(), "connection_refused") {
		t.Errorf("got %q, want it to say that all are out and why", f)
	}
}

func TestAPoolOfNoneGivesNobody(t *testing.T) {
	p := newTestPool(t, Config{})
	if pick(p, Tried{}) != nil || !p.AllOut() || p.NoneLeft() == nil {
		t.Error("an empty pool gave somebody")
	}
}

func TestImpossibleServersAreRefused(t *testing.T) {
	for _, s := range [][]Server{
		{{Addr: netip.MustParseAddrPort("192.0.2.1:0")}},
		{{}},
		{{Addr: netip.MustParseAddrPort("192.0.2.1:80"), Weight: -1}},
		{{Addr: netip.MustParseAddrPort("192.0.2.1:80"), Weight: maxWeight + 1}},
		make([]Server, MaxServers+1),
	} {
		if _, err := NewFleet(nil).NewPool(Config{Servers: s}); err == nil {
			t.Errorf("%d servers such as %v were taken", len(s), s[0])
		}
	}
}

// Random weights and outages: each window of the ring's length is exact.
func TestFairnessBySimulation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		weights := make([]int, 1+dice.IntN(20))
		for i := range weights {
			weights[i] = 1 + dice.IntN(9)
		}
		p := newTestPool(t, Config{Servers: servers(weights...)})
		reducedWeights, _ := reduced(p.members)
		for _, u := range ups(p)[1:] {
			if dice.IntN(3) == 0 {
				fail(u)
			}
		}
		for range dice.IntN(50) {
			pick(p, Tried{})
		}
		got := picks(p, len(p.service.Load().picker.(*ring).slots))
		for i, u := range ups(p) {
			want := reducedWeights[i]
			if u.health.state == StateOut {
				want = 0
			}
			if got[i] != want {
				t.Fatalf("weights %v: upstream %d got %d of a round, want %d", weights, i, got[i], want)
			}
		}
	}
}
