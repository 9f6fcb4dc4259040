package upstream

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// budgetWindow is, in seconds, how far back requests speak for retries.
	budgetWindow = 10
	// budgetCells is a power of two over budgetWindow+1.
	budgetCells = 16
)

// Budget bounds how many second Attempts a Pool may make: a share of the
// requests of the last ten seconds, and a floor. Without it a Pool in trouble
// gets double the load just then.
//
// The floor is there for the quiet shop: of three requests a second a fifth
// is not one, and its only client of the minute should still get a second
// Attempt. Three more a second are nothing to any server.
//
// In the ten seconds up to any retry, retries ≤ share·requests + 10·floor.
// To keep that exact with cells of a second, requests are counted over the
// last ten cells (less than ten seconds) and retries over the last eleven
// (more than ten).
type Budget struct {
	share float64
	floor float64 // over the whole window
	start time.Time

	mu    sync.Mutex // held to turn a cell over, and by Withdraw
	cells [budgetCells]cell
}

// cell counts one second.
type cell struct {
	second   atomic.Int64 // since start, plus one; 0: never used
	requests atomic.Int64
	retries  int64 // guarded by Budget.mu
}

// NewBudget returns a Budget of share of the requests and floor retries per
// second. What is negative counts as none.
func NewBudget(share, floor float64) *Budget {
	return &Budget{share: max(share, 0), floor: budgetWindow * max(floor, 0), start: time.Now()}
}

// like reports whether both allow the same.
func (b *Budget) like(other *Budget) bool { return b.share == other.share && b.floor == other.floor }

// Deposit counts a request. It is called once an Exchange, however many
// Attempts follow, and costs an atomic add. now may be coarse.
func (b *Budget) Deposit(now time.Time) {
	second := b.second(now)
	c := &b.cells[second%budgetCells]
	if c.second.Load() < second {
		b.mu.Lock()
		b.turn(c, second)
		b.mu.Unlock()
	}
	// A goroutine that sleeps here for six seconds credits a later cell. It
	// is one request.
	c.requests.Add(1)
}

// Withdraw reports whether a second (or later) Attempt may be made, and counts
// it if so.
func (b *Budget) Withdraw(now time.Time) bool {
	second := b.second(now)
	b.mu.Lock()
	defer b.mu.Unlock()
	own := &b.cells[second%budgetCells]
	b.turn(own, second)
	requests, retries := b.sum(second)
	if float64(retries+1) > b.share*float64(requests)+b.floor {
		return false
	}
	own.retries++
	return true
}

// Recent reports the requests and retries that the next Withdraw would weigh.
func (b *Budget) Recent(now time.Time) (requests, retries int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sum(b.second(now))
}

// second numbers the second of now, from 1. A clock read before the Budget was
// made counts as its first.
func (b *Budget) second(now time.Time) int64 {
	return max(int64(now.Sub(b.start)/time.Second), 0) + 1
}

// turn gives a cell to a second, unless a later one has it: then now was read
// long ago. The caller holds mu.
func (b *Budget) turn(c *cell, second int64) {
	if c.second.Load() >= second {
		return
	}
	c.requests.Store(0)
	c.retries = 0
	c.second.Store(second)
}

// sum counts what the window before and with second holds. The caller holds
// mu.
func (b *Budget) sum(second int64) (requests, retries int64) {
	for i := range b.cells {
		c := &b.cells[i]
		age := second - c.second.Load()
		if c.second.Load() == 0 || age > budgetWindow {
			continue
		}
		retries += c.retries
		if age < budgetWindow {
			requests += c.requests.Load()
		}
	}
	return requests, retries
}
