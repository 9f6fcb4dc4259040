package limiter

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// "A client with > 1/64 of refusals is always in", whatever the others do and in
// whatever order they come.
func TestWhoComesOftenIsAlwaysFound(t *testing.T) {
	for seed := range uint64(200) {
		dice := rand.New(rand.NewPCG(seed, 7))
		var top Top[uint64]
		now := time.Unix(1_800_000_000, 0)
		came := map[uint64]int{}
		n := 500 + dice.IntN(5000)
		heavy, share := uint64(1), 1.2/topCounters
		strangers := dice.Uint64N(5000) + 1
		for i := range n {
			key := 2 + dice.Uint64N(strangers)
			if dice.Float64() < share || i > n-dice.IntN(20) { // also when strangers come last
				key = heavy
			}
			came[key]++
			top.Add(key, key, now)
		}
		found := map[uint64]float64{}
		for _, k := range top.Most(topCounters, now) {
			found[k.Value] = k.Count
		}
		if len(found) > topCounters {
			t.Fatalf("seed %d: %d keys", seed, len(found))
		}
		for key, times := range came {
			if count, in := found[key]; times*topCounters > n && (!in || count < float64(times)) {
				t.Errorf("seed %d: key %d came %d times of %d, and counts %v", seed, key, times, n, count)
			}
		}
	}
}

// "Decayed by the minute."
func TestWhatWasCountedFades(t *testing.T) {
	var top Top[string]
	now := time.Unix(1_800_000_000, 0)
	for range 100 {
		top.Add(1, "early", now)
	}
	if got := top.Most(5, now.Add(topHalfLife)); len(got) != 1 || got[0].Count != 50 || !got[0].Last.Equal(now) {
		t.Errorf("after a minute: %+v", got)
	}
	for range 60 {
		top.Add(2, "late", now.Add(topHalfLife))
	}
	if got := top.Most(1, now.Add(topHalfLife)); len(got) != 1 || got[0].Value != "late" {
		t.Errorf("most: %+v", got)
	}
	if got := top.Most(5, now.Add(10*topHalfLife)); len(got) != 0 {
		t.Errorf("after ten minutes: %+v", got)
	}
	top.Add(3, "now", now.Add(1000*topHalfLife))
	if got := top.Most(5, now.Add(1000*topHalfLife)); len(got) != 1 || got[0].Count != 1 {
		t.Errorf("after long: %+v", got)
	}
	if got := new(Top[string]).Most(5, now); len(got) != 0 {
		t.Errorf("of none: %+v", got)
	}
}

// Refusing stays cheap: it allocates nothing, and nobody waits.
func TestATopIsCheap(t *testing.T) {
	var top Top[int]
	now := time.Now()
	key := uint64(0)
	if n := testing.AllocsPerRun(1000, func() { key++; top.Add(key%100, 1, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 1000 {
				top.Add(uint64(i), i, now)
				top.Most(3, now)
			}
		})
	}
	all.Wait()
}

func BenchmarkTop(b *testing.B) {
	var top Top[int]
	now := time.Now()
	b.ReportAllocs()
	for key := uint64(0); b.Loop(); key++ {
		top.Add(key*0x9e3779b97f4a7c15, 1, now)
	}
}
