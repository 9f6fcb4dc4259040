package upstream

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

func TestAFifthOfTheRequestsMayBeTriedAgain(t *testing.T) {
	b := NewBudget(0.2, 3)
	now := b.start
	retries := 0
	for range 1000 {
		b.Deposit(now)
		if b.Withdraw(now) {
			retries++
		}
	}
	if retries != 200+30 {
		t.Errorf("%d retries of 1000 requests, want a fifth and the floor of 30", retries)
	}
}

func TestTheFloorServesTheQuiet(t *testing.T) {
	b := NewBudget(0.2, 3)
	now := b.start.Add(time.Hour)
	for i := range 30 {
		if !b.Withdraw(now) {
			t.Fatalf("retry %d of a quiet Pool was refused", i+1)
		}
	}
	if b.Withdraw(now) {
		t.Error("the floor has no end")
	}
	if b.Withdraw(now.Add(9 * time.Second)) {
		t.Error("the floor was given twice within ten seconds")
	}
	if !b.Withdraw(now.Add(12 * time.Second)) {
		t.Error("after the window the floor was not given again")
	}
}

func TestNoneMeansNone(t *testing.T) {
	b := NewBudget(-1, -1)
	b.Deposit(b.start)
	if b.Withdraw(b.start) {
		t.Error("a Budget of nothing gave something")
	}
}

// Over the ten seconds up to any moment at which a retry is allowed, retries
// are at most share·requests + floor·10. Random traffic: bursts, lulls, storms
// of failures, and a clock that is up to 50 ms behind.
func TestTheBudgetHoldsOverAnyWindow(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	const share, floor = 0.2, 3.0
	b := NewBudget(share, floor)
	var requests, retries []time.Time
	now := b.start
	allowed := 0
	since := func(times []time.Time, begin time.Time) (n int) {
		for i := len(times) - 1; i >= 0 && times[i].After(begin); i-- {
			n++
		}
		return n
	}
	rate, failing := 100.0, 0.5
	for range 50_000 {
		if dice.IntN(500) == 0 {
			rate = []float64{0.3, 5, 100, 2000}[dice.IntN(4)]
			failing = dice.Float64()
		}
		now = now.Add(time.Duration(dice.ExpFloat64() / rate * float64(time.Second)))
		b.Deposit(now)
		requests = append(requests, now)
		if dice.Float64() > failing || !b.Withdraw(now) {
			continue
		}
		allowed++
		retries = append(retries, now)
		begin := now.Add(-budgetWindow * time.Second)
		got, limit := since(retries, begin), share*float64(since(requests, begin))+floor*budgetWindow
		if float64(got) > limit {
			t.Fatalf("%d retries in the ten seconds before %v, at most %.1f are allowed", got, now.Sub(b.start), limit)
		}
	}
	if allowed < 1000 {
		t.Errorf("only %d retries were allowed in all", allowed)
	}
}

// A coarse clock that is a little behind neither loses nor gives much.
func TestALateClockDoesNoHarm(t *testing.T) {
	b := NewBudget(0.2, -1)
	now := b.start.Add(100 * time.Second)
	for range 100 {
		b.Deposit(now)
		b.Deposit(now.Add(-1500 * time.Millisecond))
	}
	if requests, _ := b.Recent(now); requests != 200 {
		t.Errorf("%d requests counted, want 200", requests)
	}
	b.Deposit(now.Add(-time.Hour))
	b.Deposit(b.start.Add(-time.Hour))
	granted := 0
	for range 100 {
		if b.Withdraw(now.Add(-1500 * time.Millisecond)) {
			granted++
		}
	}
	if granted > 41 {
		t.Errorf("%d retries of 202 requests", granted)
	}
}

func TestTheBudgetHoldsInParallel(t *testing.T) {
	b := NewBudget(0.2, -1)
	var wg sync.WaitGroup
	var granted [8]int
	for i := range granted {
		wg.Go(func() {
			for n := range 10_000 {
				now := b.start.Add(time.Duration(n) * 200 * time.Microsecond)
				b.Deposit(now)
				if b.Withdraw(now) {
					granted[i]++
				}
			}
		})
	}
	wg.Wait()
	total := 0
	for _, n := range granted {
		total += n
	}
	requests, retries := b.Recent(b.start.Add(2 * time.Second))
	if requests != 80_000 || int(retries) != total || total > 16_000 || total < 15_900 {
		t.Errorf("%d requests and %d retries counted, %d granted; want 80000 and a fifth", requests, retries, total)
	}
}
