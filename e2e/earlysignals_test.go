package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Nobody who rotates logs or reloads looks first whether Sluice has started: what
// comes too early must not end it.
func TestSignalsBeforeItServes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, told := filepath.Join(dir, "pipe"), filepath.Join(dir, errorLog)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("skipped: there are no named pipes here: %v", err)
	}
	c := setup{access: pipe, log: "error = \"" + told + "\"", upstreams: []string{"127.0.0.1:1"}}
	file := filepath.Join(dir, "sluice.toml")
	if err := os.WriteFile(file, []byte(c.text(dir, newIdentity(t, dir, host))), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &sluice{t: t, dir: dir, cmd: exec.Command(built, "run", "--config", file), stderr: new(output), stdout: new(output), ended: make(chan struct{})}
	s.cmd.Stderr, s.cmd.Stdout = s.stderr, s.stdout
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		s.cmd.Wait()
	}()
	t.Cleanup(s.cleanup)
	// It has opened one log, and waits for a reader of the other.
	eventually(t, patience, "the error log is there", func() bool { _, err := os.Stat(told); return err == nil })
	s.signal(syscall.SIGUSR1)
	s.signal(syscall.SIGHUP)
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	eventually(t, patience, "it serves", func() bool { return s.hasEnded() || serving.MatchString(s.told()) })
	s.stop()
}
