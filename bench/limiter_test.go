package main

import (
	"math"
	"runtime"
	"testing"
	"time"

	"sluice/limiter"
)

const (
	manyClients = 1_000_000
	roomyKeys   = manyClients * 5 / 4 // max_keys with some room, as keys are not spread evenly inside
	fewKeys     = 100_000             // max_keys that a million clients do not fit into
)

// BenchmarkMillionClients is P9: a decision for one of a million clients, how
// exact all of them are, and what the limiter holds.
func BenchmarkMillionClients(b *testing.B) {
	keys := make([]uint64, manyClients)
	dice := seeded(9)
	for i := range keys {
		keys[i] = dice.Uint64()
	}
	empty := liveHeap()
	l := newLimiter(roomyKeys)
	now := time.Now()
	meet(l, keys, now)
	memory := liveHeap() - empty

	for i := 0; b.Loop(); i++ {
		l.Take(keys[i%manyClients], now.Add(time.Duration(i)*100))
	}
	runtime.KeepAlive(l)
	b.ReportMetric(memory, "MB")

	empty = liveHeap()
	small := newLimiter(fewKeys)
	meet(small, keys[:2*fewKeys], now) // until all of its parts are full
	b.ReportMetric(liveHeap()-empty, "MB-full")
	meet(small, keys, now)
	b.ReportMetric(liveHeap()-empty, "MB-flooded")
	runtime.KeepAlive(small)

	b.ReportMetric(percentOff(keys, roomyKeys, manyClients*20), "%off")
	b.ReportMetric(percentOff(keys, manyClients, manyClients*20), "%off-tight")
}

// Each client may ask once a second, five times at once.
const (
	manyRate  = 1
	manyBurst = 5
)

func newLimiter(maxKeys int) *limiter.Rate {
	return limiter.NewRate(limiter.RateOptions{PerSecond: manyRate, Burst: manyBurst, MaxKeys: maxKeys})
}

// meet lets all clients ask once.
func meet(l *limiter.Rate, keys []uint64, now time.Time) {
	for _, k := range keys {
		l.Take(k, now)
	}
}

// liveHeap is what the garbage collector leaves, in MB.
func liveHeap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / megabyte
}

// percentOff is by how much what a limiter allows differs from exact token
// buckets, of clients that ask at random, twice a second each.
func percentOff(keys []uint64, maxKeys, requests int) float64 {
	l := newLimiter(maxKeys)
	exact := make([]exactBucket, len(keys))
	for i := range exact {
		exact[i].tokens = manyBurst
	}
	dice := seeded(10)
	start := time.Now()
	every := float64(time.Second) / 2 / float64(len(keys))
	allowed, due := 0, 0
	for i := range requests {
		client := dice.IntN(len(keys))
		at := time.Duration(float64(i) * every)
		if l.Take(keys[client], start.Add(at)).OK {
			allowed++
		}
		if exact[client].take(at) {
			due++
		}
	}
	return 100 * math.Abs(float64(allowed-due)) / float64(due)
}

// exactBucket is a token bucket as the book has it.
type exactBucket struct {
	tokens float64
	last   time.Duration
}

func (e *exactBucket) take(now time.Duration) bool {
	e.tokens = min(manyBurst, e.tokens+manyRate*(now-e.last).Seconds())
	e.last = now
	if e.tokens < 1-1e-6 {
		return false
	}
	e.tokens--
	return true
}

// TestAFewClientsAreLimitedExactly makes sure that the yardstick and the
// limiter mean the same.
func TestAFewClientsAreLimitedExactly(t *testing.T) {
	keys := []uint64{1, 2, 3, 1 << 63}
	if off := percentOff(keys, fewKeys, 1000); off > 0.5 {
		t.Errorf("the limiter is %.2f %% off", off)
	}
}

func TestParseLimiter(t *testing.T) {
	output := `goos: linux
BenchmarkMillionClients 	17000000	       117.5 ns/op	         0.1 %off	         1.5 %off-tight	       190 MB	        19.5 MB-full	        19.6 MB-flooded
BenchmarkMillionClients-4 	17000000	       120 ns/op	         0.2 %off	         1.5 %off-tight	       190 MB	        19.5 MB-full	        19.6 MB-flooded
PASS
`
	got, err := parseLimiter(output)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v; want two samples", got, err)
	}
	want := limiterSample{decision: 117.5, off: 0.1, offTight: 1.5, memory: 190, full: 19.5, flooded: 19.6}
	if *got[0].limiter != want || got[0].value != 117.5 {
		t.Errorf("got %+v, want %+v", *got[0].limiter, want)
	}
	for _, output := range []string{"", "PASS\n", "BenchmarkMillionClients 1 117 ns/op\n", "BenchmarkMillionClients 1 x ns/op\n"} {
		if _, err := parseLimiter(output); err == nil {
			t.Errorf("%q: want an error", output)
		}
	}
}
