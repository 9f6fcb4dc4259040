package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// "SIGUSR1: reopen the access log (for logrotate)" (sluice run --help). No
// line is lost by it, and none comes twice.
func TestSIGUSR1ReopensTheAccessLog(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{serve(t, nil).address}})
	file := filepath.Join(s.dir, accessLog)
	old := filepath.Join(s.dir, accessLog+".1")
	c := s.dial(t)
	const n = 600
	for i := range n {
		c.send("GET / HTTP/1.1\r\nHost: %s\r\nRequest-Id: r%d\r\n\r\n", host, i)
		c.answer()
		if i == n/2 {
			if err := os.Rename(file, old); err != nil {
				t.Fatal(err)
			}
			s.signal(syscall.SIGUSR1)
			eventually(t, patience, "the access log is there again", func() bool {
				_, err := os.Stat(file)
				return err == nil
			})
		}
	}
	s.stop()
	times := map[string]int{}
	before, after := readLines(t, old), readLines(t, file)
	for _, l := range append(before, after...) {
		times[l.ID]++
	}
	for i := range n {
		if id := fmt.Sprint("r", i); times[id] != 1 {
			t.Errorf("request %s has %d lines, want 1", id, times[id])
		}
	}
	if len(after) < n/2-1 {
		t.Errorf("%d lines before, %d after", len(before), len(after))
	}
}

// "Whoever deletes a log's file need do nothing more" (docs/operations.md): what
// comes later is in a new one, without a signal, and what was written before is in
// the old one, so that no line is lost or there twice.
func TestLogsThatAreDeletedAreThereAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, errorFile := filepath.Join(dir, accessLog), filepath.Join(dir, errorLog)
	s := launchIn(t, dir, setup{log: toFile(dir), upstreams: []string{serve(t, nil).address}})
	isThere := func(file string) bool { _, err := os.Stat(file); return err == nil }
	old, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	c := s.dial(t)
	const n = 600
	for i := range n {
		c.send("GET / HTTP/1.1\r\nHost: %s\r\nRequest-Id: r%d\r\n\r\n", host, i)
		c.answer()
		if i == n/2 {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			eventually(t, patience, "the access log is there again", func() bool { return isThere(file) })
		}
	}
	before, err := io.ReadAll(old)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "all lines are written", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && bytes.Count(before, []byte("\n"))+bytes.Count(text, []byte("\n")) >= n
	})
	after := s.lines(t)
	kept := filepath.Join(dir, accessLog+".kept")
	if err := os.WriteFile(kept, before, 0o600); err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, l := range append(readLines(t, kept), after...) {
		times[l.ID]++
	}
	for i := range n {
		if id := fmt.Sprint("r", i); times[id] != 1 {
			t.Errorf("request %s has %d lines, want 1", id, times[id])
		}
	}
	if len(after) < n/2-1 {
		t.Errorf("%d lines in the new file", len(after))
	}
	eventually(t, patience, "the error log says so", func() bool {
		return strings.Contains(s.told(), `level=WARN msg="access log was deleted; lines go to a new file in its place" file=`+file)
	})

	// The error log is there again with its next line but one at the latest, as it
	// is looked once a second: one more for each time that we delete the other.
	if err := os.Remove(errorFile); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the error log is there again", func() bool {
		os.Remove(file)
		return isThere(errorFile)
	})
	s.stop()
	text, err := os.ReadFile(errorFile)
	if err != nil || !bytes.Contains(text, []byte(`level=WARN msg="error log was deleted; lines go to a new file in its place" file=`+errorFile)) ||
		!bytes.Contains(text, []byte("access log was deleted")) {
		t.Errorf("the error log has (%v)\n%s", err, text)
	}
	if text := s.stderr.text(); text != "" {
		t.Errorf("stderr has\n%s", text)
	}
}

// A full disk is no reason to refuse requests: "requests go on, lines are lost
// and counted".
func TestAccessLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skipf("skipped: %v", err)
	}
	s := start(t, setup{access: full, upstreams: []string{serve(t, nil).address}})
	c := s.dial(t)
	for range 50 {
		c.get("/")
		if a := c.answer(); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
	}
	eventually(t, patience, "stderr tells of the loss", func() bool {
		return s.stderr.has("access log cannot be written") && s.stderr.has("no space left on device")
	})
	for range 50 {
		c.get("/")
		if a := c.answer(); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
	}
	s.stop()
	if n := strings.Count(s.stderr.text(), "access log cannot be written"); n != 1 {
		t.Errorf("stderr tells of it %d times, want once", n)
	}
}

// log.access = "stdout": every line is a JSON object, and nothing else is on
// stdout.
func TestAccessLogOnStdout(t *testing.T) {
	t.Parallel()
	s := start(t, setup{access: "stdout", upstreams: []string{serve(t, nil).address}})
	c := s.dialTLS(t)
	for _, path := range []string{"/a", "/b?c=%22\"", "/d"} {
		c.get(path)
		c.answer()
	}
	s.stop()
	var paths []string
	for line := range strings.Lines(s.stdout.text()) {
		var l logLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		paths = append(paths, l.Path)
	}
	if got := strings.Join(paths, " "); got != `/a /b?c=%22" /d` {
		t.Errorf("the access log has the paths %s", got)
	}
}
