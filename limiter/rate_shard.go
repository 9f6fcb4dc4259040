package limiter

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// rateShard keeps the buckets of some of the keys, under one lock. It is held
// for a look-up, a move within the list and a little arithmetic.
type rateShard struct {
	// fixed after open
	size  int // buckets at most
	limit rate.Limit
	burst int

	mu      sync.Mutex
	buckets *simplelru.LRU[uint64, *rate.Limiter] // guarded by mu, as all below
	latest  time.Time                             // of all takes
	counts  RateStats                             // without Keys and MaxKeys

	_ [64]byte // the next shard's lock is on another cache line
}

// open makes a zero rateShard usable, for size buckets at most.
func (s *rateShard) open(size int, limit rate.Limit, burst int) {
	s.size, s.limit, s.burst = size, limit, burst
	var err error
	if s.buckets, err = simplelru.NewLRU[uint64, *rate.Limiter](size, nil); err != nil {
		panic("internal error: " + err.Error()) // it has no other than that size is 0
	}
}

// take takes a token of key, if one is there, and returns how many are left:
// less than one if it was refused.
//
// Clocks that were read by several goroutines come here out of order.
// rate.Limiter would go back with them and let the time in between drip twice;
// hence all use the latest so far.
func (s *rateShard) take(key uint64, now time.Time) (tokens float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.latest) {
		now = s.latest
	}
	s.latest = now
	b := s.bucket(key, now)
	if ok = b.AllowN(now, 1); ok {
		s.counts.Allowed++
	} else {
		s.counts.Refused++
	}
	return b.TokensAt(now), ok
}

// bucket returns the bucket of key, as the one used last. The caller holds mu.
func (s *rateShard) bucket(key uint64, now time.Time) *rate.Limiter {
	if b, ok := s.buckets.Get(key); ok {
		return b
	}
	if s.buckets.Len() == s.size {
		s.counts.Evicted++
		if _, b, _ := s.buckets.RemoveOldest(); b.TokensAt(now) < float64(s.burst) {
			s.counts.Early++
		}
	}
	b := rate.NewLimiter(s.limit, s.burst)
	s.buckets.Add(key, b)
	return b
}

// addTo adds what s counted.
func (s *rateShard) addTo(total *RateStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total.Keys += s.buckets.Len()
	total.Allowed += s.counts.Allowed
	total.Refused += s.counts.Refused
	total.Evicted += s.counts.Evicted
	total.Early += s.counts.Early
}
