package store

import "math/bits"

// ghostWays is in how many places a ghost may be.
const ghostWays = 4

// ghosts remembers which keys left the small queue unused, by a part of their
// hashes, and when, counted in keys that left. Two keys may be taken for one:
// one in a billion then gets into main too early, which harms nobody. It is
// guarded by Store.mu.
type ghosts struct {
	slots []uint64 // upper half: time, lower half: fingerprint; 0: empty
	now   uint32
}

// add remembers a key, in place of the oldest of those that share its places.
func (g *ghosts) add(hash uint64) {
	g.now++
	set := g.set(hash)
	oldest := 0
	for i, slot := range set {
		if slot == 0 {
			oldest = i
			break
		}
		if g.age(slot) > g.age(set[oldest]) {
			oldest = i
		}
	}
	set[oldest] = uint64(g.now)<<32 | uint64(uint32(hash))
}

// take reports whether a key was among the last n to be remembered, and forgets
// it.
func (g *ghosts) take(hash uint64, n int) bool {
	set := g.set(hash)
	for i, slot := range set {
		if slot != 0 && uint32(slot) == uint32(hash) && int64(g.age(slot)) < int64(n) {
			set[i] = 0
			return true
		}
	}
	return false
}

// age is how many keys were added since, right for the last 4 billion.
func (g *ghosts) age(slot uint64) uint32 { return g.now - uint32(slot>>32) }

// set returns the places where a key may be. They go by the upper bits of the
// hash, and the fingerprint is made of the lower ones.
func (g *ghosts) set(hash uint64) []uint64 {
	i, _ := bits.Mul64(hash, uint64(len(g.slots)/ghostWays))
	return g.slots[i*ghostWays:][:ghostWays]
}
