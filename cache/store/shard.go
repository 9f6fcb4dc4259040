package store

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// shard is a part of the index: keys whose hashes begin alike.
type shard struct {
	mu      sync.Mutex
	buckets []uint32 // guarded by mu: first blocks of the newest; nil: closed

	hits, misses atomic.Uint64
	held         atomic.Int64 // references that callers have

	_ [64]byte // the next shard's lock is on another cache line
}

// shard returns the shard of a key.
func (s *Store[M]) shard(hash uint64) *shard { return &s.shards[hash>>(64-shardBits)] }

// bucket returns the bucket of a key, nil if the Store is closed. The caller
// holds mu.
func (sh *shard) bucket(hash uint64) *uint32 {
	if len(sh.buckets) == 0 {
		return nil
	}
	i, _ := bits.Mul64(hash<<shardBits, uint64(len(sh.buckets)))
	return &sh.buckets[i]
}

// hold makes references to the objects of a key that may be found, newest
// first, and returns how many there are.
func (s *Store[M]) hold(found *[maxVariants]*record[M], sh *shard, hash uint64, key []byte) (n int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.bucket(hash)
	if b == nil {
		return 0
	}
	for id := *b; id != 0 && n < maxVariants; {
		r := s.record(id)
		if r.ready && s.keyIs(r, hash, key) {
			r.refs.Add(1)
			found[n] = r
			n++
		}
		id = r.chain
	}
	sh.held.Add(int64(n))
	return n
}

// link puts an object in its bucket, as the newest. The caller holds the lock
// of the shard, which is not closed.
func (s *Store[M]) link(sh *shard, r *record[M]) {
	b := sh.bucket(r.hash)
	r.chain, r.linked = *b, true
	*b = r.id
}

// unlink takes an object out of its bucket. The caller holds mu and the lock of
// the shard.
func (s *Store[M]) unlink(sh *shard, r *record[M]) {
	at := sh.bucket(r.hash)
	for *at != r.id {
		at = &s.record(*at).chain
	}
	*at = r.chain
	r.chain, r.linked, r.ready = 0, false, false
}

// discard unlinks an object for good, if it is linked. The caller holds mu and
// the lock of the shard.
func (s *Store[M]) discard(sh *shard, r *record[M]) {
	if !r.linked {
		return
	}
	s.unlink(sh, r)
	s.pull(r)
	if r.refs.Add(-1) == 0 {
		s.free(r)
	}
}
