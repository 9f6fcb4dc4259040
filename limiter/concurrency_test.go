package limiter

import (
	"testing"
	"time"
)

// heads is a window of so many heads, of the same time each.
func headsOf(n int, took time.Duration, used float64, pressed bool) sampleWindow {
	return sampleWindow{heads: int64(n), took: time.Duration(n) * took, held: int64(used * float64(n)), pressed: pressed}
}

// observed returns a limit after windows of 100 ms each; used is a share of it.
func observed(c *concurrency, windows int, took time.Duration, used float64, pressed bool, now time.Duration) time.Duration {
	for range windows {
		now += lookEvery
		c.observe(headsOf(200, took, used*c.limit, pressed), now)
	}
	return now
}

func TestLimitDoesNotGrowWhileLessThanHalfUsed(t *testing.T) {
	c := newConcurrency(AdmissionOptions{})
	now := observed(&c, 100, 10*time.Millisecond, 0.49, false, 0)
	if c.places() != 20 {
		t.Errorf("limit %d, want the 20 that it starts with", c.places())
	}
	observed(&c, 10, 10*time.Millisecond, 0.6, false, now)
	if c.places() <= 20 {
		t.Errorf("limit %d, want more: it is used, and heads take no longer", c.places())
	}
}

func TestLimitStaysBetweenFloorAndMax(t *testing.T) {
	c := newConcurrency(AdmissionOptions{Floor: 7, Start: 50, Max: 60})
	now := observed(&c, 20, 10*time.Millisecond, 0.9, false, 0)
	if c.places() != 60 {
		t.Errorf("limit %d, want 60", c.places())
	}
	for i := range 50 { // ever slower, whatever is done
		now = observed(&c, 4, time.Duration(1+i)*100*time.Millisecond, 1, true, now)
		if c.places() < 7 {
			t.Fatalf("limit %d under its floor", c.places())
		}
	}
}

func TestLimitOfAnIdleServiceRests(t *testing.T) {
	c := newConcurrency(AdmissionOptions{})
	now := observed(&c, 10, 10*time.Millisecond, 0.2, false, 0)
	c.observe(sampleWindow{}, now+time.Hour)
	observed(&c, 10, 500*time.Millisecond, 0.2, false, now+time.Hour)
	if c.places() != 20 {
		t.Errorf("limit %d, want 20", c.places())
	}
	if c.base < float64(30*time.Millisecond) {
		t.Errorf("base %v does not follow what heads take when nothing is in their way", time.Duration(c.base))
	}
}

func TestLimitDoesNotGrowWhileAttemptsFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		failed int64
		grows  bool
	}{
		{"nobody fails", 0, true},
		{"a few", 5, true},
		{"one in five", 50, false},
		{"nearly all", 5000, false},
	} {
		c := newConcurrency(AdmissionOptions{})
		for i := range 5 {
			w := headsOf(200, 10*time.Millisecond, 0.9*c.limit, false)
			w.failed = tt.failed
			c.observe(w, time.Duration(i+1)*lookEvery)
		}
		if c.places() < 20 || c.places() > 20 != tt.grows {
			t.Errorf("%s: limit %d", tt.name, c.places())
		}
	}
}

func TestFixedLimitIsFixed(t *testing.T) {
	c := newConcurrency(AdmissionOptions{Limit: 3})
	observed(&c, 100, time.Second, 1, true, 0)
	if c.places() != 3 || c.bottom() != 0 {
		t.Errorf("limit %d, floor %d", c.places(), c.bottom())
	}
}
