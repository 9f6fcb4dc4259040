// Package leaktest fails a package's tests when they leave a goroutine of ours
// behind. Only tests import it.
package leaktest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience is how long goroutines that are about to end are waited for.
const patience = 20 * time.Second

// Main is a TestMain: it runs the tests and ends the process.
func Main(m *testing.M) {
	code := m.Run()
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		os.Exit(code) // fuzzing has goroutines of its own
	}
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left over:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of goroutines that do not end.
func leaked() (left string) {
	tick := time.NewTicker(time.Millisecond) // who looks without a pause keeps them from ending
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if left = ours(); left == "" {
			return ""
		}
	}
	return left
}

// ours returns the stacks of all goroutines that run code of this module,
// except that which asks.
func ours() (stacks string) {
	buf := make([]byte, 4<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "sluice/") && !strings.Contains(g, "leaktest.Main") {
			stacks += g + "\n\n"
		}
	}
	return stacks
}
