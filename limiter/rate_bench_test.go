package limiter

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rateKeys returns n hashes of clients.
func rateKeys(n int) []uint64 {
	dice := rand.New(rand.NewPCG(1, 2))
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = dice.Uint64()
	}
	return keys
}

func filledRate(o RateOptions, keys []uint64, now time.Time) *Rate {
	r := NewRate(o)
	for _, k := range keys {
		r.Take(k, now)
	}
	return r
}

// BenchmarkRateTake is a decision for a known client. Of 1e6 clients, in no
// order, it is mostly the memory's time.
func BenchmarkRateTake(b *testing.B) {
	now := time.Now()
	for _, n := range []int{1, 1e3, 1e6} {
		keys := rateKeys(n)
		r := filledRate(RateOptions{PerSecond: 10, Burst: 20, MaxKeys: 2e6}, keys, now)
		rand.Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		b.Run(fmt.Sprintf("%.0e/serial", float64(n)), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Take(keys[i%n], now.Add(time.Duration(i)*100))
			}
		})
		b.Run(fmt.Sprintf("%.0e/parallel", float64(n)), func(b *testing.B) {
			b.ReportAllocs()
			var workers atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for i := int(workers.Add(1)) << 20; pb.Next(); i++ {
					r.Take(keys[i%n], now.Add(time.Duration(i)*100))
				}
			})
		})
	}
}

// BenchmarkRateTakeNew is a decision for a client never seen, when another must
// be evicted for it.
func BenchmarkRateTakeNew(b *testing.B) {
	now := time.Now()
	r := filledRate(RateOptions{PerSecond: 10, Burst: 20}, rateKeys(200_000), now)
	dice := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		r.Take(dice.Uint64(), now)
	}
}

// BenchmarkRateTakeBeside is a decision for one of 1e3 clients, while two other
// processors take tokens of one client without a pause, or of as many others.
func BenchmarkRateTakeBeside(b *testing.B) {
	now := time.Now()
	keys := rateKeys(1000)
	for _, tt := range []struct {
		name   string
		others []uint64
	}{
		{"nobody", nil},
		{"many", rateKeys(2000)[1000:]},
		{"one", []uint64{42}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			r := filledRate(RateOptions{PerSecond: 10, Burst: 20}, keys, now)
			var stop atomic.Bool
			var wg sync.WaitGroup
			for range min(len(tt.others), 2) {
				wg.Go(func() {
					for i := 0; !stop.Load(); i++ {
						r.Take(tt.others[i%len(tt.others)], now)
					}
				})
			}
			for i := 0; b.Loop(); i++ {
				r.Take(keys[i%len(keys)], now)
			}
			stop.Store(true)
			wg.Wait()
		})
	}
}
