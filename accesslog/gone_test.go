package accesslog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// told is what a Log has told.
type told struct {
	notes   []error
	deleted int
}

// onFile returns a Log that writes to a file, what it tells, and the path.
func onFile(t *testing.T) (*Log, *told, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logs", "access.log")
	if err := os.Mkdir(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	sink, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	log, told := New(sink), &told{}
	log.Notify = func(err error) { told.notes = append(told.notes, err) }
	log.Deleted = func() { told.deleted++ }
	return log, told, path
}

// second waits until log has done what it does each second.
func second(log *Log) {
	log.Stats() // its lock hands Run what the test has changed or read; sleeping in a bubble does not
	time.Sleep(flushEvery)
	synctest.Wait()
}

func TestADeletedFileIsReopenedByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, told, path := onFile(t)
		stop := run(t, log)
		log.Log(numbered(1))
		second(log)
		old, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer old.Close()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		log.Log(numbered(2))
		second(log)
		made, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		log.Log(numbered(3))
		second(log)
		second(log)
		if err := stop(); err != nil {
			t.Error(err)
		}
		if now, err := os.Stat(path); err != nil || !os.SameFile(made, now) {
			t.Errorf("it is made anew again and again: %v", err)
		}
		if got := idsIn(t, path); !slices.Equal(got, []int{2, 3}) {
			t.Errorf("the new file has the lines %v", got)
		}
		if text, err := io.ReadAll(old); err != nil || countLines(text) != 1 {
			t.Errorf("the deleted file has %q (%v)", text, err)
		}
		if got := log.Stats(); counts(got) != [2]uint64{3, 0} || got.NotReopened != nil || told.deleted != 1 || len(told.notes) != 0 {
			t.Errorf("%+v, told %+v", got, told)
		}
	})
}

func TestADeletedFileIsReopenedThoughNothingIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, told, path := onFile(t)
		stop := run(t, log)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		second(log)
		if _, err := os.Stat(path); err != nil || told.deleted != 1 {
			t.Errorf("%v, told %+v", err, told)
		}
		stop()
	})
}

// logrotate renames, and signals when it is done with the others.
func TestARenamedFileKeepsItsLinesUntilReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, told, path := onFile(t)
		stop := run(t, log)
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		log.Log(numbered(1))
		second(log)
		second(log)
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there is a new file: %v", err)
		}
		log.Log(numbered(2))
		log.Reopen()
		synctest.Wait()
		stop()
		if before, after := idsIn(t, path+".1"), idsIn(t, path); len(before) != 1 || len(after) != 1 || told.deleted != 0 {
			t.Errorf("before %v, after %v, told %+v", before, after, told)
		}
	})
}

// As it is told of a file that was renamed: once, and again when it is over.
func TestADeletedFileThatCannotBeReopened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, told, path := onFile(t)
		stop := run(t, log)
		if err := os.RemoveAll(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			second(log)
		}
		if got := log.Stats().NotReopened; !errors.Is(got, os.ErrNotExist) || len(told.notes) != 1 ||
			!errors.Is(told.notes[0], ErrNotReopened) || !errors.Is(told.notes[0], os.ErrNotExist) {
			t.Errorf("%v, told %+v", got, told)
		}
		if err := os.Mkdir(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		log.Log(numbered(1))
		second(log)
		stop()
		if got := idsIn(t, path); !slices.Equal(got, []int{1}) {
			t.Errorf("lines %v", got)
		}
		if got := log.Stats().NotReopened; got != nil || len(told.notes) != 2 || told.notes[1] != nil || told.deleted != 0 {
			t.Errorf("%v, told %+v", got, told)
		}
	})
}

// filling is a disk with no room until its file is deleted and closed.
type filling struct{ disk }

func (f *filling) Reopen() error {
	if f.gone {
		f.gone, f.room = false, 1<<20
	}
	return f.disk.Reopen()
}

// It is why somebody deletes it.
func TestDeletingTheFileMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &filling{}
		log := New(f)
		var notes []error
		log.Notify = func(err error) { notes = append(notes, err) }
		stop := run(t, log)
		log.Log(numbered(1))
		second(log)
		f.gone = true
		log.Log(numbered(2))
		second(log)
		if got := log.Stats(); counts(got) != [2]uint64{1, 1} || got.Failure != nil || len(notes) != 2 || notes[1] != nil {
			t.Errorf("%+v, told %v", got, notes)
		}
		stop()
	})
}

func TestItIsLookedOnceASecondHoweverMuchIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{room: 1 << 30}
		log := New(d)
		stop := run(t, log)
		for range 10 * flushSize / 500 {
			log.Log(typical())
			synctest.Wait()
		}
		if d.Len() < flushSize || d.looks != 0 {
			t.Errorf("%d looks for %d bytes", d.looks, d.Len())
		}
		for range 5 {
			second(log)
		}
		if d.looks != 5 || d.reopened != 0 {
			t.Errorf("%d looks in 5 seconds, reopened %d times", d.looks, d.reopened)
		}
		stop()
	})
}

func TestOnlyAFileThatNobodyCanFindIsGone(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	opened := func(name string) *file {
		f, err := openFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	ok := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}

	there, deleted, renamed, linked := opened(path("there")), opened(path("deleted")), opened(path("renamed")), opened(path("linked"))
	ok(os.Remove(path("deleted")), os.Rename(path("renamed"), path("renamed.1")),
		os.Link(path("linked"), path("other")), os.Remove(path("linked")))

	ok(os.Symlink(path("target"), path("symlink")))
	symlink := opened(path("symlink"))
	ok(os.Remove(path("target")))

	ok(syscall.Mkfifo(path("fifo"), 0o600))
	reader, err := os.OpenFile(path("fifo"), os.O_RDWR, 0) // or ours would wait for one
	ok(err)
	defer reader.Close()
	fifo := opened(path("fifo"))
	ok(os.Remove(path("fifo")))

	for _, tt := range []struct {
		name string
		sink Sink
		want bool
	}{
		{"there", there, false},
		{"deleted", deleted, true},
		{"renamed", renamed, false},
		{"a name left", linked, false},
		{"the target of a symbolic link", symlink, true},
		{"a FIFO", fifo, false},
		{"/dev/null", opened(os.DevNull), false},
		{"standard output into a deleted file", stream{deleted.open}, false},
	} {
		if got := tt.sink.Gone(); got != tt.want {
			t.Errorf("%s: gone %v, want %v", tt.name, got, tt.want)
		}
	}
}
