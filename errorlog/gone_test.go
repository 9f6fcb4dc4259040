package errorlog

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// remove deletes a file, and returns one that is still it.
func remove(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return f
}

// writer returns what has Run write a line, and waits until it has.
func writer(log *Log) func(line string) {
	synctest.Wait() // from here on Run does
	return func(line string) {
		log.queue.Write([]byte(line + "\n"))
		synctest.Wait()
	}
}

const deletedLine = `level=WARN msg="error log was deleted; lines go to a new file in its place" file=`

func TestADeletedFileIsReopenedByTheNextLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, p, file := filed(t, Options{})
		stop := run(t, log)
		write := writer(log)
		write("one")
		old := remove(t, file)
		write("two")
		write("three")
		write("four")
		if err := stop(); err != nil {
			t.Error(err)
		}
		text, err := io.ReadAll(old)
		if err != nil || string(text) != "one\n" || p.text() != "" {
			t.Errorf("the deleted file has %q (%v), stderr %q", text, err, p.text())
		}
		if first, rest, _ := strings.Cut(read(t, file), "\n"); !strings.Contains(first, deletedLine+file) || rest != "two\nthree\nfour\n" {
			t.Errorf("the new file has %q", read(t, file))
		}
		if n := log.Stats(); n.Written != 4 || n.Dropped != 0 || n.Failure != nil {
			t.Errorf("%+v", n)
		}
	})
}

// Who deletes it and sends the signal as well need not wait for a line.
func TestReopenOfADeletedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, file := filed(t, Options{})
		stop := run(t, log)
		log.queue.Write([]byte("one\n"))
		synctest.Wait()
		remove(t, file)
		log.Reopen()
		synctest.Wait()
		if got := read(t, file); !strings.HasSuffix(got, deletedLine+file+"\n") || strings.Count(got, "\n") != 1 {
			t.Errorf("the new file has %q", got)
		}
		stop()
	})
}

func TestARenamedFileKeepsItsLinesUntilReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, _, file := filed(t, Options{})
		if err := os.Rename(file, file+".1"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			log.queue.Write([]byte("line\n"))
		}
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) || read(t, file+".1") != "line\nline\nline\n" {
			t.Errorf("%v, before %q", err, read(t, file+".1"))
		}
	})
}

// Nobody would see what is told in a file without a name: lines go to stderr
// until there is one again.
func TestADeletedFileThatCannotBeMadeAnew(t *testing.T) {
	for name, bySignal := range map[string]bool{"by itself": false, "by Reopen": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, p, file := filed(t, Options{})
				stop := run(t, log)
				write := writer(log)
				write("one")
				old := remove(t, file)
				if err := os.Remove(filepath.Dir(file)); err != nil {
					t.Fatal(err)
				}
				const told = `msg="error log cannot be written; lines come here until it can"`
				if bySignal {
					log.Reopen()
					synctest.Wait()
					if got := p.text(); strings.Count(got, told) != 1 || p.lines() != 1 {
						t.Errorf("after the signal stderr has %q", got)
					}
				}
				write("two")
				write("three")
				if got := p.text(); strings.Count(got, told) != 1 || !strings.Contains(got, "it was deleted, and cannot be made anew: open "+file) ||
					!strings.HasSuffix(got, "\ntwo\nthree\n") || p.lines() != 3 {
					t.Errorf("stderr has %q", got)
				}
				if n := log.Stats(); n.Written != 3 || n.Dropped != 0 || !errors.Is(n.Failure, os.ErrNotExist) {
					t.Errorf("%+v", n)
				}
				if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				write("four")
				stop()
				lines := strings.Split(read(t, file), "\n")
				if len(lines) != 4 || !strings.Contains(lines[0], deletedLine) || lines[2] != "four" ||
					!strings.Contains(lines[1], `msg="error log is written again" lines_on_stderr=2`) {
					t.Errorf("the new file has %q", lines)
				}
				if text, err := io.ReadAll(old); err != nil || string(text) != "one\n" {
					t.Errorf("the deleted file has %q (%v)", text, err)
				}
				if n := log.Stats(); n.Written != 4 || n.Failure != nil || p.lines() != 3 {
					t.Errorf("%+v, %d lines on stderr", n, p.lines())
				}
			})
		})
	}
}
