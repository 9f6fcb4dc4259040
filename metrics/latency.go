package metrics

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// The buckets of Latency: from latencyFrom on each doubling of the time is cut
// into latencySteps of equal width, so that none is wider than 1/32 of what it
// begins with. What is less is in the first, what is more in the last.
const (
	latencyFrom     = 50 * time.Microsecond
	latencyStepBits = 5
	latencySteps    = 1 << latencyStepBits
	latencyOctaves  = 21 // to 104 s

	latencyUnit    = latencyFrom / latencySteps
	latencyBuckets = latencySteps * (latencyOctaves + 1)
)

// Latency is how many Exchanges took how long, by narrow buckets. Tunnels are in
// none.
type Latency [latencyBuckets]uint64

// latencies is a Latency that is counted in.
type latencies [latencyBuckets]atomic.Uint64

// latencyBucket returns where a duration belongs: those below latencyFrom in
// latencySteps of their own, those above by their highest bit and the
// latencyStepBits behind it.
func latencyBucket(d time.Duration) int {
	n := uint64(max(d, 0) / latencyUnit)
	if n < latencySteps {
		return int(n)
	}
	octave := bits.Len64(n) - 1 - latencyStepBits
	b := (octave+1)<<latencyStepBits + int(n>>octave)&(latencySteps-1)
	return min(b, latencyBuckets-1)
}

// latencyMiddle returns the middle of a bucket.
func latencyMiddle(b int) time.Duration {
	octave := b>>latencyStepBits - 1
	if octave < 0 {
		return time.Duration(b)*latencyUnit + latencyUnit/2
	}
	from := uint64(latencySteps+b&(latencySteps-1)) << octave
	return time.Duration(from)*latencyUnit + latencyUnit<<octave/2
}

// Since returns what has been counted after an earlier one.
func (l *Latency) Since(before *Latency) *Latency {
	d := new(Latency)
	for b := range l {
		if l[b] > before[b] {
			d[b] = l[b] - before[b]
		}
	}
	return d
}

// Quantiles returns for each share, of which the smallest comes first, within
// what time that share of the Exchanges was through; 0 if there were none.
func (l *Latency) Quantiles(shares ...float64) []time.Duration {
	all := make([]time.Duration, len(shares))
	var count, seen uint64
	for _, n := range l {
		count += n
	}
	if count == 0 {
		return all
	}
	b := 0
	for i, share := range shares {
		rank := min(uint64(math.Ceil(share*float64(count))), count) // the first is 1
		for ; b < latencyBuckets-1 && seen+l[b] < rank; b++ {
			seen += l[b]
		}
		all[i] = latencyMiddle(b)
	}
	return all
}
