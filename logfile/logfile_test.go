package logfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOpenSaysHowTheFileEnds(t *testing.T) {
	for text, want := range map[string]bool{"": false, "a line\n": false, "a line\nhalf": true, "\n": false} {
		path := filepath.Join(t.TempDir(), "a.log")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, torn, err := Open(path)
		if err != nil || torn != want {
			t.Fatalf("%q: torn %v, %v", text, torn, err)
		}
		if _, err := f.WriteString("x"); err != nil {
			t.Error(err)
		}
		f.Close()
		if got, _ := os.ReadFile(path); string(got) != text+"x" {
			t.Errorf("%q: not appended to: %q", text, got)
		}
	}
	if _, _, err := Open(filepath.Join(t.TempDir(), "none", "a.log")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestOnlyWhatNobodyCanFindIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	ok := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, path string
		then       func()
		want       bool
	}{
		{"there", path, func() {}, false},
		{"renamed", path, func() { ok(os.Rename(path, path+".1")) }, false},
		{"deleted", path, func() { ok(os.Remove(path)) }, true},
		{"a name left", path, func() { ok(os.Link(path, path+".2"), os.Remove(path)) }, false},
		{os.DevNull, os.DevNull, func() {}, false},
	} {
		f, _, err := Open(tt.path)
		ok(err)
		if tt.then(); Gone(f) != tt.want {
			t.Errorf("%s: want %v", tt.name, tt.want)
		}
		f.Close()
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	ok(syscall.Mkfifo(fifo, 0o600))
	reader, err := os.OpenFile(fifo, os.O_RDWR, 0) // or ours would wait for one
	ok(err)
	defer reader.Close()
	f, torn, err := Open(fifo)
	ok(err)
	defer f.Close()
	ok(os.Remove(fifo))
	if torn || Gone(f) {
		t.Errorf("a FIFO: torn %v, gone %v", torn, Gone(f))
	}
}
