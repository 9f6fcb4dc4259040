package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a disk that is full nothing is left half-way, and the next run goes on from
// there.
func TestInstallOnAFullDisk(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t)
	// The program is larger than the disk: its folder is elsewhere.
	roomy := t.TempDir()
	if err := os.MkdirAll(filepath.Join(disk.seen, "usr", "local"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(roomy, filepath.Join(disk.seen, "usr", "local", "bin")); err != nil {
		t.Fatal(err)
	}
	install := func() result {
		words := append(append([]string(nil), disk.within...), built, "install", "--prefix", disk.path)
		return command(t, "", words[0], words[1:]...)
	}
	disk.fill()
	r := install()
	for _, want := range []string{"/etc/sluice/sluice.toml: not written", "no space left on device", "the disk is full", "above is done"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("%q is not in %s", want, r.stderr)
		}
	}
	if r.status != 1 || !strings.Contains(r.stdout, "/usr/local/bin/sluice: written\n") {
		t.Errorf("exit status %d, stdout %s", r.status, r.stdout)
	}
	if left, err := filepath.Glob(filepath.Join(disk.seen, "etc", "sluice", "*")); err != nil || len(left) > 0 {
		t.Errorf("left are %q, %v", left, err)
	}
	disk.free()
	if r := install(); r.status != 0 || !strings.Contains(r.stdout, "is this version already") || !strings.Contains(r.stdout, "sluice.toml: written") {
		t.Errorf("exit status %d, stdout %s, stderr %s", r.status, r.stdout, r.stderr)
	}
	config := filepath.Join(disk.path, "etc", "sluice", "sluice.toml")
	words := append(append([]string(nil), disk.within...), built, "check", "--config", config)
	if r := command(t, "", words[0], words[1:]...); r.status != 0 {
		t.Errorf("check of the config that was written: exit status %d, %s", r.status, r.stderr)
	}
}

// Nobody answers yes for a program that asks.
func TestPurgeAsksFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if r := command(t, "", built, "install", "--prefix", dir); r.status != 0 {
		t.Fatalf("exit status %d, %s", r.status, r.stderr)
	}
	config := filepath.Join(dir, "etc", "sluice", "sluice.toml")
	for _, tt := range []struct {
		stdin  string
		args   []string
		status int
	}{
		{"", nil, 1},
		{"y\n", nil, 1},
		{"no\n", nil, 1},
		{"", []string{"--dry-run"}, 0},
		{"yes\n", nil, 0},
	} {
		args := append([]string{"uninstall", "--prefix", dir, "--purge"}, tt.args...)
		if r := command(t, tt.stdin, built, args...); r.status != tt.status {
			t.Errorf("%q, %q: exit status %d, want %d: %s", args, tt.stdin, r.status, tt.status, r.stderr)
		}
		_, err := os.Stat(config)
		if gone, want := err != nil, tt.stdin == "yes\n"; gone != want {
			t.Errorf("%q, %q: the config is gone: %v, want %v", args, tt.stdin, gone, want)
		}
	}
}
