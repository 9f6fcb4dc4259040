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

// Of a flood in which each key comes once, none has come often, whoever's counter
// it took over; one that does come often is told apart.
func TestAFloodOfKeysMakesNoneFrequent(t *testing.T) {
	var top Top[uint64]
	now := time.Unix(1_800_000_000, 0)
	for i := range uint64(100_000) {
		top.Add(i, i, now)
		if i%100 == 0 {
			top.Add(1<<40, 1<<40, now)
		}
	}
	all := top.Most(10, now)
	if len(all) != 10 || all[1].Least > 1 {
		t.Errorf("keys that came once: %+v", all)
	}
	for i := range uint64(1000) {
		top.Add(1<<50, 1<<50, now)
		top.Add(i, i, now)
	}
	if best := top.Most(10, now)[0]; best.Value != 1<<50 || best.Least < 900 || best.Least > 1000 {
		t.Errorf("one that came a thousand times: %+v", best)
	}
	if late := top.Most(10, now.Add(topHalfLife))[0]; late.Least < 450 || late.Least > 500 {
		t.Errorf("after a minute: %+v", late)
	}
}
