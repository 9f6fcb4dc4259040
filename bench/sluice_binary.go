package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sluiceBinary is the Sluice to be measured.
type sluiceBinary struct {
	path    string // empty: there is none
	missing string // why there is none
	size    int64  // bytes of the stripped build of the checkout; 0: not built
}

// findSluice builds the checkout stripped, as it is released, and measures that
// build or, if given, another binary. Without any, only the peers are measured.
func findSluice(ctx context.Context, root, dir, given string) sluiceBinary {
	built := filepath.Join(dir, "sluice")
	s := sluiceBinary{path: built}
	if err := buildSluice(ctx, root, built); err != nil {
		s.path, s.missing = "", err.Error()
	} else if info, err := os.Stat(built); err == nil {
		s.size = info.Size()
	}
	if given == "" {
		return s
	}
	path, err := filepath.Abs(given)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return sluiceBinary{missing: "there is no binary at the path given", size: s.size}
	}
	s.path, s.missing = path, ""
	return s
}

// buildSluice builds the released form of the checkout.
func buildSluice(ctx context.Context, root, output string) error {
	if _, err := os.Stat(filepath.Join(root, "main.go")); err != nil {
		return fmt.Errorf("the checkout has no main.go yet")
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", output, ".")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("the checkout does not build: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
