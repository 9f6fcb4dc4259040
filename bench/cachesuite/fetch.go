package cachesuite

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

const (
	release  = "http-cache-tests@0.4.5"
	archive  = "http-cache-tests-0.4.5.tgz"
	requires = "node-fetch@2.7.0" // all that client and server need of what the release depends on
)

// Fetch gets the release 0.4.5 by npm into a folder, which should be empty, and
// opens it. Of what the release depends on, it leaves npm itself out, which is
// large and which nothing there needs.
func Fetch(ctx context.Context, dir string) (*Suite, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, ErrNoNode
	}
	tar, err := exec.LookPath("tar")
	if err != nil {
		return nil, fmt.Errorf("tar is not installed")
	}
	for _, step := range [][]string{
		{npm, "pack", "--ignore-scripts", release},
		{tar, "-xzf", archive, "--no-same-owner"},
		{npm, "install", "--prefix", dir, "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", requires},
	} {
		if _, err := runToEnd(ctx, program(ctx, dir, step[0], step[1:]...)); err != nil {
			return nil, fmt.Errorf("fetch the suite: %w", err)
		}
	}
	return Open(filepath.Join(dir, "package"))
}
