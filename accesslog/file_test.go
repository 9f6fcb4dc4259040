package accesslog

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// idsIn returns the numbers of the lines in the file at path, each a whole one.
func idsIn(t *testing.T, path string) (ids []int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		id, err := strconv.Atoi(decode(t, line)["id"].(string))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestAFileIsCreatedForItsOwnerAndGroupAndAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	for n := range 2 {
		sink, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		log := New(sink)
		stop := run(t, log)
		log.Log(numbered(n))
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^0o640 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got := idsIn(t, path); len(got) != 2 {
		t.Errorf("lines %v", got)
	}
}

func TestAPathThatCannotBeOpenedIsAnErrorAtOnce(t *testing.T) {
	sink, err := Open(filepath.Join(t.TempDir(), "no", "access.log"))
	if !errors.Is(err, os.ErrNotExist) || sink != nil {
		t.Errorf("%v, %v", sink, err)
	}
}

func TestRotationLosesAndTearsNoLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	sink, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	log := New(sink)
	log.Notify = func(err error) { t.Error(err) }
	stop := run(t, log)
	const rotations, each = 20, 300
	for r := range rotations {
		for n := range each {
			log.Log(numbered(r*each + n))
		}
		for log.Stats().Written+3*each < uint64(r*each) {
			runtime.Gosched() // the buffer holds more than those three
		}
		if err := os.Rename(path, filepath.Join(dir, strconv.Itoa(r))); err != nil && r == 0 {
			t.Fatal(err)
		}
		log.Reopen()
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, name := range files {
		for _, id := range idsIn(t, name) {
			if seen[id] {
				t.Errorf("line %d twice", id)
			}
			seen[id] = true
		}
	}
	if dropped := log.Stats().Dropped; len(seen) != rotations*each || dropped != 0 {
		t.Errorf("%d lines of %d in %d files, %d dropped", len(seen), rotations*each, len(files), dropped)
	}
}

func TestAFailedReopeningKeepsTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	f, err := openFile(filepath.Join(dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reopened where nothing is: %v", err)
	}
	f.Write([]byte("{}\n"))
	if got, err := os.ReadFile(filepath.Join(dir+".old", "access.log")); string(got) != "{}\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAFileThatEndsInATornLineGoesOnWithANewOne(t *testing.T) {
	for _, tt := range []struct{ before, want string }{
		{"", "{}\n{}\n"},
		{"{\"a\":1}\n", "{\"a\":1}\n{}\n{}\n"},
		{"{\"a\":", "{\"a\":\n{}\n{}\n"},
	} {
		path := filepath.Join(t.TempDir(), "access.log")
		if err := os.WriteFile(path, []byte(tt.before), 0o640); err != nil {
			t.Fatal(err)
		}
		f, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte("{}\n"))
		f.Write([]byte("{}\n"))
		f.Close()
		if got, err := os.ReadFile(path); string(got) != tt.want {
			t.Errorf("after %q: got %q (%v), want %q", tt.before, got, err, tt.want)
		}
	}
}

func TestAFullDeviceDropsLines(t *testing.T) {
	sink, err := Open("/dev/full")
	if err != nil {
		t.Skip(err)
	}
	log := New(sink)
	told := make(chan error, 2)
	log.Notify = func(err error) { told <- err }
	stop := run(t, log)
	log.Log(numbered(1))
	log.Reopen() // flushes
	if err := <-told; !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("told %v", err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if got := counts(log.Stats()); got != [2]uint64{0, 1} {
		t.Errorf("written and dropped %v", got)
	}
}

// A reader of our standard output that goes away must not take us along. The
// test runs itself with a pipe that nobody reads.
func TestAClosedPipeIsAnErrorAndNotTheEnd(t *testing.T) {
	const inside = "ACCESSLOG_TEST_STDOUT"
	if os.Getenv(inside) != "" {
		sink, err := Open("stdout")
		if err != nil {
			t.Fatal(err)
		}
		io.ReadAll(os.Stdin) // until the pipe is closed
		_, err = sink.Write([]byte("{}\n"))
		if !errors.Is(err, syscall.EPIPE) {
			os.Exit(1)
		}
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inside+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out.Close()
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestStandardErrorIsASink(t *testing.T) {
	sink, err := Open("stderr")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sink.Reopen(), sink.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stderr.Stat(); err != nil {
		t.Errorf("closing the sink closed the process's: %v", err)
	}
}
