package store

import (
	"fmt"
	"strings"
	"testing"
)

// "RemovePrefix(prefix []byte) int // purge"
func TestRemovePrefixRemovesAllThatBeginSo(t *testing.T) {
	for _, mask := range []uint64{^uint64(0), 7} {
		s := open(t, 8<<20, 0)
		s.mask = mask
		n := 1000
		if mask == 7 {
			n = 100
		}
		for i := range n {
			add(t, s, fmt.Sprintf("a/%d", i), meta{}, 100)
			add(t, s, fmt.Sprintf("a/%d", i), meta{variant: 1}, 100)
			add(t, s, fmt.Sprintf("b/%d", i), meta{}, 100)
		}
		held := find(s, "a/7", 0)
		for _, prefix := range []string{"c/", "a/10000", "a/5", "a/", "a/", ""} {
			want := 0
			for i := range n {
				for first, copies := range map[string]int{"a/": 2, "b/": 1} {
					if key := fmt.Sprint(first, i); strings.HasPrefix(key, prefix) && has(s, key) {
						want += copies
					}
				}
			}
			if got := s.RemovePrefix([]byte(prefix)); got != want {
				t.Errorf("mask %#x: %d removed with prefix %q, want %d", mask, got, prefix, want)
			}
		}
		wantBody(t, held, 0, 100)
		held.Release()
		if got := s.Stats(); got.Objects != 0 || got.Removed != uint64(3*n) {
			t.Errorf("%+v", got)
		}
	}
}

// has reports whether there is an object of a key.
func has(s *Store[meta], key string) bool {
	o := s.Find([]byte(key), nil)
	if o != nil {
		o.Release()
	}
	return o != nil
}

// What is being filled when its key is removed was asked for before: it is not
// to be found after.
func TestWhatIsRemovedWhileItIsFilledIsNotKept(t *testing.T) {
	for name, remove := range map[string]func(*Store[meta]) int{
		"Remove":       func(s *Store[meta]) int { return s.Remove([]byte("key")) },
		"RemovePrefix": func(s *Store[meta]) int { return s.RemovePrefix([]byte("k")) },
	} {
		s := open(t, 1<<20, 0)
		o := s.Create([]byte("key"), nil, meta{serial: 1}, -1)
		o.Append(body(1, 0, 1000))
		if n := remove(s); n != 0 {
			t.Errorf("%s: %d could be found", name, n)
		}
		if !o.Append(body(1, 1000, 9000)) {
			t.Errorf("%s: filling cannot go on", name)
		}
		if s.Commit(o, nil) || has(s, "key") {
			t.Errorf("%s: it was kept", name)
		}
		if p, err := o.Wait(9000, nil); p != Ended || err != nil || !o.Complete() {
			t.Errorf("%s: followers do not have all of it: %v, %v", name, p, err)
		}
		wantBody(t, o, 1, 9000)
		o.Release()
	}
}

// "Close() // gives the memory back"; not under those who read.
func TestCloseWaitsForNobodyAndHarmsNobody(t *testing.T) {
	s := open(t, 1<<20, 0)
	add(t, s, "a", meta{serial: 1}, 5000)
	add(t, s, "b", meta{serial: 2}, 5000)
	found := find(s, "a", 0)
	o := s.Create([]byte("c"), nil, meta{serial: 3}, 5000)
	s.Close()
	s.Close()
	wantBody(t, found, 1, 5000)
	if !o.Append(body(3, 0, 5000)) || s.Commit(o, nil) {
		t.Error("what was being filled could not go on, or was kept")
	}
	wantBody(t, o, 3, 5000)
	if has(s, "a") || has(s, "c") || s.Create([]byte("d"), nil, meta{}, 0) != nil || s.Remove([]byte("a")) != 0 || s.RemovePrefix(nil) != 0 {
		t.Error("a closed Store has something, or takes something")
	}
	found.Release()
	if s.mem == nil {
		t.Fatal("memory went back under a reader")
	}
	o.Release()
	if s.mem != nil {
		t.Error("memory did not go back with the last reference")
	}
	if got := s.Stats(); got.Bytes != 0 || got.Objects != 0 || got.Held != 0 {
		t.Errorf("%+v", got)
	}
}
