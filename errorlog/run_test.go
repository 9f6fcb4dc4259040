package errorlog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a stderr that takes nothing until it is let go.
type stuck struct {
	paper
	let chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.let
	return s.paper.Write(b)
}

// "Who tells something never waits for the disk": a write that does not come
// back stops nobody, and what doesn't fit any more is counted.
func TestAStuckWriteStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{let: make(chan struct{})}
		log := New(Options{Stderr: s})
		stop := run(t, log)
		synctest.Wait()
		began := time.Now()
		line := []byte(strings.Repeat("x", 1<<10-1) + "\n")
		log.queue.Write(line) // the one that is stuck
		synctest.Wait()
		for range 2 * maxQueue / len(line) {
			log.queue.Write(line)
		}
		if n := log.Stats(); n.Dropped != maxQueue/uint64(len(line)) || time.Since(began) > 0 {
			t.Errorf("%+v after %v", n, time.Since(began))
		}
		if err := stop(); !errors.Is(err, ErrStuck) || time.Since(began) != endWithin {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		log.queue.Write(line) // and nobody is stuck after the end either
		if n := log.Stats(); n.Dropped != 2*maxQueue/uint64(len(line))+1 || n.Written != 0 {
			t.Errorf("at the end %+v", n)
		}
		close(s.let)
		synctest.Wait()
	})
}

// In the end all is written that waits, when the sink is only slow.
func TestASlowWriteIsWaitedForAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stuck{let: make(chan struct{})}
		log := New(Options{Stderr: s})
		stop := run(t, log)
		synctest.Wait() // from here on Run does
		for range 3 {
			log.queue.Write([]byte("line\n"))
			synctest.Wait()
		}
		time.AfterFunc(endWithin/2, func() { close(s.let) })
		if err := stop(); err != nil || s.lines() != 3 {
			t.Errorf("%v, %d lines", err, s.lines())
		}
	})
}

// filed returns a Log that writes to a file, opened, and the file's path.
func filed(t *testing.T, o Options) (*Log, *paper, string) {
	t.Helper()
	o.Path = filepath.Join(t.TempDir(), "error.log")
	log, p, _ := onPaper(o)
	if err := log.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	return log, p, o.Path
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReopenAfterRotation(t *testing.T) {
	log, p, file := filed(t, Options{})
	stop := run(t, log)
	log.queue.Write([]byte("one\n"))
	until(t, "the first line is written", func() bool { return log.Stats().Written == 1 })
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	log.queue.Write([]byte("two\n"))
	until(t, "the second line is written", func() bool { return log.Stats().Written == 2 })
	log.Reopen()
	until(t, "the file is there again", func() bool { _, err := os.Stat(file); return err == nil })
	log.queue.Write([]byte("three\n"))
	if err := stop(); err != nil {
		t.Error(err)
	}
	if a, b := read(t, file+".1"), read(t, file); a != "one\ntwo\n" || b != "three\n" || p.text() != "" {
		t.Errorf("before %q, after %q, stderr %q", a, b, p.text())
	}
}

func TestAFileThatCannotBeReopenedStays(t *testing.T) {
	log, _, file := filed(t, Options{})
	stop := run(t, log)
	old := file + ".1"
	if err := os.Rename(file, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	log.Reopen()
	until(t, "it is told", func() bool { return strings.Contains(read(t, old), "error log cannot be reopened") })
	log.queue.Write([]byte("more\n"))
	stop()
	if got := read(t, old); !strings.HasSuffix(got, "more\n") {
		t.Errorf("%q", got)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	log := New(Options{Path: filepath.Join(t.TempDir(), "none", "error.log")})
	if err := log.Open(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// What is told while the program reads its config is in the file, too, once it is
// open, and a line that somebody before us has torn stays apart from ours.
func TestLinesFromBeforeOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "error.log")
	if err := os.WriteFile(file, []byte("whole\nto"), 0o600); err != nil {
		t.Fatal(err)
	}
	log, p, errlog := onPaper(Options{Path: file})
	errlog.Warn("early")
	for range 2 * maxEarly / maxValue {
		log.queue.Write([]byte(strings.Repeat("x", maxValue-1) + "\n"))
	}
	if err := log.Open(); err != nil {
		t.Fatal(err)
	}
	errlog.Warn("late")
	log.Close()
	errlog.Warn("after")
	lines := strings.Split(read(t, file), "\n")
	if len(read(t, file)) > maxEarly+200 || lines[1] != "to" || !strings.HasSuffix(lines[2], "msg=early") || !strings.HasSuffix(lines[len(lines)-2], "msg=late") {
		t.Errorf("the file has %d lines: %.300s", len(lines), strings.Join(lines, "\n"))
	}
	if got := p.text(); !strings.Contains(got, "msg=early") || strings.Contains(got, "msg=late") || !strings.Contains(got, "msg=after") {
		t.Errorf("stderr: %.300s", got)
	}
	if len(log.queue.sink.early) > 0 {
		t.Error("lines are kept for nothing")
	}
}

// disk is a file with so much room.
type disk struct {
	paper
	room   atomic.Int64
	closed bool
}

func (d *disk) Write(b []byte) (int, error) {
	if room := int(d.room.Load()); len(b) > room {
		d.paper.Write(b[:room])
		d.room.Store(0)
		return room, syscall.ENOSPC
	}
	d.room.Add(-int64(len(b)))
	return d.paper.Write(b)
}

func (d *disk) Close() error { d.closed = true; return nil }

// When the file takes no more, what would be in it is on stderr, which says so
// once. No line is lost or torn by it, and the file goes on when it can.
func TestAFullDisk(t *testing.T) {
	log, p, _ := onPaper(Options{Path: "/unused/error.log"})
	d := &disk{}
	log.queue.sink.file = d
	write := func(line string) { log.queue.Write([]byte(line + "\n")) }
	d.room.Store(8)
	write("one")
	write("second") // of which the disk takes four bytes
	write("third")
	if got := p.text(); strings.Count(got, "error log cannot be written; lines come here until it can") != 1 ||
		!strings.Contains(got, "file=/unused/error.log") || !strings.Contains(got, "no space left") || !strings.HasSuffix(got, "\nsecond\nthird\n") {
		t.Errorf("stderr: %q", got)
	}
	if n := log.Stats(); n.Written != 3 || n.Dropped != 0 || !errors.Is(n.Failure, syscall.ENOSPC) {
		t.Errorf("%+v", n)
	}
	d.room.Store(3) // the torn line can be ended, no more
	write("fourth")
	d.room.Store(1 << 10)
	write("fifth")
	write("sixth")
	lines := strings.Split(d.text(), "\n")
	if len(lines) != 7 || lines[0] != "one" || lines[1] != "seco" || !strings.Contains(lines[3], `msg="error log is written again" lines_on_stderr=3`) ||
		lines[4] != "fifth" || lines[5] != "sixth" {
		t.Errorf("the file:\n%s", d.text())
	}
	if n := log.Stats(); n.Written != 6 || n.Dropped != 0 || n.Failure != nil || p.lines() != 4 {
		t.Errorf("%+v, %d lines on stderr", n, p.lines())
	}
	log.Close()
	if !d.closed {
		t.Error("the file is not closed")
	}
}

// broken is a stderr that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestWhatNobodyTakesIsCounted(t *testing.T) {
	log := New(Options{Stderr: broken{}})
	log.queue.Write([]byte("one\ntwo\n"))
	if n := log.Stats(); n.Dropped != 2 || n.Written != 0 || !errors.Is(n.Failure, syscall.EPIPE) {
		t.Errorf("%+v", n)
	}
}
