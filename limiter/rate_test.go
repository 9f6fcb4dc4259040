package limiter

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

// rateStart is when the tests' clocks begin.
var rateStart = time.Now()

const rateNever = time.Duration(math.MaxInt64)

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	const ms = time.Millisecond
	type ask struct {
		at   time.Duration
		want RateDecision
	}
	for _, tt := range []struct {
		name    string
		options RateOptions
		asks    []ask
	}{
		{"10/s, burst 3", RateOptions{PerSecond: 10, Burst: 3}, []ask{
			{0, RateDecision{true, 0, 2, 100 * ms}},
			{0, RateDecision{true, 0, 1, 200 * ms}},
			{0, RateDecision{true, 0, 0, 300 * ms}},
			{0, RateDecision{false, 100 * ms, 0, 300 * ms}},
			{40 * ms, RateDecision{false, 60 * ms, 0, 260 * ms}},
			{100 * ms, RateDecision{true, 0, 0, 300 * ms}},
			{350 * ms, RateDecision{true, 0, 1, 150 * ms}},
			{time.Hour, RateDecision{true, 0, 2, 100 * ms}},
		}},
		{"20/m, burst 1", RateOptions{PerSecond: 20.0 / 60, Burst: 1}, []ask{
			{0, RateDecision{true, 0, 0, 3 * time.Second}},
			{2999 * ms, RateDecision{false, ms, 0, ms}},
			{3000 * ms, RateDecision{true, 0, 0, 3 * time.Second}},
			{6000 * ms, RateDecision{true, 0, 0, 3 * time.Second}},
		}},
		{"a clock that is behind counts as the latest", RateOptions{PerSecond: 10, Burst: 2}, []ask{
			{500 * ms, RateDecision{true, 0, 1, 100 * ms}},
			{0, RateDecision{true, 0, 0, 200 * ms}},
			{500 * ms, RateDecision{false, 100 * ms, 0, 200 * ms}},
			{400 * ms, RateDecision{false, 100 * ms, 0, 200 * ms}},
			{600 * ms, RateDecision{true, 0, 0, 200 * ms}},
		}},
		{"nothing after the burst", RateOptions{Burst: 1}, []ask{
			{0, RateDecision{true, 0, 0, rateNever}},
			{time.Hour, RateDecision{false, rateNever, 0, rateNever}},
		}},
		{"below 0", RateOptions{PerSecond: -1, Burst: -1, MaxKeys: -1}, []ask{
			{0, RateDecision{true, 0, 0, rateNever}},
			{time.Hour, RateDecision{false, rateNever, 0, rateNever}},
		}},
		{"not a number", RateOptions{PerSecond: math.NaN(), Burst: 1}, []ask{
			{0, RateDecision{true, 0, 0, rateNever}},
			{time.Hour, RateDecision{false, rateNever, 0, rateNever}},
		}},
		{"infinite", RateOptions{PerSecond: math.Inf(1), Burst: 1}, []ask{
			{0, RateDecision{true, 0, 1, 0}},
			{0, RateDecision{true, 0, 1, 0}},
		}},
	} {
		r := NewRate(tt.options)
		for i, a := range tt.asks {
			got := r.Take(1, rateStart.Add(a.at))
			// A token of 20/m is no whole number of nanoseconds.
			if got.Remaining != a.want.Remaining || got.OK != a.want.OK || rateApart(got.RetryAfter, a.want.RetryAfter) || rateApart(got.Reset, a.want.Reset) {
				t.Errorf("%s: request %d: got %+v, want %+v", tt.name, i, got, a.want)
			}
		}
	}
}

func rateApart(a, b time.Duration) bool { return (a - b).Abs() > 50 }

