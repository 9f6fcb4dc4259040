package admin

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/leaktest"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// left returns the stacks of goroutines that a Server has started.
func left() (stacks string) {
	buf := make([]byte, 1<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "net/http.(*Server)") || strings.Contains(g, "net/http.(*conn)") {
			stacks += g + "\n\n"
		}
	}
	return stacks
}
