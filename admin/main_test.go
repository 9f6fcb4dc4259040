package admin

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

// TestMain fails when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	tick := time.NewTicker(5 * time.Millisecond) // so that what is left may end
	defer tick.Stop()
	for deadline := time.Now().Add(patience); code == 0 && left() != ""; <-tick.C {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "goroutines left over:\n%s\n", left())
			code = 1
		}
	}
	os.Exit(code)
}

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
