package store

import "math/bits"

// blocks knows which blocks are free: a bit each, and above it levels of words
// in which a bit says that a word below has any. The lowest free block is found
// in as many steps as there are levels, and taking the lowest keeps both what
// was never used out of memory and the blocks of an object close together.
// It is guarded by Store.mu.
type blocks struct {
	levels [][]uint64 // the last has one word
	free   int
}

// open makes all blocks but block 0 free. The words of the levels are zero.
func (b *blocks) open(words func(n int) []uint64, n int) {
	for w := n; ; {
		w = (w + 63) / 64
		b.levels = append(b.levels, words(w))
		if w == 1 {
			break
		}
	}
	for id := 1; id < n; id++ {
		b.give(uint32(id))
	}
}

// take takes the block after one, so that they are one run, or else the lowest
// that is free. There must be one. After 0 comes the lowest.
func (b *blocks) take(after uint32) uint32 {
	id := after + 1
	if w := id / 64; int(w) >= len(b.levels[0]) || b.levels[0][w]>>(id%64)&1 == 0 {
		id = b.lowest()
	}
	b.free--
	for i, at := 0, id; i < len(b.levels); i++ {
		word := &b.levels[i][at/64]
		*word &^= 1 << (at % 64)
		if *word != 0 {
			break
		}
		at /= 64
	}
	return id
}

// lowest returns the lowest block that is free.
func (b *blocks) lowest() uint32 {
	at := uint32(0)
	for i := len(b.levels) - 1; i >= 0; i-- {
		at = at*64 + uint32(bits.TrailingZeros64(b.levels[i][at]))
	}
	return at
}

// give makes a block free.
func (b *blocks) give(id uint32) {
	b.free++
	for i, at := 0, id; i < len(b.levels); i++ {
		word := &b.levels[i][at/64]
		had := *word != 0
		*word |= 1 << (at % 64)
		if had {
			break
		}
		at /= 64
	}
}
