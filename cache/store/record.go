package store

import (
	"sync/atomic"
	"unsafe"
)

const (
	// maxUse is how much use is counted: what was used 3 times lately survives
	// 3 rounds of main.
	maxUse = 3
	// maxVariants is how many objects one key may have, and as many more that
	// are being filled.
	maxVariants = 16
)

// record is the beginning of an object's first block, and all that is known of
// it. The key, the head and the body follow it as one stream of bytes that goes
// on in the other blocks. It lies in the arena: no Go pointers.
type record[M any] struct {
	// fixed after Create
	hash uint64 // of the key
	id   uint32 // number of the first block
	key  uint32 // its length, in bytes
	head uint32 // its length, in bytes

	// written by who fills, and fixed after Commit
	blocks uint32               // of the stream, this one included
	size   int64                // of the body; set by Commit
	direct [directBlocks]uint32 // blocks 1 to directBlocks of the stream
	maps   [2]uint32            // see directory

	// atomic
	refs atomic.Int32  // one for being linked, one for each Object
	use  atomic.Uint32 // hits since the queues last asked, up to maxUse

	// guarded by the lock of the shard; linked is unset with Store.mu held, too
	chain  uint32 // next in the bucket
	linked bool   // in the bucket
	ready  bool   // may be found

	// guarded by Store.mu
	queue        queueName
	newer, older uint32 // neighbours in the queue

	meta M // fixed after Create
}

// record returns the record in a block that is the first of an object.
func (s *Store[M]) record(id uint32) *record[M] {
	return (*record[M])(unsafe.Pointer(&s.arena[int(id)<<s.shift]))
}

// touch notes a hit. Two at once may count as one; that is near enough, and
// what is hot is not written to any more.
func (r *record[M]) touch() {
	if n := r.use.Load(); n < maxUse {
		r.use.Store(n + 1)
	}
}

// body is where in the stream the body begins.
func (s *Store[M]) body(r *record[M]) int64 { return s.top + int64(r.key) + int64(r.head) }

// drop gives up a reference of a caller, and with the last one the blocks. The
// caller holds no lock.
func (s *Store[M]) drop(r *record[M]) {
	s.shard(r.hash).held.Add(-1)
	if r.refs.Add(-1) == 0 {
		s.mu.Lock()
		s.free(r)
		s.mu.Unlock()
	}
}
