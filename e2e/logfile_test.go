package e2e

import (
	"encoding/json"
	"fmt"
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
