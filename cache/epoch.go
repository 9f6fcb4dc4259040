package cache

import (
	"hash/maphash"
	"sync/atomic"
)

// epochNumbers is how many numbers the keys share: 64 KiB of them. While a request
// of a second is under way and 100 others a second change something, one in 80 of
// the copies that could be kept is not.
const epochNumbers = 1 << 14

// epochs tell whether something was forgotten since a request was sent. What
// answers that may be from before the change, and must not be kept as if it
// were from after it: it would be stale for as long as it is fresh.
type epochs struct {
	seed    maphash.Seed
	numbers [epochNumbers]atomic.Uint32
	all     atomic.Uint64 // of all keys
}

// end ends the epoch of a key.
func (e *epochs) end(key []byte) { e.number(key).Add(1) }

// endAll ends the epochs of all keys.
func (e *epochs) endAll() { e.all.Add(1 << 32) }

func (e *epochs) of(key []byte) uint64 { return e.all.Load() | uint64(e.number(key).Load()) }

func (e *epochs) number(key []byte) *atomic.Uint32 {
	return &e.numbers[maphash.Bytes(e.seed, key)%epochNumbers]
}

// Epoch returns a number that is another one once something was forgotten that
// is kept for the key. Who asks an Upstream takes it before, for Head.Epoch.
func (c *Cache) Epoch(key []byte) uint64 { return c.epochs.of(key) }
