package names

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// put writes a file in place, changed at the time of the bubble.
func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

func watching(t *testing.T, test func(t *testing.T, d *Directory, path string, events *diary)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "upstreams")
	synctest.Test(t, func(t *testing.T) {
		var events diary
		d := New(Options{Ask: (&oracle{}).Ask, Notify: events.note})
		defer running(t, d)()
		time.Sleep(500 * time.Millisecond) // out of step with the looks
		test(t, d, path, &events)
	})
}

func TestAWatchedFileIsReadAtOnceAndWhenItChanges(t *testing.T) {
	watching(t, func(t *testing.T, d *Directory, path string, events *diary) {
		put(t, path, "10.0.0.1:80\n")
		calls := 0
		f := d.Watch(path, func() { calls++ })
		want(t, f, "10.0.0.1:80")
		same := d.Watch(path, nothing)
		want(t, same, "10.0.0.1:80")
		if err := d.Ready(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Second)
		put(t, path, "10.0.0.1:80\n10.0.0.2:80 weight=3\n")
		time.Sleep(2 * time.Second)
		want(t, f, "10.0.0.1:80 10.0.0.2:80*3")
		want(t, same, "10.0.0.1:80 10.0.0.2:80*3")
		wantWords(t, events, "moved moved")
		if calls != 2 {
			t.Errorf("changed was called %d times", calls)
		}
		put(t, path, "10.0.0.2:80 weight=3 # in another order\n10.0.0.1:80\n")
		time.Sleep(10 * time.Second)
		wantWords(t, events, "")
		f.Unfollow()
		f.Unfollow()
		same.Unfollow()
		put(t, path, "10.0.0.9:80\n")
		time.Sleep(10 * time.Second)
		want(t, f, "10.0.0.1:80 10.0.0.2:80*3")
		if s := d.Stats(); len(s.Sources) != 0 {
			t.Errorf("still there: %+v", s.Sources)
		}
	})
}

// A file that is renamed over the other is taken as well, even if it is of the
// same size and time.
func TestAWatchedFileMayBeReplaced(t *testing.T) {
	watching(t, func(t *testing.T, d *Directory, path string, _ *diary) {
		put(t, path, "10.0.0.1:80\n")
		f := d.Watch(path, nothing)
		time.Sleep(10 * time.Second)
		info, _ := os.Stat(path)
		put(t, path+".new", "10.0.0.2:80\n")
		os.Chtimes(path+".new", info.ModTime(), info.ModTime())
		os.Rename(path+".new", path)
		time.Sleep(2 * time.Second)
		want(t, f, "10.0.0.2:80")
	})
}

// A second write within the same tick of the file system's clock, of the same
// size, is not missed.
func TestAWriteInTheSameTickIsNoticed(t *testing.T) {
	watching(t, func(t *testing.T, d *Directory, path string, _ *diary) {
		put(t, path, "10.0.0.1:80\n")
		tick := time.Now()
		f := d.Watch(path, nothing)
		time.Sleep(1100 * time.Millisecond)
		put(t, path, "10.0.0.2:80\n")
		os.Chtimes(path, tick, tick)
		time.Sleep(3 * time.Second)
		want(t, f, "10.0.0.2:80")
	})
}

// "half-written files in progress are not read in the middle": while it grows
// nothing is taken, and nothing is told of.
func TestAFileThatIsBeingWrittenIsNotRead(t *testing.T) {
	watching(t, func(t *testing.T, d *Directory, path string, events *diary) {
		put(t, path, "10.0.0.1:80\n")
		f := d.Watch(path, nothing)
		time.Sleep(10 * time.Second)
		events.take()
		whole := ""
		for i := range 30 {
			whole += strings.Repeat("#", i) + "\n10.0.1." + string(rune('1'+i%9)) + ":80"
			put(t, path, whole)
			time.Sleep(time.Second)
			want(t, f, "10.0.0.1:80")
		}
		wantWords(t, events, "")
		put(t, path, "10.0.1.1:80\n")
		time.Sleep(2 * time.Second)
		want(t, f, "10.0.1.1:80")
	})
}

// "empty watched file, half-written watched file: clear errors, running state
// kept", and a file that is gone or no file.
func TestABadWatchedFileKeepsTheRunningState(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		words string
	}{
		{"empty", func(t *testing.T, path string) { put(t, path, "") }, "no address in it"},
		{"half-written", func(t *testing.T, path string) { put(t, path, "10.0.0.2:80\n10.0.0.3:8") }, "half-written"},
		{"wrong in a line", func(t *testing.T, path string) { put(t, path, "10.0.0.2:80\nx\n") }, "upstreams:2:"},
		{"gone", func(t *testing.T, path string) { os.Remove(path) }, "no such file"},
		{"a folder", func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) }, "not a regular file"},
		{"huge", func(t *testing.T, path string) { put(t, path, strings.Repeat("#\n", maxFileSize)) }, "larger than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			watching(t, func(t *testing.T, d *Directory, path string, events *diary) {
				put(t, path, "10.0.0.1:80\n")
				f := d.Watch(path, nothing)
				time.Sleep(10 * time.Second)
				events.take()
				tt.spoil(t, path)
				time.Sleep(time.Hour)
				want(t, f, "10.0.0.1:80")
				told := events.take()
				if len(told) != 1 || told[0].News != NewsFailing || !strings.Contains(told[0].Err.Error(), tt.words) ||
					text(told[0].Addresses) != "10.0.0.1:80" {
					t.Errorf("told %+v, want one Event with %q", told, tt.words)
				}
				if s := d.Stats().Sources[0]; s.Err == nil || s.Addresses != 1 {
					t.Errorf("stats %+v", s)
				}
				os.RemoveAll(path)
				put(t, path, "10.0.0.2:80\n")
				time.Sleep(3 * time.Second)
				want(t, f, "10.0.0.2:80")
				if got := events.words(); !strings.HasSuffix(got, "moved recovered") {
					t.Errorf("news are %q", got)
				}
			})
		})
	}
}

// Without any good file there is an error that says what to do, and the file is
// taken when it comes.
func TestAWatchedFileMayComeLater(t *testing.T) {
	watching(t, func(t *testing.T, d *Directory, path string, events *diary) {
		f := d.Watch(path, nothing)
		if all, err := f.Current(); len(all) != 0 || err == nil || IsTimeout(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, %v", all, err)
		}
		if err := d.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Ready says %v", err)
		}
		time.Sleep(time.Minute)
		put(t, path, "10.0.0.1:80\n")
		time.Sleep(2 * time.Second)
		want(t, f, "10.0.0.1:80")
		wantWords(t, events, "failing moved recovered")
	})
}
