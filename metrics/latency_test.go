package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// "≤ 6 % wide buckets, 50 µs to 100 s."
func TestBucketsOfLatencyAreNarrow(t *testing.T) {
	for d := latencyFrom; d <= 100*time.Second; d += d/97 + 1 {
		b := latencyBucket(d)
		if middle := latencyMiddle(b); math.Abs(float64(middle-d)) > 0.03*float64(d) {
			t.Fatalf("%v counts as %v", d, middle)
		}
		if b < latencyBucket(d-1) {
			t.Fatalf("%v is in bucket %d, before what is less", d, b)
		}
	}
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, latencyFrom, time.Hour, math.MaxInt64} {
		if b := latencyBucket(d); b < 0 || b >= latencyBuckets {
			t.Errorf("%v is in bucket %d of %d", d, b, latencyBuckets)
		}
	}
	for b := range latencyBuckets {
		if got := latencyBucket(latencyMiddle(b)); got != b {
			t.Errorf("the middle of %d is in %d", b, got)
		}
	}
}

// The quantiles of whatever durations are true within 6 %.
func TestQuantiles(t *testing.T) {
	shares := []float64{0.5, 0.9, 0.99}
	for seed := range uint64(50) {
		dice := rand.New(rand.NewPCG(seed, 1))
		m := newMetrics("test", 3)
		var all []time.Duration
		for range 1 + dice.IntN(2000) {
			d := time.Duration(50_000 * math.Exp(dice.Float64()*14))
			all = append(all, d)
			m.Exchange(&Observation{Status: 200, Total: d})
		}
		slices.Sort(all)
		var s Snapshot
		m.Snapshot(&s)
		for i, got := range s.Latency.Quantiles(shares...) {
			want := all[int(math.Ceil(shares[i]*float64(len(all))))-1]
			if math.Abs(float64(got-want)) > 0.06*float64(want) {
				t.Errorf("seed %d: %v of %d: %v, want %v", seed, shares[i], len(all), got, want)
			}
		}
	}
	if got := new(Latency).Quantiles(shares...); !slices.Equal(got, make([]time.Duration, 3)) {
		t.Errorf("of none: %v", got)
	}
}

// What is between two looks.
func TestLatencySince(t *testing.T) {
	m := shop()
	for range 100 {
		m.Exchange(&Observation{Status: 200, Total: time.Second})
	}
	var before, after Snapshot
	m.Snapshot(&before)
	m.Exchange(&Observation{Status: 101, Total: time.Hour}) // "Tunnels (101) are without duration"
	m.Exchange(&Observation{Status: 200, Total: 10 * time.Millisecond})
	m.Snapshot(&after)
	got := after.Latency.Since(&before.Latency).Quantiles(0.5, 0.99)
	for _, d := range got {
		if d < 9700*time.Microsecond || d > 10300*time.Microsecond {
			t.Errorf("%v, want 10ms", got)
		}
	}
}

func TestASnapshotIsOfAllThatWasCounted(t *testing.T) {
	m := shop()
	m.Exchange(&Observation{Site: "shop.example.com", Status: 200, Cache: "hit", BytesIn: 7, BytesOut: 11, Attempts: 1})
	m.Exchange(&Observation{Site: "shop.example.com", Status: 503, Cause: "shed", Degraded: "page", BytesIn: -1, BytesOut: 5})
	m.Exchange(&Observation{Status: 421, Cause: "misdirected"})
	var s Snapshot
	for range 2 { // and again
		m.Snapshot(&s)
	}
	if s.Classes != [6]uint64{0, 1, 0, 1, 1, 0} || s.BytesIn != 7 || s.BytesOut != 16 || s.Attempts != 1 {
		t.Errorf("%+v", s.Classes)
	}
	if s.Causes["shed"] != 1 || s.Causes["misdirected"] != 1 || s.Degraded["page"] != 1 || s.Cached["hit"] != 1 {
		t.Errorf("%v %v %v", s.Causes, s.Degraded, s.Cached)
	}
	sites := m.SiteCounts()
	if sites["shop.example.com"] != (SiteCounts{2, 1}) || sites[""] != (SiteCounts{1, 0}) {
		t.Errorf("%v", sites)
	}
	if n := testing.AllocsPerRun(100, func() { m.Snapshot(&s) }); n != 0 {
		t.Errorf("a snapshot allocates %v times", n)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	m := newMetrics("test", maxLanes)
	m.Exchange(&success)
	var s Snapshot
	b.ReportAllocs()
	for b.Loop() {
		m.Snapshot(&s)
	}
}
