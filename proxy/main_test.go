package proxy

import (
	"runtime"
	"testing"
	"time"

	"sluice/leaktest"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// until polls for a condition of the real world.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	// A loop without a pause would take the core from what is waited for.
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// within waits for c.
func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("not within %v: %s\n%s", patience, what, buf[:runtime.Stack(buf, true)])
		panic("unreachable")
	}
}
