package limiter

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestAPieceWaitsUntilItMayGo(t *testing.T) {
	const ms, second, kib = time.Millisecond, time.Second, 1 << 10
	type piece struct {
		at   time.Duration
		n    int
		want time.Duration
	}
	for _, tt := range []struct {
		name      string
		perSecond int64
		pieces    []piece
	}{
		{"the burst is a tenth of a second", 1_000_000, []piece{
			{0, 60_000, 0},
			{0, 40_000, 0},
			{0, 1000, 1 * ms},
			{0, 1000, 2 * ms},
			{2 * ms, 0, 0},
			{2 * ms, -5, 0},
			{2 * ms, 1000, 1 * ms},
			{500 * ms, 100_000, 0},
			{510 * ms, 10_000, 0},
		}},
		{"and at least 16 KiB", kib, []piece{
			{0, 16 * kib, 0},
			{0, kib, second},
			{2 * second, kib, 0},
		}},
		{"a piece larger than the burst costs its time", 16 * kib, []piece{
			{0, 64 * kib, 3 * second},
			{3 * second, 16 * kib, second},
			{time.Hour, 64 * kib, 3 * second},
		}},
		{"a clock that is behind gives nothing", 1_000_000, []piece{
			{10 * ms, 100_000, 0},
			{0, 1000, 1 * ms},
			{10 * ms, 1000, 2 * ms},
		}},
		{"less than 1 counts as 1", -7, []piece{
			{0, 16*kib + 2, 2 * second},
			{0, math.MaxInt, math.MaxInt64},
			{0, math.MaxInt, math.MaxInt64},
		}},
		{"more than anybody has", math.MaxInt64, []piece{
			{0, math.MaxInt32, 0},
			{0, math.MaxInt32, 0},
		}},
	} {
		p := NewPace(tt.perSecond)
		for i, piece := range tt.pieces {
			if got := p.Delay(piece.n, rateStart.Add(piece.at)); rateApart(got, piece.want) {
				t.Errorf("%s: piece %d waits %v, want %v", tt.name, i, got, piece.want)
			}
		}
	}
}

// pacePiece is n bytes that went at a time.
type pacePiece struct {
	at time.Duration
	n  int
}

// paceWorst returns by how many bytes the fullest of all windows is over
// burst + rate·time.
func paceWorst(pieces []pacePiece, rate, burst float64) float64 {
	// Between pieces i and j: sum(i..j) - rate·(at j - at i), the largest of
	// which is found in one pass (Kadane).
	slices.SortFunc(pieces, func(a, b pacePiece) int { return cmp.Compare(a.at, b.at) })
	worst, open := math.Inf(-1), 0.0
	for i, p := range pieces {
		if i > 0 {
			open = max(open-rate*(p.at-pieces[i-1].at).Seconds(), 0)
		}
		open += float64(p.n)
		worst = max(worst, open)
	}
	return worst - burst
}

// "Over any window, bytes ≤ burst + rate·time": streams that write pieces of
// random sizes, some larger than the burst, at random times, each waiting as
// told, from the latest of clocks up to 20 ms behind. And what is asked without a pause comes
// at the full rate.
func TestThePaceHoldsOverAnyWindow(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		rate := 1 << (5 + dice.IntN(30))
		p := NewPace(int64(rate))
		largest := 1 << dice.IntN(18)
		clock, busy := time.Duration(0), dice.IntN(2) == 0
		latest := -time.Hour
		var pieces []pacePiece
		sum, end := 0, time.Duration(0)
		for range 500 {
			n := 1 + dice.IntN(largest)
			if !busy {
				clock += time.Duration(dice.ExpFloat64() * float64(n) / float64(rate) * 1e9)
			}
			lag := time.Duration(dice.Int64N(int64(20 * time.Millisecond)))
			latest = max(latest, clock-lag)
			at := latest + p.Delay(n, rateStart.Add(clock-lag))
			pieces = append(pieces, pacePiece{at, n})
			sum, end = sum+n, max(end, at)
		}
		bound := max(p.burst, float64(largest))
		if over := paceWorst(pieces, float64(rate), bound); over > 1+float64(rate)*2e-9 {
			t.Fatalf("%d bytes a second, pieces up to %d: %v bytes too many in some window", rate, largest, over)
		}
		if want := (float64(sum) - p.burst) / float64(rate); busy && end.Seconds() > max(want, 0)+1e-6 {
			t.Fatalf("%d bytes a second: %d bytes took %v, want %v s", rate, sum, end, want)
		}
	}
}

// Each piece has a place of its own in the line, whichever stream it is of.
func TestThePaceHoldsInParallel(t *testing.T) {
	const rate, streams, count, n = 1 << 20, 8, 500, 1 << 10
	p := NewPace(rate)
	var wg sync.WaitGroup
	var waits [streams][]time.Duration
	for w := range streams {
		wg.Go(func() {
			for range count {
				waits[w] = append(waits[w], p.Delay(n, rateStart))
			}
		})
	}
	wg.Wait()
	all := slices.Concat(waits[:]...)
	slices.Sort(all)
	for i, got := range all {
		seconds := (float64((i+1)*n) - p.burst) / rate
		if want := time.Duration(max(seconds, 0) * 1e9); rateApart(got, want) {
			t.Fatalf("piece %d waits %v, want %v", i, got, want)
		}
	}
	if got := p.Stats().Bytes; got != streams*count*n {
		t.Errorf("%d bytes were counted, want %d", got, streams*count*n)
	}
}

func TestDelayCostsNoAllocation(t *testing.T) {
	p := NewPace(1000)
	if got := testing.AllocsPerRun(1000, func() { p.Delay(1000, rateStart) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkPaceDelay(b *testing.B) {
	p := NewPace(1 << 30)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Delay(16<<10, rateStart.Add(time.Duration(i)*15*time.Microsecond))
	}
}
