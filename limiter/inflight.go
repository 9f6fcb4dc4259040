package limiter

import "sync"

const (
	// inFlightShards is a power of two, and enough for any number of
	// processors.
	inFlightShards = 64
	inFlightShift  = 64 - 6 // leaves as many bits of a key as number the shards
)

// InFlight says how many Exchanges of each key may be under way at a time.
//
// It remembers only keys that have some under way, so that its memory is
// bounded by the most Exchanges that ever were under way at once, at about 30
// bytes each.
//
// All methods may be called by any goroutine.
type InFlight struct {
	most   int
	shards [inFlightShards]inFlightShard
}

// inFlightShard counts for some of the keys, under one lock.
type inFlightShard struct {
	mu       sync.Mutex
	underWay map[uint64]int // guarded by mu, as all below; no zeros
	sum      int            // of underWay
	entered  uint64
	refused  uint64

	_ [64]byte // the next shard's lock is on another cache line
}

// InFlightStats is what an InFlight was like at one moment, and what it did so
// far.
type InFlightStats struct {
	Most     int // per key
	Keys     int // that have Exchanges under way
	UnderWay int // Exchanges
	Entered  uint64
	Refused  uint64
}

// NewInFlight returns an InFlight that lets most Exchanges of each key be under
// way. Less than 1 counts as 1.
func NewInFlight(most int) *InFlight {
	f := &InFlight{most: max(most, 1)}
	for i := range f.shards {
		f.shards[i].underWay = make(map[uint64]int)
	}
	return f
}

// Enter reports whether one more Exchange of key may be under way, and counts
// it if so; then Leave must follow, once. The key is a seeded hash, as that of
// Rate.Take.
func (f *InFlight) Enter(key uint64) bool {
	s := f.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.underWay[key]
	if n >= f.most {
		s.refused++
		return false
	}
	s.underWay[key] = n + 1
	s.sum++
	s.entered++
	return true
}

// Leave ends what an Enter of key that returned true began. It panics if there
// is none.
func (f *InFlight) Leave(key uint64) {
	s := f.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := s.underWay[key]; n {
	case 0:
		panic("internal error: an Exchange left that had not entered")
	case 1:
		delete(s.underWay, key)
	default:
		s.underWay[key] = n - 1
	}
	s.sum--
}

// Stats adds up what the shards have. Exchanges come and go meanwhile.
func (f *InFlight) Stats() InFlightStats {
	total := InFlightStats{Most: f.most}
	for i := range f.shards {
		f.shards[i].addTo(&total)
	}
	return total
}

// shard returns the shard of a key, by Fibonacci hashing.
func (f *InFlight) shard(key uint64) *inFlightShard {
	return &f.shards[key*0x9e3779b97f4a7c15>>inFlightShift]
}

// addTo adds what s counted.
func (s *inFlightShard) addTo(total *InFlightStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	total.Keys += len(s.underWay)
	total.UnderWay += s.sum
	total.Entered += s.entered
	total.Refused += s.refused
}
