package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// "Create begins an object that nobody can find yet"; "Commit ... complete:
// findable"; "Fail ... cut short: followers get err; never findable".
func TestOnlyWhatIsCommittedIsFound(t *testing.T) {
	s := open(t, 1<<20, 0)
	o := s.Create([]byte("key"), nil, meta{serial: 1}, 5)
	o.Append(body(1, 0, 5))
	o.Flush()
	if o.Complete() || find(s, "key", 0) != nil {
		t.Error("found before it is complete")
	}
	if !s.Commit(o, nil) || !o.Complete() {
		t.Error("not committed")
	}
	if s.Commit(o, nil) || o.Append([]byte{1}) {
		t.Error("committed twice, or appended to after it")
	}
	o.Fail(errors.New("too late"))
	if got := find(s, "key", 0); got == nil {
		t.Error("not found")
	} else {
		wantBody(t, got, 1, 5)
		if got.Append([]byte{1}) || s.Commit(got, nil) {
			t.Error("what was found can be appended to, or committed")
		}
		got.Flush()
		got.Fail(errors.New("not mine")) // does nothing
		got.Release()
	}
	o.Release()

	cut := errors.New("cut")
	o = s.Create([]byte("other"), nil, meta{serial: 2}, -1)
	o.Append(body(2, 0, 5))
	o.Fail(cut)
	if s.Commit(o, nil) || o.Append([]byte{1}) || find(s, "other", 0) != nil || o.Complete() {
		t.Error("what failed was committed")
	}
	if p, err := o.Wait(0, nil); p != More || err != nil {
		t.Errorf("what was appended before it failed: %v, %v", p, err)
	}
	if p, err := o.Wait(5, nil); p != Failed || err != cut {
		t.Errorf("after it failed: %v, %v", p, err)
	}
	wantBody(t, o, 2, 5)
	o.Release()
	if got := s.Stats(); got.Failed != 1 || got.Objects != 1 || got.Hits != 1 || got.Misses != 2 {
		t.Errorf("%+v", got)
	}
}

// An object whose last reference goes before Commit is failed, so that nothing
// is left of it.
func TestWhatIsReleasedUnfinishedIsAbandoned(t *testing.T) {
	s := open(t, 1<<20, 0)
	o := s.Create([]byte("key"), nil, meta{}, 60_000)
	o.Retain()
	o.Release()
	if s.Stats().Filling != 1 {
		t.Error("ended while there is a reference")
	}
	o.Release()
	if got := s.Stats(); got.Filling != 0 || got.Failed != 1 || got.Held != 0 {
		t.Errorf("%+v", got)
	}
}

// Fail by somebody else, amid an Append that has seen that nothing had ended:
// it takes no room that nobody would account for.
func TestAnAppendThatMeetsAFailTakesNothing(t *testing.T) {
	s := open(t, 1<<20, 0)
	o := s.Create([]byte("key"), nil, meta{}, -1)
	s.settle(o.r, o.fill) // the half of Fail that concerns Append
	if o.Append(make([]byte, 5000)) {
		t.Error("something was appended")
	}
	o.Release()
}

