package server

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// pause is between two looks at what is waited for. Who looks without one has a
// processor of its own, which what is waited for may need.
const pause = time.Millisecond

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left over:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that were started by a Server and
// don't end.
func leaked() (left string) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if left = ours(); left == "" {
			return ""
		}
	}
	return left
}

// ours returns the stacks of all goroutines that a Server has started.
func ours() (stacks string) {
	buf := make([]byte, 4<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if !strings.Contains(g, "testing.") && !strings.Contains(g, "TestMain") &&
			(strings.Contains(g, "sluice/") && !strings.Contains(g, "_test.go")) {
			stacks += g + "\n\n"
		}
	}
	return stacks
}

// until polls for a condition of the real world.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// within waits for c.
func within[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		buf := make([]byte, 1<<20)
		t.Fatalf("not within %v: %s\n%s", patience, what, buf[:runtime.Stack(buf, true)])
	}
	return v
}
