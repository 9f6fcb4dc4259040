package errorlog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// sd-daemon(3): a line on stderr may begin with its priority in angle brackets,
// by syslog(3): 3 for errors, 4 warnings, 6 what is of interest, 7 debugging.
func TestLinesForTheJournalHaveTheirPriority(t *testing.T) {
	for _, json := range []bool{false, true} {
		_, paper, logger := onPaper(Options{JSON: json, Journal: true})
		logger.Error("failed", "why", "level=INFO <7> \n<7>level=DEBUG")
		logger.Warn(" level=ERROR", "why", `,"level":"ERROR"`)
		logger.Info("went well")
		lines := strings.Split(strings.TrimSuffix(paper.text(), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines:\n%s", len(lines), paper.text())
		}
		for i, want := range []string{"<3>", "<4>", "<6>"} {
			if start := regexp.MustCompile(`^<\d>(time=|\{"time":)`).FindString(lines[i]); !strings.HasPrefix(start, want) {
				t.Errorf("want %s before: %s", want, lines[i])
			}
		}
	}
	for text, want := range map[string]string{
		"time=x level=DEBUG msg=y": "<7>", "time=x level=WARN+1 msg=y": "<4>", "what is that": "<6>", "": "<6>",
	} {
		if got := string(priorityOf([]byte(text))); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// A file is read by people, and keeps none; what it does not take has one on
// stderr, and is counted as lines.
func TestLinesOfAFileHaveNoPriority(t *testing.T) {
	path := filepath.Join(t.TempDir(), "error.log")
	log, paper, logger := onPaper(Options{Path: path, Journal: true})
	if err := log.Open(); err != nil {
		t.Fatal(err)
	}
	logger.Warn("to the file")
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "time=") || paper.text() != "" {
		t.Errorf("file %q, %v; stderr %q", text, err, paper.text())
	}
	log.queue.sink.file = refusing{}
	logger.Warn("to stderr", "pool", "a")
	lines := strings.Split(strings.TrimSuffix(paper.text(), "\n"), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "<3>time=") || !strings.HasPrefix(lines[1], "<4>time=") {
		t.Errorf("stderr has %q", lines)
	}
	if n := log.Stats(); n.Written != 2 || n.Dropped != 0 {
		t.Errorf("%+v", n)
	}
}

// refusing is a file on a disk that is full.
type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }
func (refusing) Close() error              { return nil }

// systemd.exec(5): $JOURNAL_STREAM has the device and the inode of the journal's
// stream, so that a program can find out whether its stderr is still that.
func TestToJournal(t *testing.T) {
	if os.Getenv("ERRORLOG_TEST_TO_JOURNAL") != "" {
		slog.New(New(Options{Journal: ToJournal()}).Handler()).Warn("told")
		os.Stderr.WriteString(LastWords("why\nand where"))
		return
	}
	for _, connected := range []bool{true, false} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		info, err := w.Stat()
		if err != nil {
			t.Fatal(err)
		}
		st := info.Sys().(*syscall.Stat_t)
		inode := st.Ino
		if !connected {
			inode++
		}
		c := exec.Command(os.Args[0], "-test.run=^TestToJournal$")
		c.Env = append(os.Environ(), "ERRORLOG_TEST_TO_JOURNAL=1", fmt.Sprintf("JOURNAL_STREAM=%d:%d", st.Dev, inode))
		c.Stderr = w
		err = c.Run()
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		lines := strings.SplitAfter(string(text), "\n")
		want := [3]string{"time=", "why\n", "and where"}
		if connected {
			want = [3]string{"<4>time=", "<3>why\n", "<3>and where"}
		}
		if err != nil || len(lines) < 3 || !strings.HasPrefix(lines[0], want[0]) || lines[1] != want[1] || lines[2] != want[2] {
			t.Errorf("connected %v: %q, %v", connected, text, err)
		}
	}
}
