package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

// program returns the path of a program of the machine's, and skips the test
// if there is none.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		// nginx stands in a folder that only root's PATH has.
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Skipf("skipped: %s is not installed", name)
		}
	}
	return path
}

// result is what a program has said.
type result struct {
	stdout, stderr string
	status         int
}

// command runs a program to its end.
func command(t *testing.T, stdin, path string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s %q: not at its end within %v\n%s", path, args, 3*patience, stderr.String())
	}
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
