package upstream

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tallyWindow is, in seconds, how far back responses speak for or against
	// an Upstream.
	tallyWindow = 10
	// tallyCells is a power of two over tallyWindow.
	tallyCells = 16
)

// tally counts an Upstream's Attempts that were answered and that were not. A
// success costs two atomic operations.
type tally struct {
	inARow atomic.Int32 // failures since the last success

	mu    sync.Mutex // held to turn a cell over
	cells [tallyCells]tallyCell
}

// tallyCell counts one second of the clock.
type tallyCell struct {
	second    atomic.Int64
	good, bad atomic.Int32
}

// good counts a success.
func (t *tally) good(now time.Time) {
	if t.inARow.Load() != 0 {
		t.inARow.Store(0)
	}
	t.cell(now).good.Add(1)
}

// bad counts a failure and reports whether the evidence is enough.
func (t *tally) bad(now time.Time, e Evidence) bool {
	row := t.inARow.Add(1)
	t.cell(now).bad.Add(1)
	if e.InARow > 0 && int(row) >= e.InARow {
		return true
	}
	if e.Requests < 0 || e.Share < 0 {
		return false
	}
	good, bad := t.sum(now)
	return good+bad >= e.Requests && float64(bad) >= e.Share*float64(good+bad)
}

// cell returns the cell of a second, emptied if an earlier one had it.
func (t *tally) cell(now time.Time) *tallyCell {
	second := now.Unix()
	c := &t.cells[second%tallyCells]
	if c.second.Load() < second {
		t.mu.Lock()
		defer t.mu.Unlock()
		if c.second.Load() < second {
			c.good.Store(0)
			c.bad.Store(0)
			c.second.Store(second)
		}
	}
	return c
}

// sum counts what the window up to now holds.
func (t *tally) sum(now time.Time) (good, bad int) {
	second := now.Unix()
	for i := range t.cells {
		c := &t.cells[i]
		if age := second - c.second.Load(); age >= 0 && age < tallyWindow {
			good += int(c.good.Load())
			bad += int(c.bad.Load())
		}
	}
	return good, bad
}

// clear forgets everything: it is back, and begins anew.
func (t *tally) clear() {
	t.inARow.Store(0)
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.cells {
		t.cells[i].second.Store(0)
	}
}
