package metrics

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// wordOther is what words count as beyond the bound of a tally.
const wordOther = "other"

// tally counts words of which there are few, such as causes, and is bounded
// for the case that somebody thinks of many.
type tally struct {
	max   int // words besides wordOther
	lanes int

	mu    sync.Mutex                         // held to learn a word
	known atomic.Pointer[map[string]counter] // replaced whole
}

func newTally(lanes, max int) *tally {
	t := &tally{max: max, lanes: lanes}
	t.known.Store(&map[string]counter{wordOther: make(counter, lanes)})
	return t
}

// add counts a word.
func (t *tally) add(l lane, word string) {
	c, ok := (*t.known.Load())[word]
	if !ok {
		c = t.learn(word)
	}
	c.add(l, 1)
}

// learn returns the counter of a word that is not known, or was not a moment
// ago. Only the first time of each word waits for the lock.
func (t *tally) learn(word string) counter {
	if known := *t.known.Load(); len(known) > t.max || !utf8.ValidString(word) {
		return known[wordOther]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known := *t.known.Load()
	if c, ok := known[word]; ok {
		return c
	}
	if len(known) > t.max {
		return known[wordOther]
	}
	more := maps.Clone(known)
	c := make(counter, t.lanes)
	more[strings.Clone(word)] = c // the caller's may be part of something large
	t.known.Store(&more)
	return c
}

// each calls f with every word that was counted.
func (t *tally) each(f func(word string, n uint64)) {
	for word, c := range *t.known.Load() {
		if n := c.sum(); n > 0 {
			f(word, n)
		}
	}
}
