package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// logLine is the part of an access log line that tests look at.
type logLine struct {
	ID       string `json:"id"`
	Client   string `json:"client"`
	Method   string `json:"method"`
	Path     string `json:"path"`
	Status   int    `json:"status"`
	BytesIn  int64  `json:"bytes_in"`
	BytesOut int64  `json:"bytes_out"`
	Upstream string `json:"upstream"`
	Attempts int    `json:"attempts"`
	Who      string `json:"fail_who"`
	Phase    string `json:"fail_phase"`
	Cause    string `json:"fail_cause"`
	Detail   string `json:"fail_detail"`
	Degraded string `json:"degraded"`
	TLS      string `json:"tls"`
	ALPN     string `json:"alpn"`
	SNI      string `json:"sni"`
}

// lines returns what is in the access log so far. Once the program has ended it
// ends with a whole line.
func (s *sluice) lines(t *testing.T) []logLine {
	t.Helper()
	ended := s.hasEnded() // before it is read
	all, rest := splitLines(t, filepath.Join(s.dir, accessLog))
	if ended && rest != "" {
		t.Fatalf("the access log ends with %q", rest)
	}
	return all
}

// readLines reads an access log that may be written just now.
func readLines(t *testing.T, file string) []logLine {
	t.Helper()
	all, _ := splitLines(t, file)
	return all
}

// splitLines reads an access log: its lines, and what is there of another. A
// reader may see the first part of a write, as the kernel copies it a page at a
// time.
func splitLines(t *testing.T, file string) (all []logLine, rest string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(data)) {
		if !strings.HasSuffix(text, "\n") {
			return all, text
		}
		var l logLine
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("access log line %q: %v", text, err)
		}
		all = append(all, l)
	}
	return all, ""
}

// line waits for the line of the request for a path. Lines are written once a
// second, and when the log is reopened, which saves the time.
func (s *sluice) line(t *testing.T, path string) (found logLine) {
	t.Helper()
	s.signal(syscall.SIGUSR1)
	eventually(t, 3*patience, "access log line of "+path, func() bool { // a browser may have to start first
		for _, l := range s.lines(t) {
			if l.Path == path {
				found = l
				return true
			}
		}
		return false
	})
	return found
}