func TestKeysDoNotShareTokens(t *testing.T) {
	r := NewRate(RateOptions{PerSecond: 1, Burst: 1})
	for key := range uint64(10_000) {
		if !r.Take(key, rateStart).OK || r.Take(key, rateStart).OK {
			t.Fatalf("key %d is not allowed exactly one", key)
		}
	}
	if got, want := r.Stats(), (RateStats{Keys: 10_000, MaxKeys: 100_000, Allowed: 10_000, Refused: 10_000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// rateModel is a bucket in whole numbers: drops are nanoseconds times tokens a
// second.
type rateModel struct {
	perSecond, burst int64
	drops            int64
	latest           time.Duration
}

// tokens returns what the bucket has at a time, which is the latest if that is
// later.
func (m *rateModel) tokens(at time.Duration) float64 {
	if at > m.latest {
		m.drops = min(m.drops+int64(at-m.latest)*m.perSecond, m.burst*1e9)
		m.latest = at
	}
	return float64(m.drops) / 1e9
}

// Random traffic (lulls, bursts, floods) with clocks up to 50 ms behind: each
// decision is that of the model, Remaining is how many more are allowed at
// once, and RetryAfter is when the next is.
func TestDecisionsAreThoseOfAnExactBucket(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		m := rateModel{perSecond: dice.Int64N(1000) + 1, burst: dice.Int64N(50) + 1}
		m.latest = -time.Hour // full since
		m.drops = m.burst * 1e9
		r := NewRate(RateOptions{PerSecond: float64(m.perSecond), Burst: int(m.burst), MaxKeys: 1})
		var clock time.Duration
		pressure := 1.0
		for i := range 500 {
			if i%50 == 0 {
				pressure = []float64{0.2, 1, 3, 50}[dice.IntN(4)]
			}
			clock += time.Duration(dice.ExpFloat64() / pressure / float64(m.perSecond) * 1e9)
			at := clock - time.Duration(dice.Int64N(int64(50*time.Millisecond)))
			has := m.tokens(at)
			got := r.Take(1, rateStart.Add(at))
			if got.OK {
				m.drops -= 1e9
			}
			if near := math.Abs(has-1) < 1e-6; got.OK != (has >= 1) && !near {
				t.Fatalf("%d/s, burst %d: %+v, and the bucket had %v", m.perSecond, m.burst, got, has)
			}
			left := m.tokens(at)
			if f := float64(got.Remaining); f > left+1e-6 || f < math.Floor(left-1e-6) {
				t.Fatalf("%d/s, burst %d: %+v, and %v are left", m.perSecond, m.burst, got, left)
			}
			if wait := (1 - left) / float64(m.perSecond); !got.OK && math.Abs(got.RetryAfter.Seconds()-wait) > 1e-6 {
				t.Fatalf("%d/s, burst %d: %+v, and the next token is %v s away", m.perSecond, m.burst, got, wait)
			}
		}
	}
}

// Who waits for RetryAfter is allowed, and who comes a little earlier is not.
func TestRetryAfterIsWhenATokenIsThere(t *testing.T) {
	for _, perSecond := range []float64{1.0 / 86400, 1.0 / 60, 0.3, 1, 7, 333, 99_999, 1e6} {
		r := NewRate(RateOptions{PerSecond: perSecond, Burst: 1})
		now := rateStart
		r.Take(1, now)
		for i := range 1000 {
			d := r.Take(1, now)
			if d.OK || d.RetryAfter <= 0 {
				t.Fatalf("%v/s: request %d: %+v", perSecond, i, d)
			}
			early := d.RetryAfter - d.RetryAfter/1000 - 2
			if r.Take(1, now.Add(early)).OK {
				t.Fatalf("%v/s: allowed after %v, though not before %v", perSecond, early, d.RetryAfter)
			}
			if now = now.Add(d.RetryAfter); !r.Take(1, now).OK {
				t.Fatalf("%v/s: refused after %v, as told to wait", perSecond, d.RetryAfter)
			}
		}
	}
}

// Remaining is how many more are allowed at the same time, also where a rate
// makes no whole nanoseconds.
func TestRemainingIsHowManyMoreAreAllowed(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	for range 10_000 {
		perSecond := math.Exp(dice.Float64()*26 - 12)
		r := NewRate(RateOptions{PerSecond: perSecond, Burst: 4, MaxKeys: 1})
		now := rateStart
		d := r.Take(1, now)
		for range dice.IntN(4) {
			d = r.Take(1, now)
		}
		now = now.Add(d.Reset - d.RetryAfter*time.Duration(dice.IntN(2))) // 4 tokens or 3
		for left := r.Take(1, now).Remaining; left > 0; left-- {
			if d = r.Take(1, now); !d.OK || d.Remaining != left-1 {
				t.Fatalf("%v/s: %+v, and %d were said to remain", perSecond, d, left)
			}
		}
		if d = r.Take(1, now); d.OK {
			t.Fatalf("%v/s: %+v, and none were said to remain", perSecond, d)
		}
	}
}

// "1,000,000 distinct clients through one limiter: accuracy within 2 % of
// rate·time + burst, memory bounded as configured". Here each is allowed what
// it must be to the request: 2 at once, and one a second for 3 seconds.
func TestAMillionClientsAreEachAllowedTheirShare(t *testing.T) {
	clients, seconds := 1_000_000, 3
	if testing.Short() {
		clients = 10_000
	}
	var before, after runtime.MemStats
	keys := rateKeys(clients)
	allowed := make([]uint8, clients)
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := NewRate(RateOptions{PerSecond: 1, Burst: 2, MaxKeys: clients * 5 / 4})
	for second := range seconds + 1 {
		if second == 1 {
			continue // all are quiet, and may catch up
		}
		for i, key := range keys {
			now := rateStart.Add(time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(clients))
			for r.Take(key, now).OK {
				allowed[i]++
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for i, got := range allowed {
		if want := seconds + 2; int(got) != want {
			t.Fatalf("client %d was allowed %d, want %d", i, got, want)
		}
	}
	s := r.Stats()
	if s.Keys != clients || s.Evicted != 0 {
		t.Errorf("%+v, want %d keys and none evicted", s, clients)
	}
	each := float64(after.HeapAlloc-before.HeapAlloc) / float64(clients)
	t.Logf("%.0f bytes a key", each)
	if each > 250 {
		t.Errorf("%.0f bytes a key, at most 250 are told", each)
	}
}

// Four processors whose clocks are apart ask for the same keys.
func TestTheRateHoldsInParallel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	const keys, perSecond, burst, span = 100, 50, 20, 10 * time.Second
	r := NewRate(RateOptions{PerSecond: perSecond, Burst: burst, MaxKeys: 10_000})
	var wg sync.WaitGroup
	var allowed [4][keys]int
	for w := range allowed {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(seed, uint64(w)))
			for at := time.Duration(0); at < span; at += 5 * time.Millisecond {
				for k := range keys {
					lag := time.Duration(dice.Int64N(int64(20 * time.Millisecond)))
					if r.Take(uint64(k), rateStart.Add(at-lag)).OK {
						allowed[w][k]++
					}
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	total := 0
	for k := range keys {
		sum := 0
		for w := range allowed {
			sum += allowed[w][k]
		}
		total += sum
		want := perSecond*span.Seconds() + burst
		if float64(sum) > want || float64(sum) < want*0.98 {
			t.Errorf("key %d was allowed %d, want %v, or up to 2 %% less", k, sum, want)
		}
	}
	if s := r.Stats(); s.Allowed != uint64(total) || s.Allowed+s.Refused != 4*keys*2000 || s.Keys != keys {
		t.Errorf("%+v, and %d were allowed", s, total)
	}
}

func TestAFloodOfNewKeysNeverGrows(t *testing.T) {
	for _, most := range []int{1, 2, 511, 1000, 3000, 100_000} {
		r := NewRate(RateOptions{PerSecond: 1, Burst: 2, MaxKeys: most})
		flood := rateKeys(4 * most)
		for i, k := range flood {
			r.Take(k, rateStart)
			if i%997 == 0 && r.Stats().Keys > most {
				t.Fatalf("%d keys, at most %d are to be remembered", r.Stats().Keys, most)
			}
		}
		s := r.Stats()
		if s.Keys != most || s.MaxKeys != most || s.Evicted != uint64(3*most) || s.Early != s.Evicted {
			t.Errorf("%+v after %d keys, want %d remembered and the rest evicted early", s, len(flood), most)
		}
	}
}

// Buckets that filled up meanwhile can go without anybody noticing, and the
// numbers say so.
func TestEvictingAFullBucketIsNotEarly(t *testing.T) {
	r := NewRate(RateOptions{PerSecond: 1, Burst: 2, MaxKeys: 10})
	for i := range uint64(100) {
		r.Take(i, rateStart.Add(time.Duration(i)*time.Second))
	}
	if s := r.Stats(); s.Evicted != 90 || s.Early != 0 {
		t.Errorf("%+v, want 90 evicted, none early", s)
	}
}

// An abuser asks on while made-up keys come in, and is refused: it is never
// the one that has not asked for longest.
func TestAFloodDoesNotFreeAnAbuser(t *testing.T) {
	const most, abuser = 10_000, 42
	r := NewRate(RateOptions{PerSecond: 1, Burst: 5, MaxKeys: most})
	allowed := 0
	for i, k := range rateKeys(50 * most) {
		now := rateStart.Add(time.Duration(i) * time.Microsecond)
		r.Take(k, now)
		if i%(most/2) == 0 && r.Take(abuser, now).OK {
			allowed++
		}
	}
	if allowed != 5 {
		t.Errorf("the abuser was allowed %d, want its burst of 5", allowed)
	}
	for _, k := range rateKeys(2 * most) { // and quiet for so long
		r.Take(k, rateStart)
	}
	if d := r.Take(abuser, rateStart); !d.OK || d.Remaining != 4 {
		t.Errorf("%+v after an eviction, want a full bucket", d)
	}
}

// Keys that are hashes, and even those that are not, are spread over the
// shards: few are evicted before most places are taken.
func TestKeysFillTheShardsAlike(t *testing.T) {
	const most = 100_000
	for _, tt := range []struct {
		name string
		key  func(i uint64) uint64
	}{
		{"hashes", func(i uint64) uint64 { return rand.New(rand.NewPCG(i, 0)).Uint64() }},
		{"numbers", func(i uint64) uint64 { return i }},
		{"high bits", func(i uint64) uint64 { return i << 40 }},
	} {
		r := NewRate(RateOptions{PerSecond: 1, Burst: 1, MaxKeys: most})
		for i := range uint64(most * 9 / 10) {
			r.Take(tt.key(i), rateStart)
		}
		if s := r.Stats(); s.Evicted > most/1000 {
			t.Errorf("%s: %d keys were evicted with a tenth of the places free", tt.name, s.Evicted)
		}
	}
}

func TestAKnownKeyCostsNoAllocation(t *testing.T) {
	keys := rateKeys(1000)
	r := filledRate(RateOptions{PerSecond: 1, Burst: 1}, keys, rateStart)
	i := 0
	if got := testing.AllocsPerRun(10_000, func() { r.Take(keys[i%1000], rateStart); i++ }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// Whatever the options and times are: no panic, and decisions that agree with
// themselves.
func FuzzRate(f *testing.F) {
	f.Add(10.0, 5, 100, []byte{0, 0, 1, 200, 3})
	f.Add(math.NaN(), math.MinInt, math.MinInt, []byte{1, 2})
	f.Add(math.Inf(1), math.MaxInt, 1, []byte{1, 2, 255, 128})
	f.Add(math.Inf(-1), 0, 3, []byte{1, 1, 1, 130})
	f.Add(math.MaxFloat64, 1, 0, []byte{9, 9})
	f.Add(math.SmallestNonzeroFloat64, 2, 1, []byte{9, 9, 9})
	f.Fuzz(func(t *testing.T, perSecond float64, burst, maxKeys int, steps []byte) {
		r := NewRate(RateOptions{PerSecond: perSecond, Burst: burst, MaxKeys: min(maxKeys, 1<<16)})
		clock := rateStart
		for _, b := range steps {
			clock = clock.Add(time.Duration(int8(b)) * time.Millisecond * 7)
			key := uint64(b % 3)
			d := r.Take(key, clock)
			if d.Remaining < 0 || d.Remaining > max(burst, 1) || d.Reset < 0 || d.RetryAfter < 0 || d.OK != (d.RetryAfter == 0) || !d.OK && d.Remaining > 0 {
				t.Fatalf("%v/s, burst %d: %+v", perSecond, burst, d)
			}
			if next := r.Take(key, clock); next.OK != (d.Remaining > 0) && maxKeys > 3 {
				t.Fatalf("%v/s, burst %d: after %+v came %+v", perSecond, burst, d, next)
			}
		}
		if s := r.Stats(); s.Keys > s.MaxKeys || s.Allowed+s.Refused != uint64(2*len(steps)) {
			t.Fatalf("%+v", s)
		}
	})
}
