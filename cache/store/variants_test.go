package store

import (
	"fmt"
	"testing"
)

// "Several objects (variants) can live under one key, at most 16 (bounded; the
// oldest goes)."
func TestAKeyHas16VariantsAndTheOldestGoes(t *testing.T) {
	s := open(t, 4<<20, 0)
	for i := range int32(40) {
		add(t, s, "key", meta{serial: uint64(i), variant: i}, 100)
		add(t, s, fmt.Sprint("other ", i), meta{}, 100)
		for v := range int32(40) {
			o := find(s, "key", v)
			if want := v <= i && v > i-maxVariants; (o != nil) != want {
				t.Fatalf("after %d: variant %d is found: %v", i, v, o != nil)
			}
			if o != nil {
				wantBody(t, o, uint64(v), 100)
				o.Release()
			}
		}
	}
	if got := s.Stats(); got.Objects != 40+16 || got.Evicted != 24 {
		t.Errorf("%+v", got)
	}
	if n := s.Remove([]byte("key")); n != 16 {
		t.Errorf("%d removed", n)
	}
}

// "Find returns the newest object of key that match says yes to"
func TestTheNewestThatMatchesIsFound(t *testing.T) {
	s := open(t, 1<<20, 0)
	for i := range 5 {
		o := s.Create([]byte("key"), nil, meta{serial: uint64(i)}, 0)
		if !s.Commit(o, nil) {
			t.Fatal("not kept")
		}
		o.Release()
	}
	var seen []uint64
	o := s.Find([]byte("key"), func(o *Object[meta]) bool {
		seen = append(seen, o.Meta().serial)
		return o.Meta().serial == 2
	})
	if o == nil || o.Meta().serial != 2 || fmt.Sprint(seen) != "[4 3 2]" {
		t.Errorf("seen %v", seen)
	}
	o.Release()
	if o := s.Find([]byte("key"), nil); o == nil || o.Meta().serial != 4 {
		t.Error("without match it is not the newest")
	} else {
		o.Release()
	}
}

// "replaces the objects of its key that same says yes to"; who reads one keeps
// it.
func TestCommitReplacesTheSame(t *testing.T) {
	s := open(t, 1<<20, 0)
	add(t, s, "key", meta{serial: 1, variant: 1}, 3000)
	add(t, s, "key", meta{serial: 2, variant: 2}, 3000)
	old := find(s, "key", 1)
	for i := range uint64(50) {
		add(t, s, "key", meta{serial: 10 + i, variant: 1}, 5000)
	}
	wantBody(t, old, 1, 3000)
	old.Release()
	if o := find(s, "key", 1); o == nil || o.Meta().serial != 59 {
		t.Error("the newest is not found")
	} else {
		o.Release()
	}
	if o := find(s, "key", 2); o == nil {
		t.Error("another variant was replaced")
	} else {
		o.Release()
	}
	if got := s.Stats(); got.Objects != 2 || got.Replaced != 50 || got.Evicted != 0 {
		t.Errorf("%+v", got)
	}
}

// What has earned a place and is replaced keeps it: it is no newcomer.
func TestWhatReplacesInheritsThePlace(t *testing.T) {
	s := open(t, 1<<20, 0)
	others := 0
	more := func(n int) {
		for range n {
			others++
			add(t, s, fmt.Sprint(others), meta{}, 1000)
		}
	}
	add(t, s, "hot", meta{}, 1000)
	if !has(s, "hot") {
		t.Fatal("not found")
	}
	more(2000) // what was used has moved to main
	for i := range uint64(5) {
		add(t, s, "hot", meta{serial: i}, 1000)
		more(2000)
	}
	if !has(s, "hot") {
		t.Error("what replaced it was evicted with the newcomers")
	}
}

// Hits count for what replaces what was hit.
func TestWhatReplacesInheritsTheHits(t *testing.T) {
	s := open(t, 1<<20, 0)
	add(t, s, "key", meta{}, 1000)
	for range 10 {
		has(s, "key")
	}
	add(t, s, "key", meta{serial: 1}, 1000)
	o := find(s, "key", 0)
	defer o.Release()
	if n := o.r.use.Load(); n != maxUse {
		t.Errorf("%d hits are counted, want %d", n, maxUse)
	}
}

