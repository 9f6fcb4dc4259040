package names

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sluice/statedir"
)

// lookEvery is how often watched files are looked at. They are polled: that
// notices writes in place, renames, swapped symbolic links and network file
// systems alike, which inotify does not, and a second is soon enough.
const lookEvery = time.Second

// errUnread: a file was not read, as something was still writing to it.
var errUnread = errors.New("the file is being written")

// File is a watched file that somebody follows. It is a Source.
type File struct {
	directory *Directory // fixed
	watched   *watched   // fixed; guarded by directory.mu
	changed   func()     // fixed
}

var _ Source = (*File)(nil)

// watched is one file, shared by all Files that follow it.
type watched struct {
	path  string    // fixed
	first sync.Once // the look that every Watch waits for

	// looking is held during a look, also while the disk keeps it waiting. It
	// guards what only look needs.
	looking sync.Mutex
	seen    stamp // at the last look
	judged  stamp // of what was read last

	// Guarded by the Directory's mutex.
	followers map[*File]struct{}
	addresses []Address // replaced whole, never changed
	confirmed time.Time // when they were last found in the file
	err       error     // why the file cannot be used now, or nil
	since     time.Time // when that was found
}

// Watch follows the file at path (see ParseFile for its text), which is read
// before Watch returns. changed: see Follow. A file that is missing, empty,
// wrong in any line or half-written leaves the addresses as they are, and
// Current without any if there never were some.
//
// Who writes the file does best to write another one and rename it. One that
// is written in place is taken when two looks, a second apart, find it alike.
func (d *Directory) Watch(path string, changed func()) *File {
	f := &File{directory: d, changed: changed}
	d.mu.Lock()
	w := d.files[path]
	if w == nil {
		w = &watched{path: path, followers: map[*File]struct{}{}}
		d.files[path] = w
	}
	f.watched = w
	w.followers[f] = struct{}{}
	d.mu.Unlock()
	w.first.Do(func() { d.look(w, time.Now()) })
	return f
}

// Current returns the addresses that the file last held. See Source.
func (f *File) Current() ([]Address, error) {
	f.directory.mu.Lock()
	defer f.directory.mu.Unlock()
	return f.watched.current()
}

func (w *watched) current() ([]Address, error) {
	if len(w.addresses) > 0 {
		return w.addresses, nil
	}
	if w.err != nil {
		return nil, w.err
	}
	return nil, fmt.Errorf("%s: not read yet", w.path)
}

// Wanted does nothing: the file is looked at every second anyhow. See Source.
func (f *File) Wanted() {}

// Unfollow ends it; a file that nobody follows is not looked at. See Source.
func (f *File) Unfollow() {
	d := f.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	w := f.watched
	if _, ok := w.followers[f]; !ok {
		return
	}
	delete(w.followers, f)
	if len(w.followers) == 0 {
		delete(d.files, w.path)
	}
}

// String returns "file " and the path.
func (f *File) String() string { return f.watched.String() }

func (w *watched) String() string { return "file " + w.path }

// keepWatch looks at the files until ctx ends, one after the other: a network
// file system that hangs holds up the other files, and Run's end, but no name.
func (d *Directory) keepWatch(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, w := range d.watchedFiles() {
			d.look(w, time.Now())
		}
	}
}

func (d *Directory) watchedFiles() []*watched {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sortedFiles()
}

// look looks at a file once and tells of what changed.
func (d *Directory) look(w *watched, now time.Time) {
	w.looking.Lock()
	addresses, err := w.read(now)
	w.looking.Unlock()
	if err == errUnread {
		return
	}
	events, calls := d.adopt(w, addresses, err, now)
	for _, call := range calls {
		call()
	}
	for _, e := range events {
		d.options.Notify(e)
	}
}

// read reads the file if it has changed, and not between the last two looks.
// The first look reads in any case. errUnread: there is nothing to say.
func (w *watched) read(now time.Time) ([]Address, error) {
	s := stampOf(w.path, now)
	first := w.seen.taken.IsZero()
	still := s.alike(w.seen)
	w.seen = s
	if !first && (!still || w.judged.holds(s)) {
		return nil, errUnread
	}
	if s.err != nil {
		w.judged = s
		return nil, s.err
	}
	data, err := statedir.Read(w.path, maxFileSize)
	if after := stampOf(w.path, now); !after.alike(s) {
		if !first {
			return nil, errUnread
		}
		w.judged = stamp{} // have it read again
	} else {
		w.judged = s
	}
	if err != nil {
		return nil, err
	}
	return ParseFile(w.path, data)
}

// adopt takes over what a look has found. The same finding again is no news.
func (d *Directory) adopt(w *watched, next []Address, err error, now time.Time) (events []Event, calls []func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		if w.err == nil || w.err.Error() != err.Error() {
			w.err, w.since = err, now
			events = append(events, w.event(NewsFailing))
		}
		return events, nil
	}
	recovered := w.err != nil
	w.err, w.since, w.confirmed = nil, now, now
	if !slices.Equal(next, w.addresses) {
		w.addresses = next
		events = append(events, w.event(NewsMoved))
		for f := range w.followers {
			calls = append(calls, f.changed)
		}
	}
	if recovered {
		events = append(events, w.event(NewsRecovered))
	}
	return events, calls
}

// event describes the file as it is now.
func (w *watched) event(news News) Event {
	return Event{News: news, Source: w.String(), Addresses: w.addresses, Since: w.since, Err: w.err}
}
