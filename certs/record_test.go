package certs

import (
	"testing"
	"time"
)

// "1 min growing to 24 h".
func TestPausesGrowFromAMinuteToADay(t *testing.T) {
	for n, want := range map[int]time.Duration{
		-1: firstPause, 0: firstPause, 1: firstPause, 2: 2 * firstPause, 5: 16 * firstPause, 11: 1024 * firstPause,
		12: lastPause, 13: lastPause, 64: lastPause, 1 << 40: lastPause,
	} {
		for range 100 {
			if got := pause(n); got < want*9/10 || got > want*11/10 {
				t.Fatalf("pause %d: %v, want about %v", n, got, want)
			}
		}
	}
}

// What stands in a record, whoever wrote it, keeps nobody waiting for more than
// what the CA's limits ask for.
func FuzzRecord(f *testing.F) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	r := record{Name: shop, Failures: 3}
	r.begin(now)
	r.failed(&OrderError{Directory: "https://ca.example/dir", Cause: errDamaged, RetryAfter: time.Hour, Invalid: 2}, now)
	f.Add(r.text())
	f.Add([]byte(`{"name":"shop.example.com","next_try":"9999-01-01T00:00:00Z","invalid":["9999-01-01T00:00:00Z"]}`))
	f.Add([]byte(`{"name":"other.example.com"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(shop, data)
		if r.Name != shop {
			t.Fatalf("a record of %q, %v", r.Name, err)
		}
		r.resume(now)
		if latest := now.Add(lastPause); r.NextTry.After(latest) {
			t.Errorf("waits until %v", r.NextTry)
		}
		if at := r.earliest(now, 90*24*time.Hour); at.Sub(now) > week {
			t.Errorf("the limits keep us waiting until %v", at)
		}
		for directory, until := range r.Blocked {
			if until.Sub(now) > longestBlock {
				t.Errorf("%s is left alone until %v", directory, until)
			}
		}
		r.begin(now)
		r.failed(&OrderError{Cause: errDamaged, Invalid: 1}, now)
		again, err := parseRecord(shop, r.text())
		if err != nil || again.Failures != r.Failures {
			t.Errorf("written and read: %+v, %v", again, err)
		}
	})
}

// "a random time between", which stays the same, and none that would let the
// certificate end.
func TestWishesAreFollowedWithinReason(t *testing.T) {
	day := 24 * time.Hour
	leaf := newRegistry(t, "ca.example").ca.Certificate
	begin, end := leaf.NotBefore, leaf.NotAfter
	for _, test := range []struct {
		info        RenewalInfo
		least, most time.Time
	}{
		{RenewalInfo{}, time.Time{}, time.Time{}},
		{RenewalInfo{Start: begin.Add(10 * day), End: begin.Add(12 * day)}, begin.Add(10 * day), begin.Add(12 * day)},
		{RenewalInfo{Start: begin.Add(10 * day), End: begin.Add(10 * day)}, begin.Add(10 * day), begin.Add(10 * day)},
		{RenewalInfo{Start: begin.Add(12 * day), End: begin.Add(10 * day)}, time.Time{}, time.Time{}},
		{RenewalInfo{Start: end, End: end.Add(day)}, begin, end.Add(-end.Sub(begin) / 6)},
	} {
		at := test.info.wish(leaf)
		if at.Before(test.least) || at.After(test.most) || !at.Equal(test.info.wish(leaf)) {
			t.Errorf("%+v: %v", test.info, at)
		}
	}
	for said, want := range map[time.Duration]time.Duration{
		0: askEvery, -time.Hour: askEvery, time.Second: askSoon, time.Hour: time.Hour, 1000 * time.Hour: askSeldom,
	} {
		if got := (RenewalInfo{AskAgain: said}).askAgain(); got != want {
			t.Errorf("said %v: asked again after %v", said, got)
		}
	}
}