// "Wait returns when there are bytes beyond off, or the object is complete or
// failed, or cancel is closed."
func TestWaitEndsWhenThereIsSomethingToSay(t *testing.T) {
	cut := errors.New("cut")
	for _, tt := range []struct {
		name string
		do   func(s *Store[meta], o *Object[meta], cancel chan struct{})
		want Progress
		err  error
	}{
		{"bytes", func(_ *Store[meta], o *Object[meta], _ chan struct{}) { o.Append([]byte("b")); o.Flush() }, More, nil},
		{"complete", func(s *Store[meta], o *Object[meta], _ chan struct{}) { s.Commit(o, nil) }, Ended, nil},
		{"removed and complete", func(s *Store[meta], o *Object[meta], _ chan struct{}) { s.Remove([]byte("key")); s.Commit(o, nil) }, Ended, nil},
		{"failed", func(_ *Store[meta], o *Object[meta], _ chan struct{}) { o.Fail(cut) }, Failed, cut},
		{"failed without an error", func(_ *Store[meta], o *Object[meta], _ chan struct{}) { o.Fail(nil) }, Failed, ErrAbandoned},
		{"cancelled", func(_ *Store[meta], _ *Object[meta], c chan struct{}) { close(c) }, Cancelled, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, 1<<20, 0)
			o := s.Create([]byte("key"), nil, meta{}, -1)
			o.Append([]byte("a"))
			cancel := make(chan struct{})
			var returned [3]bool
			for i := range returned {
				o.Retain()
				go func() {
					defer o.Release()
					got, err := o.Wait(1, cancel)
					if got != tt.want || err != tt.err {
						t.Errorf("%s: %v, %v", tt.name, got, err)
					}
					returned[i] = true
				}()
			}
			synctest.Wait()
			o.Flush() // of nothing
			synctest.Wait()
			if returned != [3]bool{} {
				t.Errorf("%s: returned before", tt.name)
			}
			tt.do(s, o, cancel)
			synctest.Wait()
			if returned != [3]bool{true, true, true} {
				t.Errorf("%s: did not return", tt.name)
			}
			o.Release()
		})
	}
}

func TestWaitOnWhatWasFoundDoesNotWait(t *testing.T) {
	s := open(t, 1<<20, 0)
	add(t, s, "key", meta{serial: 1}, 10)
	o := find(s, "key", 0)
	defer o.Release()
	for off, want := range map[int64]Progress{0: More, 9: More, 10: Ended, 11: Ended} {
		if got, err := o.Wait(off, nil); got != want || err != nil {
			t.Errorf("at %d: %v, %v", off, got, err)
		}
	}
	if !o.Complete() {
		t.Error("not complete")
	}
}

// "filled piece by piece while others already read"; several objects at once,
// in a Store so small that they evict what others have read.
func TestManyFollowWhatIsBeingFilled(t *testing.T) {
	s := open(t, 2<<20, 300_000)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 20 {
				fillFollowed(t, s, uint64(w*1000+i))
			}
		})
	}
	all.Wait()
}

// fillFollowed fills an object that 3 follow.
func fillFollowed(t *testing.T, s *Store[meta], serial uint64) {
	key := fmt.Append(nil, "key ", serial)
	size := int64(serial%7) * 30_000
	o := s.Create(key, headOf(serial, 300), meta{serial: serial}, size)
	if o == nil {
		t.Error("no room")
		return
	}
	defer o.Release()
	var followers sync.WaitGroup
	defer followers.Wait()
	for range 3 {
		o.Retain()
		followers.Go(func() {
			defer o.Release()
			follow(t, o, serial, size)
		})
	}
	for off := int64(0); off < size; {
		n := min(1+int64(serial*31+uint64(off)*7)%9000, size-off)
		if !o.Append(body(serial, off, off+n)) {
			t.Error("no room to append")
			o.Fail(nil)
			return
		}
		o.Flush()
		off += n
	}
	s.Commit(o, nil)
}

// follow reads an object while it is filled.
func follow(t *testing.T, o *Object[meta], serial uint64, size int64) {
	for off := int64(0); ; {
		switch p, err := o.Wait(off, nil); p {
		case Ended:
			if off != size {
				t.Errorf("object %d ended at %d of %d", serial, off, size)
			}
			return
		case Failed:
			t.Errorf("object %d failed: %v", serial, err)
			return
		}
		p := o.Piece(off)
		for i, b := range p {
			if b != bodyByte(serial, off+int64(i)) {
				t.Errorf("object %d: wrong byte at %d", serial, off+int64(i))
				return
			}
		}
		off += int64(len(p))
	}
}

// Correct use cannot reach freed memory; what is not is noticed where it can.
func TestAReferenceTooManyPanics(t *testing.T) {
	s := open(t, 1<<20, 0)
	add(t, s, "key", meta{}, 1)
	o := find(s, "key", 0)
	o.Release()
	for name, misuse := range map[string]func(){"Release": o.Release, "Retain": func() { o.refs.Store(0); o.Retain() }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of what was released goes through", name)
				}
			}()
			misuse()
		}()
	}
}