// S3-FIFO: what comes again soon after it was evicted unused goes to main at
// once, where newcomers do not drive it out.
func TestWhatComesAgainIsNoNewcomer(t *testing.T) {
	s := open(t, 1<<20, 0)
	others := 0
	more := func(n int) {
		for range n {
			others++
			add(t, s, fmt.Sprint(others), meta{}, 1000)
		}
	}
	more(2000)
	add(t, s, "again", meta{}, 1000)
	for n := 0; lies(s, "again"); n++ {
		if n > 2000 {
			t.Fatal("it is never evicted")
		}
		more(1)
	}
	add(t, s, "again", meta{}, 1000)
	add(t, s, "once", meta{}, 1000)
	more(2000)
	if !lies(s, "again") || lies(s, "once") {
		t.Errorf("what came twice is there: %v, what came once: %v", lies(s, "again"), lies(s, "once"))
	}
}

// lies reports whether there is an object of a key, without a hit for it.
func lies(s *Store[meta], key string) bool {
	there := false
	s.Find([]byte(key), func(*Object[meta]) bool { there = true; return false })
	return there
}

// A key has at most 16 objects being filled: the index stays short.
func TestAKeyHas16Fills(t *testing.T) {
	s := open(t, 1<<20, 0)
	var all []*Object[meta]
	for range 16 {
		all = append(all, s.Create([]byte("key"), nil, meta{}, 10))
	}
	if s.Create([]byte("key"), nil, meta{}, 10) != nil {
		t.Error("a 17th was created")
	}
	if o := s.Create([]byte("other"), nil, meta{}, 10); o == nil {
		t.Error("another key was refused")
	} else {
		o.Release()
	}
	if got := s.Stats(); got.Filling != 16 || got.Rejected != 1 {
		t.Errorf("%+v", got)
	}
	s.Commit(all[3], nil)
	if o := s.Create([]byte("key"), nil, meta{}, 10); o == nil {
		t.Error("refused although one is complete")
	} else {
		o.Release()
	}
	for _, o := range all {
		o.Release()
	}
}

// What is hidden is whole for who follows it, and found by nobody.
func TestHideKeepsFromBeingFound(t *testing.T) {
	s := open(t, 2<<20, 500_000)
	add(t, s, "key", meta{serial: 1}, 1000)
	o := s.Create([]byte("key"), nil, meta{serial: 2}, 5000)
	o.Append(body(2, 0, 2000))
	o.Hide()
	if !o.Append(body(2, 2000, 5000)) || s.Commit(o, func(*Object[meta]) bool { return true }) {
		t.Error("not to be filled, or kept")
	}
	wantBody(t, o, 2, 5000)
	o.Release()
	if was := find(s, "key", 0); was == nil || was.Meta().serial != 1 {
		t.Error("what was there is not found")
	} else {
		was.Release()
	}
}

// "304: a new object of the same body with a new head and meta"
func TestRenewKeepsTheBody(t *testing.T) {
	s := open(t, 2<<20, 500_000)
	for _, size := range []int64{0, 1, 1000, 5000, 100_000, 400_000} {
		key := fmt.Sprint("key ", size)
		add(t, s, key, meta{serial: 5, variant: 1}, size)
		add(t, s, key, meta{serial: 6, variant: 2}, 100)
		old := find(s, key, 1)
		renewed := s.Renew(old, []byte("new head"), meta{serial: 7, variant: 1})
		if renewed == nil {
			t.Fatalf("%d bytes: not renewed", size)
		}
		wantBody(t, renewed, 5, size)
		renewed.Release()
		if string(old.Head(nil)) != string(headOf(5, 20)) || old.Meta().serial != 5 {
			t.Error("who had the old one sees another")
		}
		if s.Renew(old, nil, meta{}) != nil {
			t.Error("what was replaced was renewed")
		}
		old.Release()
		o := find(s, key, 1)
		if o == nil || string(o.Head(nil)) != "new head" || o.Meta().serial != 7 || string(o.Key(nil)) != key {
			t.Fatalf("%d bytes: wrong after renewal", size)
		}
		wantBody(t, o, 5, size)
		s.Remove([]byte(key))
		if s.Renew(o, nil, meta{}) != nil || find(s, key, 1) != nil {
			t.Error("what was removed came back by renewal")
		}
		o.Release()
	}
	o := s.Create([]byte("key"), nil, meta{}, -1)
	if s.Renew(o, nil, meta{}) != nil {
		t.Error("what is being filled was renewed")
	}
	o.Release()
}
