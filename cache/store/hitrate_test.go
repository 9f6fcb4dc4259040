package store

import (
	"container/list"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"sort"
	"testing"
)

// lru is what to compare with: the plain list of the last n keys asked for.
type lru struct {
	n    int
	keys map[uint64]*list.Element
	list *list.List
}

func (c *lru) ask(key uint64) bool {
	if e, ok := c.keys[key]; ok {
		c.list.MoveToFront(e)
		return true
	}
	if c.list.Len() == c.n {
		delete(c.keys, c.list.Remove(c.list.Back()).(uint64))
	}
	c.keys[key] = c.list.PushFront(key)
	return false
}

// asker asks a Store as a cache does: what is not found is fetched. All objects
// take 3 blocks.
type asker struct {
	s    *Store[meta]
	head []byte
	body []byte
}

func newAsker(tb testing.TB, bytes int64) *asker {
	s, err := New[meta](Options{Bytes: bytes})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return &asker{s: s, head: make([]byte, 250), body: make([]byte, 1000)}
}

func (a *asker) ask(key uint64) bool {
	var name [60]byte
	binary.LittleEndian.PutUint64(name[:], key)
	if o := a.s.Find(name[:], nil); o != nil {
		o.Release()
		return true
	}
	o := a.s.Create(name[:], a.head, meta{}, int64(len(a.body)))
	o.Append(a.body)
	a.s.Commit(o, nil)
	o.Release()
	return false
}

// zipf draws 1 of n keys, key i with a weight of 1/(i+1)^s.
type zipf struct{ upTo []float64 }

func newZipf(n int, s float64) *zipf {
	z := &zipf{make([]float64, n)}
	sum := 0.0
	for i := range z.upTo {
		sum += math.Pow(float64(i+1), -s)
		z.upTo[i] = sum
	}
	return z
}

func (z *zipf) draw(rng *rand.Rand) uint64 {
	return uint64(sort.SearchFloat64s(z.upTo, rng.Float64()*z.upTo[len(z.upTo)-1]))
}

// hitRates asks both for n keys, with scan keys that never come again after
// each, and returns how many of 100 that are not of the scan were found.
func hitRates(z *zipf, rng *rand.Rand, n, scan int, a *asker, l *lru) (ours, plain float64) {
	once := uint64(1) << 40
	for range n {
		key := z.draw(rng)
		if a.ask(key) {
			ours++
		}
		if l.ask(key) {
			plain++
		}
		for range scan {
			once += 1 + rng.Uint64N(5)
			a.ask(once)
			l.ask(once)
		}
	}
	return 100 * ours / float64(n), 100 * plain / float64(n)
}

// "ours vs a plain LRU written in the test; must be at least LRU's": for caches
// of 1 to 10 % of the keys, plain and with as many keys of a scan mixed in.
func TestHitRateIsAtLeastThatOfLRU(t *testing.T) {
	if raceEnabled {
		t.Skip("one goroutine, and many steps")
	}
	for _, skew := range []float64{0.9, 1.0, 1.1} {
		for _, share := range []int{100, 20, 10} {
			for scan := range 2 {
				t.Run("", func(t *testing.T) {
					t.Parallel()
					seed := 1 + *otherLot
					rng := rand.New(rand.NewPCG(seed, 0))
					a := newAsker(t, 6<<20)
					l := &lru{n: a.s.total / 3, keys: map[uint64]*list.Element{}, list: list.New()}
					z := newZipf(l.n*share, skew)
					hitRates(z, rng, 15*l.n, scan, a, l) // to fill them
					ours, plain := hitRates(z, rng, 20*l.n, scan, a, l)
					t.Logf("seed %d, Zipf %.1f, %d %% of %d keys, scan %d: %.2f %%, LRU %.2f %%", seed, skew, 100/share, l.n*share, scan, ours, plain)
					if ours < plain {
						t.Errorf("%.2f %%, less than LRU with %.2f %%", ours, plain)
					}
				})
			}
		}
	}
}

// "a scan of one million keys must not lower the hit rate of the hot set by more
// than a stated amount": 2 points for a hot set of half of the Store, both amid
// the scan, of which 10 keys come for each of the hot set, and after it.
func TestAScanOfAMillionKeysLeavesTheHotSet(t *testing.T) {
	if raceEnabled {
		t.Skip("one goroutine, and many steps")
	}
	seed := 1 + *otherLot
	rng := rand.New(rand.NewPCG(seed, 0))
	a := newAsker(t, 16<<20)
	l := &lru{n: a.s.total / 3, keys: map[uint64]*list.Element{}, list: list.New()}
	z := newZipf(l.n/2, 0.9)
	hitRates(z, rng, 20*l.n, 0, a, l)
	before, beforeLRU := hitRates(z, rng, 100_000, 0, a, l)
	amid, amidLRU := hitRates(z, rng, 100_000, 10, a, l)
	for key := range uint64(1_000_000) {
		a.ask(1<<50 + key)
		l.ask(1<<50 + key)
	}
	after, afterLRU := hitRates(z, rng, 1000, 0, a, l)
	t.Logf("seed %d: hot set %.2f %% before, %.2f %% amid 1,000,000 others, %.2f %% just after 1,000,000 more; LRU %.2f %%, %.2f %%, %.2f %%",
		seed, before, amid, after, beforeLRU, amidLRU, afterLRU)
	if amid < before-2 || after < before-2 {
		t.Errorf("a scan lowers %.2f %% to %.2f %%, and %.2f %% after it", before, amid, after)
	}
}
