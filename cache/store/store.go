package store

import (
	"fmt"
	"hash/maphash"
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Store keeps objects, each with metadata M, which has no pointers. All methods
// may be called by any goroutine, and none waits for room or for readers.
type Store[M any] struct {
	// fixed after New
	layout  layout
	shift   uint // a block has 1<<shift bytes
	seed    maphash.Seed
	mask    uint64 // of hashes; tests make them collide with it
	top     int64  // bytes of a record: where the stream of key, head and body begins
	perMap  uint32 // block numbers in a block
	total   int    // blocks
	largest int64  // bytes of a key, a head and a body
	arena   []byte
	words   []uint32           // the arena, as maps see it
	freed   func(block []byte) // tests poison blocks with it; called with mu held

	shards   [shards]shard
	pool     sync.Pool // of *Object
	rejected atomic.Uint64

	mu       sync.Mutex
	mem      []byte // guarded by mu, as all below; nil: given back
	blocks   blocks
	queues   [3]queue // by queueName
	ghosts   ghosts
	filling  int // blocks of objects that are being filled
	promised int // blocks that they may come to have
	fills    int // how many they are
	counts   Stats
	closed   bool
}

// New makes an empty Store. It fails if o asks for too little, if M has
// pointers or is larger than a few hundred bytes, or if the system has no
// address space left.
func New[M any](o Options) (*Store[M], error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := pointerFree(reflect.TypeFor[M]()); err != nil {
		return nil, err
	}
	s := &Store[M]{seed: maphash.MakeSeed(), mask: ^uint64(0)}
	s.layout = newLayout(o.Bytes-int64(unsafe.Sizeof(*s)), o.largest())
	s.shift = s.layout.shift
	if s.top = int64(unsafe.Sizeof(record[M]{})); s.top > 1<<s.shift {
		return nil, fmt.Errorf("store: metadata of %d bytes are too large", unsafe.Sizeof(*new(M)))
	}
	mem, err := reserve(int(s.layout.bytes()))
	if err != nil {
		return nil, fmt.Errorf("store: %d bytes: %w", s.layout.bytes(), err)
	}
	s.mem = mem
	s.divide(mem)
	s.limit(o.largest())
	return s, nil
}

// divide cuts the memory to pieces.
func (s *Store[M]) divide(mem []byte) {
	s.perMap = uint32(s.layout.perMap())
	arena := mem[:s.layout.blocks<<s.shift]
	s.arena = arena
	s.words = carve[uint32](&arena, len(arena)/4)
	rest := mem[len(s.arena):]
	s.blocks.open(func(n int) []uint64 { return carve[uint64](&rest, n) }, s.layout.blocks)
	s.total = s.blocks.free
	s.ghosts.slots = carve[uint64](&rest, s.layout.ghosts)
	for i := range s.shards {
		s.shards[i].buckets = carve[uint32](&rest, s.layout.buckets)
	}
}

// limit says how large an object may be: as wished, if its blocks and their
// maps have room in half of the Store.
func (s *Store[M]) limit(wish int64) {
	n := s.total / 2
	for s.weight(uint32(n)) > s.total/2 {
		n -= max((s.weight(uint32(n))-s.total/2)/2, 1)
	}
	s.largest = max(min(wish, int64(n)<<s.shift-s.top, reach(s.shift), math.MaxUint32), 0)
}

// Close forgets all objects and gives the memory back to the system, once the
// last reference to an object is released. After that a Store has nothing and
// takes nothing.
func (s *Store[M]) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for b := range sh.buckets {
			for sh.buckets[b] != 0 {
				s.discard(sh, s.record(sh.buckets[b]))
			}
		}
		sh.buckets = nil
		sh.mu.Unlock()
	}
	s.closed = true
	s.unmap()
}

// unmap gives the memory back if nobody has a reference to any of it. The
// caller holds mu, and the Store is closed.
func (s *Store[M]) unmap() {
	if s.blocks.free < s.total || s.mem == nil {
		return
	}
	s.references() // all are gone; the race detector, which sees no atomics in the arena, sees it by these
	if err := giveBack(s.mem); err != nil {
		panic("internal error: " + err.Error()) // it has no other than that the range is wrong
	}
	s.mem, s.arena, s.words, s.blocks, s.ghosts = nil, nil, nil, blocks{}, ghosts{}
}

// hash returns the hash of a key. The seed is random: nobody can make keys that
// share a bucket.
func (s *Store[M]) hash(key []byte) uint64 { return maphash.Bytes(s.seed, key) & s.mask }
