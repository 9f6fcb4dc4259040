package store

import (
	"fmt"
	"testing"
)

// "eviction of n blocks always makes room for n": whatever sizes came before,
// what is not larger than the largest has room if nothing is in use.
func TestThereIsAlwaysRoomIfNothingIsInUse(t *testing.T) {
	s := open(t, 2<<20, 500_000)
	sizes := []int64{0, 100, 1000, 499_000, 4000, 200_000, 30_000}
	for i := range 700 {
		add(t, s, fmt.Sprint(i), meta{serial: uint64(i)}, sizes[i%len(sizes)])
		if got := s.Stats(); got.Bytes > got.MaxBytes {
			t.Fatalf("%+v", got)
		}
	}
	audit(t, s)
}

// "Objects being filled or read are pinned; if everything is pinned
// Create/Append say no, they never wait, never loop without a bound."
func TestWhatIsInUseIsNotEvicted(t *testing.T) {
	s := open(t, 1<<20, 0)
	var held []*Object[meta]
	for i := uint64(0); ; i++ {
		o := s.Create(fmt.Append(nil, i), nil, meta{serial: i}, 3000)
		if o == nil {
			break
		}
		if !o.Append(body(i, 0, 3000)) {
			o.Release()
			break
		}
		s.Commit(o, nil)
		held = append(held, o)
	}
	if n := len(held); n < 260 || s.Stats().Evicted != 0 {
		t.Fatalf("%d objects fit, %d were evicted", n, s.Stats().Evicted)
	}
	half := s.Create([]byte("no body"), nil, meta{serial: 1}, -1)
	for i := 0; half == nil; i++ { // what is left is less than an object's head
		held[len(held)-1].Release()
		held = held[:len(held)-1]
		half = s.Create([]byte("no body"), nil, meta{serial: 1}, -1)
		if i > 2 {
			t.Fatal("no room for a head after some were released")
		}
	}
	n := int64(0)
	for half.Append(body(1, n, n+1000)) {
		if n += 1000; n > 10_000 {
			t.Fatal("there is room although all is in use")
		}
	}
	wantBody(t, half, 1, n)
	half.Release()
	for i, o := range held {
		wantBody(t, o, uint64(i), 3000)
		o.Release()
	}
	for i := range uint64(300) {
		add(t, s, fmt.Sprint("new ", i), meta{serial: i}, 3000)
	}
}

// What is in use at the old end of the queues does not hide what is not.
func TestEvictionPassesOverWhatIsInUse(t *testing.T) {
	s := open(t, 1<<20, 0)
	var held []*Object[meta]
	for i := range uint64(50) {
		add(t, s, fmt.Sprint(i), meta{serial: i}, 3000)
		held = append(held, find(s, fmt.Sprint(i), 0))
	}
	for i := range uint64(3000) {
		add(t, s, fmt.Sprint("new ", i), meta{serial: i}, 3000)
	}
	for i, o := range held {
		wantBody(t, o, uint64(i), 3000)
		o.Release()
		if o := find(s, fmt.Sprint(i), 0); o == nil {
			t.Errorf("object %d was unlinked while it was in use", i)
		} else {
			o.Release()
		}
	}
}

// "never allocate by a number they name": what is expected costs nothing, and
// all that is expected at once is bounded.
func TestWhatIsExpectedEvictsNothing(t *testing.T) {
	s := open(t, 1<<20, 0)
	for i := range uint64(400) {
		add(t, s, fmt.Sprint(i), meta{serial: i}, 1000)
	}
	before := s.Stats()
	var fills []*Object[meta]
	for i := range 100 {
		if o := s.Create(fmt.Append(nil, "fill ", i), nil, meta{}, 60_000); o != nil {
			fills = append(fills, o)
		}
	}
	after := s.Stats()
	if after.Objects != before.Objects || after.Bytes > before.Bytes+int64(len(fills))*512 {
		t.Errorf("%+v became %+v", before, after)
	}
	if len(fills) < 7 || len(fills) > 8 { // half of the Store
		t.Errorf("%d fills of 60,000 bytes at once", len(fills))
	}
	for i, o := range fills {
		if !o.Append(body(uint64(i), 0, 60_000)) {
			t.Errorf("fill %d has no room for what it was promised", i)
		}
	}
	if extra := s.Create([]byte("extra"), nil, meta{}, -1); extra != nil {
		if extra.Append(make([]byte, 60_000)) {
			t.Error("fills have more than half of the Store")
		}
		extra.Release()
	}
	for _, o := range fills {
		o.Release()
	}
}
