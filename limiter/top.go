package limiter

import (
	"slices"
	"sync"
	"time"
)

const (
	// topCounters is how many keys a Top counts. A key that makes more than one
	// part in so many of what is counted is always among them.
	topCounters = 64
	// topHalfLife is after how long what was counted counts half.
	topHalfLife = time.Minute
)

// Top finds the keys that come most often, in a small and fixed memory, by the
// Space-Saving algorithm (Metwally, Agrawal, El Abbadi 2005): a key that is not
// counted takes over the counter of the one that came least often. What it found
// there is remembered: so often it may not have come. What was counted fades, so
// that those of an hour ago make room.
//
// It is fed by refusals, which have to be cheap: who finds it in use goes on
// without having counted. V is what is known of a key. The zero value is ready.
type Top[V any] struct {
	mu     sync.Mutex
	faded  time.Time              // guarded by mu, as all below: since when counts are whole
	n      int                    // counters in use
	keys   [topCounters]uint64    // looked through by each Add, so they lie together
	counts [topCounters]float64   // so that halves of halves are not lost
	found  [topCounters]float64   // what of counts was others', of whom a key took the counter over
	last   [topCounters]time.Time // when each came last
	values [topCounters]V
}

// TopKey is one of the keys that come most often.
type TopKey[V any] struct {
	Value V
	Count float64 // how often it came lately, at most
	Least float64 // and at least
	Last  time.Time
}

// Add counts a key, if nobody else counts at the moment.
func (t *Top[V]) Add(key uint64, v V, now time.Time) {
	if !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	t.fade(now)
	i := slices.Index(t.keys[:t.n], key)
	if i < 0 {
		i = t.place()
		t.keys[i], t.values[i], t.found[i] = key, v, t.counts[i]
	}
	t.counts[i]++
	t.last[i] = now
}

// place returns the counter for a new key. mu is held.
func (t *Top[V]) place() int {
	if t.n < topCounters {
		t.n++
		return t.n - 1
	}
	least := 0
	for i := range t.counts {
		if t.counts[i] < t.counts[least] {
			least = i
		}
	}
	return least
}

// fade halves what was counted, once for each half-life that has passed. mu is
// held.
func (t *Top[V]) fade(now time.Time) {
	if t.faded.IsZero() {
		t.faded = now
	}
	for passed := now.Sub(t.faded); passed >= topHalfLife; passed -= topHalfLife {
		if passed > 64*topHalfLife {
			t.n, t.faded = 0, now // nothing is left of it
			clear(t.counts[:])
			return
		}
		for i := range t.counts {
			t.counts[i] /= 2
			t.found[i] /= 2
		}
		t.faded = t.faded.Add(topHalfLife)
	}
}

// Most returns the keys that have surely come most often lately, that one first;
// at most so many, and none that has nearly faded. Of a flood in which each key
// comes once, none has come often.
func (t *Top[V]) Most(most int, now time.Time) []TopKey[V] {
	t.mu.Lock()
	t.fade(now)
	all := make([]TopKey[V], 0, t.n)
	for i := range t.n {
		if least := t.counts[i] - t.found[i]; least >= 0.5 {
			all = append(all, TopKey[V]{t.values[i], t.counts[i], least, t.last[i]})
		}
	}
	t.mu.Unlock()
	slices.SortFunc(all, func(a, b TopKey[V]) int {
		switch {
		case a.Least > b.Least:
			return -1
		case a.Least < b.Least:
			return 1
		}
		return b.Last.Compare(a.Last)
	})
	return all[:min(len(all), most)]
}
