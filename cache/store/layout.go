package store

import (
	"unsafe"
)

const (
	// leastShift makes blocks of 512 bytes: an object wastes half a block on
	// average, and a body is handed out in pieces of at least one.
	leastShift = 9
	mostShift  = 12

	shardBits = 6
	shards    = 1 << shardBits

	// A bucket for 2 blocks, and a ghost for 3: objects have 3 blocks or more
	// usually, and there are to be about as many ghosts as objects.
	blocksPerBucket = 2
	blocksPerGhost  = 3
)

// layout says how the memory of a Store is divided.
type layout struct {
	shift   uint // a block has 1<<shift bytes
	blocks  int  // block 0 is not used: its number means none
	buckets int  // of each shard
	ghosts  int
}

// newLayout returns the layout with the most blocks that n bytes have room
// for. Blocks are as small as objects of the largest size allow.
func newLayout(n, largest int64) layout {
	l := layout{shift: leastShift}
	for l.shift < mostShift && reach(l.shift) < largest {
		l.shift++
	}
	l.blocks = int(min(n>>l.shift, 1<<31))
	for l.divide(); l.bytes() > n; l.divide() {
		over := l.bytes() - n
		l.blocks -= int(max(over>>(l.shift+1), 1)) // never too many at once: it ends soon, within a block
	}
	return l
}

// divide says how many buckets and ghosts go with the blocks.
func (l *layout) divide() {
	l.buckets = max(l.blocks/blocksPerBucket/shards, 1)
	l.ghosts = max(l.blocks/blocksPerGhost, ghostWays) / ghostWays * ghostWays
}

// bytes is what all of it costs.
func (l *layout) bytes() int64 {
	words := 0
	for n := l.blocks; ; {
		n = (n + 63) / 64
		words += n
		if n == 1 {
			break
		}
	}
	return int64(l.blocks)<<l.shift + int64(words+l.ghosts)*8 + int64(l.buckets*shards)*4
}

// perMap is how many block numbers fit in a block.
func (l *layout) perMap() int { return 1 << (l.shift - 2) }

// reach is how many bytes an object with blocks of that size can have.
func reach(shift uint) int64 {
	per := int64(1) << (shift - 2)
	return (per + per*per) << shift // without record and direct blocks, to be on the safe side
}

// carve cuts n values off the front of mem. T has no pointers. Lengths are
// multiples of 8 bytes, or last.
func carve[T uint32 | uint64 | byte](mem *[]byte, n int) []T {
	if n == 0 {
		return nil
	}
	var t T
	size := n * int(unsafe.Sizeof(t))
	cut := unsafe.Slice((*T)(unsafe.Pointer(&(*mem)[:size][0])), n)
	*mem = (*mem)[size:]
	return cut
}
