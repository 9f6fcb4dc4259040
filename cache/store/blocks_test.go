package store

import (
	"math/rand/v2"
	"testing"
)

// blocks against a set: what is taken was free and is the one after, or the
// lowest.
func FuzzBlocksAreASet(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint16(1<<(2*seed)))
	}
	f.Fuzz(func(t *testing.T, seed uint64, size uint16) {
		n := int(size) + 2
		var b blocks
		b.open(func(n int) []uint64 { return make([]uint64, n) }, n)
		free := make([]bool, n)
		for id := 1; id < n; id++ {
			free[id] = true
		}
		rng := rand.New(rand.NewPCG(seed, 0))
		var taken []uint32
		for range 3 * min(n, 2000) {
			if len(taken) > 0 && (b.free == 0 || rng.IntN(5) < 2) {
				i := rng.IntN(len(taken))
				b.give(taken[i])
				free[taken[i]] = true
				taken[i] = taken[len(taken)-1]
				taken = taken[:len(taken)-1]
				continue
			}
			after := uint32(rng.IntN(n))
			want := after + 1
			if after == 0 || int(want) >= n || !free[want] {
				for want = 1; !free[want]; want++ {
				}
			}
			if got := b.take(after); got != want {
				t.Fatalf("block %d was taken, want %d", got, want)
			}
			free[want] = false
			taken = append(taken, want)
		}
		if b.free != n-1-len(taken) {
			t.Fatalf("%d are free, want %d", b.free, n-1-len(taken))
		}
	})
}

// A key is remembered while no more than n others came after it.
func TestGhostsAreForgottenInTurn(t *testing.T) {
	const seed = 7
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	g := ghosts{slots: make([]uint64, 4000)}
	keys := make([]uint64, 3000)
	for i := range keys {
		keys[i] = rng.Uint64()
		g.add(keys[i])
	}
	known := 0
	for i, key := range keys {
		last := len(keys) - i // as many were added since, it included
		if last > 1000 && g.take(key, 1000) {
			t.Fatalf("a key is remembered after %d others", last)
		}
		if last <= 1000 && g.take(key, 1000) {
			known++
			if g.take(key, 1000) {
				t.Fatal("a key that was taken is remembered")
			}
		}
	}
	if known < 950 {
		t.Errorf("%d of the last 1000 are remembered", known)
	}
	strangers := 0
	for range 100_000 {
		if g.take(rng.Uint64(), 4000) {
			strangers++
		}
	}
	if strangers > 1 {
		t.Errorf("%d of 100,000 strangers are taken for ghosts", strangers)
	}
}
