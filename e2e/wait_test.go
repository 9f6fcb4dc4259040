package e2e

import (
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once. It is
// generous, because machines that run tests are busy; it never makes a test
// that passes slower.
const patience = 10 * time.Second

// eventually waits until condition holds, and fails the test if it does not
// within the time.
func eventually(t *testing.T, within time.Duration, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, within)
		}
		<-tick.C
	}
}

// receive returns what comes on c, and fails the test if nothing does.
func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatalf("%s: not within %v", what, patience)
		panic("unreachable")
	}
}

// every calls step at a pace until it returns false.
func every(pace time.Duration, step func() bool) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for step() {
		<-tick.C
	}
}
