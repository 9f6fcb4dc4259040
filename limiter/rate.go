package limiter

import (
	"math"
	"math/bits"
	"time"

	"golang.org/x/time/rate"
)

const (
	// rateDefaultKeys is how many keys are remembered when nothing is said:
	// about 20 MB.
	rateDefaultKeys = 100_000

	// rateMostShards is enough for any number of processors: a Take holds its
	// shard for less than the rest of a request takes by far.
	rateMostShards = 256
	// rateLeastShard is how many keys make a shard worth while. Keys are not
	// spread quite evenly, and a shard that is full evicts while others have
	// room: with 512 that happens to few before 9 of 10 places are taken.
	rateLeastShard = 512
)

// RateOptions is what a Rate is made of.
type RateOptions struct {
	// PerSecond is how many requests a second each key may make in the long
	// run. What is not above 0 (or not a number) gives a key its Burst once and
	// nothing after; infinity lets everything pass.
	PerSecond float64
	// Burst is how many requests a key that was quiet may make at once. Less
	// than 1 counts as 1: nobody could ever pass otherwise. More than 2³¹-1
	// counts as that.
	Burst int
	// MaxKeys is how many keys are remembered at most, at about 200 bytes
	// each. Less than 1 counts as 100,000.
	MaxKeys int
}

// Rate says who may ask how often: each key has a bucket of Burst tokens that
// PerSecond tokens a second drip into, and a request takes one. In any time t
// a key is thus allowed at most Burst + PerSecond·t requests.
//
// Only MaxKeys buckets are kept. A new key beyond that takes the place of the
// one that has not asked for longest, and a key that was evicted begins anew
// with a full bucket. For a bucket that had filled up meanwhile, which is what
// one evicts usually, that changes nothing. Otherwise the key wins tokens, so
// is a flood of made-up keys a way out for an abuser? To be evicted
// it must keep quiet while about MaxKeys others ask, for refused requests count
// as asking, too. One that asks more often than PerSecond is quiet for less
// than 1/PerSecond at a time, and the flood must bring MaxKeys keys within
// that: with 10 a second and 100,000 keys a million new keys a second. And
// whoever can make up keys needs no eviction, as each has a full bucket; what
// helps against that is a key that cannot be made up, such as the address.
// RateStats.Early counts when a limit did not hold for this reason.
//
// All methods may be called by any goroutine.
type Rate struct {
	limit   rate.Limit
	burst   int
	maxKeys int
	shards  []rateShard // a power of two
	shift   int         // what is left of a 64-bit number then says which shard
}

// RateDecision is the answer to one request.
type RateDecision struct {
	OK         bool
	RetryAfter time.Duration // until a token is there, if refused; the longest Duration means never
	Remaining  int           // requests that would be allowed right now
	Reset      time.Duration // until the bucket is full, if nobody asks
}

// RateStats is what a Rate was like at one moment, and what it did so far.
type RateStats struct {
	Keys    int // remembered
	MaxKeys int
	Allowed uint64
	Refused uint64
	Evicted uint64 // keys that were forgotten for others
	Early   uint64 // of these, before their buckets were full: MaxKeys is too small
}

// NewRate returns a Rate that knows no key.
func NewRate(o RateOptions) *Rate {
	r := &Rate{limit: rate.Limit(o.PerSecond), burst: min(max(o.Burst, 1), math.MaxInt32), maxKeys: o.MaxKeys}
	if !(o.PerSecond > 0) { // or is not a number
		r.limit = 0
	}
	r.limit = min(r.limit, rate.Inf)
	if r.maxKeys < 1 {
		r.maxKeys = rateDefaultKeys
	}
	n := min(max(r.maxKeys/rateLeastShard, 1), rateMostShards)
	n = 1 << (bits.Len(uint(n)) - 1)
	r.shift = 64 - bits.Len(uint(n-1))
	r.shards = make([]rateShard, n)
	for i := range r.shards {
		size := r.maxKeys / n
		if i < r.maxKeys%n {
			size++
		}
		r.shards[i].open(size, r.limit, r.burst)
	}
	return r
}

// Take takes a token of key, if one is there. key is a hash of what the client
// is known by, seeded by a secret: with keys that can be chosen one could have
// them all in one shard, or have the key of another. now has a monotonic
// reading; it may be behind that of other calls, and then counts as theirs.
func (r *Rate) Take(key uint64, now time.Time) RateDecision {
	tokens, ok := r.shard(key).take(key, now)
	d := RateDecision{
		OK:        ok,
		Remaining: r.whole(tokens),
		Reset:     r.until(float64(r.burst) - tokens),
	}
	if !ok {
		d.RetryAfter = r.until(1 - tokens)
	}
	return d
}

// Stats adds up what the shards have. Takes go on meanwhile.
func (r *Rate) Stats() RateStats {
	total := RateStats{MaxKeys: r.maxKeys}
	for i := range r.shards {
		r.shards[i].addTo(&total)
	}
	return total
}

// shard returns the shard of a key. The multiplication (Fibonacci hashing)
// carries all bits to the top, should a hash be weak there.
func (r *Rate) shard(key uint64) *rateShard {
	return &r.shards[key*0x9e3779b97f4a7c15>>r.shift]
}

// whole returns how many tokens could be taken. What is there within the
// nanosecond counts, as it does with rate.Limiter.
func (r *Rate) whole(tokens float64) int {
	return int(min(max(tokens+float64(r.limit)*1e-9, 0), float64(r.burst)))
}

// until returns how long it takes for that many tokens to drip, rounded up, so
// that who waits it does not come a nanosecond early.
func (r *Rate) until(tokens float64) time.Duration {
	if tokens <= 0 {
		return 0
	}
	ns := math.Ceil(tokens / float64(r.limit) * 1e9)
	if !(ns < math.MaxInt64) { // a limit of 0 makes it infinite
		return rate.InfDuration
	}
	return time.Duration(ns)
}
