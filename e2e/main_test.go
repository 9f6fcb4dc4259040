package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// upstreamVariable makes this test binary an upstream server instead: its
// value is the address to listen on.
const upstreamVariable = "SLUICE_E2E_UPSTREAM"

// raceVariable asks for a binary that is built with the race detector.
const raceVariable = "SLUICE_E2E_RACE"

// built is the path of the program under test. TestMain sets it.
var built string

func TestMain(m *testing.M) {
	if address := os.Getenv(upstreamVariable); address != "" {
		if err := serveUpstream(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(m))
}

// run builds the program into a folder that goes away with the tests.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "sluice-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = filepath.Join(dir, "sluice")
	args := []string{"build", "-o", built}
	if raced() {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "sluice")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// raced reports that the binary has the race detector, and so is slower and
// larger than what people run.
func raced() bool { return os.Getenv(raceVariable) == "1" }
