package store

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// "key: the full key, compared in full (a hash collision must never serve
// another key's object)."
func TestKeysWithTheSameHashAreToldApart(t *testing.T) {
	s := open(t, 4<<20, 0)
	s.mask = 0 // all collide
	long := strings.Repeat("k", 2000)
	keys := []string{"", "a", "b", "ab", "ba", long, long + "x", long[:1999] + "y", "x" + long[1:]}
	for i, key := range keys {
		add(t, s, key, meta{serial: uint64(i)}, int64(100*i))
	}
	for i, key := range keys {
		o := find(s, key, 0)
		if o == nil {
			t.Fatalf("key %d is not found", i)
		}
		wantBody(t, o, uint64(i), int64(100*i))
		if got := o.Key(nil); string(got) != key {
			t.Errorf("key %d reads %q", i, got)
		}
		o.Release()
	}
	for _, key := range []string{"c", "aa", long[:1999], long + "y"} {
		if o := find(s, key, 0); o != nil {
			t.Errorf("%.10q is found", key)
		}
	}
}

// Sizes around each boundary of blocks and of the maps that number them.
func TestObjectsOfEverySizeReadBack(t *testing.T) {
	s := open(t, 24<<20, 8<<20)
	bs, per := int64(1)<<s.shift, int64(s.perMap)
	for _, blocks := range []int64{0, 1, 2, directBlocks, directBlocks + 1, directBlocks + 2, directBlocks + per,
		directBlocks + per + 1, directBlocks + per + 2, directBlocks + 2*per, directBlocks + 2*per + 1, directBlocks + 3*per + 5, 8000} {
		for _, more := range []int64{-1, 0, 1} {
			size := max(blocks*bs+more, 0)
			add(t, s, "key", meta{serial: uint64(size)}, size)
			o := find(s, "key", 0)
			if o == nil {
				t.Fatalf("%d bytes are not found", size)
			}
			wantBody(t, o, uint64(size), size)
			if got, want := o.Head(nil), headOf(uint64(size), 20); !bytes.Equal(got, want) {
				t.Errorf("head %q, want %q", got, want)
			}
			if p := o.Piece(size); p != nil || o.Piece(-1) != nil {
				t.Errorf("a piece beyond the body: %d bytes", len(p))
			}
			o.Release()
		}
	}
}

// Head is in place if it lies in one piece, and a copy in buf if not.
func TestHeadIsAssembledOnlyIfItIsInPieces(t *testing.T) {
	s := open(t, 1<<20, 0)
	// every second block is in use, so that what is created next is in pieces
	var held []*Object[meta]
	for i := range 400 {
		held = append(held, s.Create(fmt.Append(nil, i), nil, meta{}, 0))
	}
	for i, o := range held {
		if i%2 == 0 {
			o.Release()
		}
	}
	head := body(7, 0, 1500)
	o := s.Create([]byte("key"), head, meta{}, 0)
	buf := make([]byte, 0, 2000)
	got := o.Head(buf)
	if !bytes.Equal(got, head) {
		t.Error("a head in pieces is wrong")
	}
	if &got[0] != &buf[:1][0] {
		t.Error("a head in pieces is not in the buffer given")
	}
	if allocs := testing.AllocsPerRun(100, func() { o.Head(buf) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	o.Release()
	for i, o := range held {
		if i%2 == 1 {
			o.Release()
		}
	}
	o = s.Create([]byte("key"), head, meta{}, 0)
	if got := o.Head(nil); !bytes.Equal(got, head) {
		t.Error("a head in one piece is wrong")
	} else if allocs := testing.AllocsPerRun(100, func() { o.Head(nil) }); allocs != 0 {
		t.Errorf("%v allocations for a head in one piece", allocs)
	}
	o.Release()
}

// "Options{Bytes int64 (all memory it may cost, index included)}"
func TestAllMemoryIsWithinBytes(t *testing.T) {
	for _, o := range []Options{
		{Bytes: MinBytes}, {Bytes: MinBytes + 1}, {Bytes: 1 << 20}, {Bytes: 1<<20 + 12345}, {Bytes: 64 << 20},
		{Bytes: 64 << 20, Largest: 1 << 40}, {Bytes: 256 << 20, Largest: 100 << 20}, {Bytes: 1 << 30, Largest: 1 << 20},
	} {
		s, err := New[meta](o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		got := s.Stats()
		if got.MaxBytes > o.Bytes || got.MaxBytes < o.Bytes*9/10 {
			t.Errorf("%+v: at most %d bytes", o, got.MaxBytes)
		}
		if got.Bytes > o.Bytes/25 { // 2 %, and the shards of a small Store
			t.Errorf("%+v: %d bytes when empty", o, got.Bytes)
		}
		if most := o.Bytes / 2; got.Largest > most || o.Largest == 0 && got.Largest != o.Bytes/16 {
			t.Errorf("%+v: an object may have %d bytes", o, got.Largest)
		}
		if n := s.weight(s.stretch(s.top + got.Largest)); n > s.total/2 {
			t.Errorf("%+v: the largest object has %d of %d blocks", o, n, s.total)
		}
		s.Close()
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	_, small := New[meta](Options{Bytes: MinBytes - 1})
	_, none := New[meta](Options{Bytes: -1})
	_, pointer := New[*int](Options{Bytes: 1 << 20})
	_, slice := New[struct{ a [2]struct{ b []byte } }](Options{Bytes: 1 << 20})
	_, text := New[struct{ s string }](Options{Bytes: 1 << 20})
	_, large := New[[600]byte](Options{Bytes: 1 << 20})
	for _, tt := range []struct {
		err  error
		want string
	}{
		{small, "131071 bytes are too few"}, {none, "-1 bytes are too few"},
		{pointer, "no pointers, *int"}, {slice, "in field b, in field a"}, {text, "in field s"},
		{large, "metadata of 600 bytes are too large"},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", tt.err, tt.want)
		}
	}
}

// "Create ... nil when there is no room for it by its head alone."
func TestWhatIsTooLargeIsRefusedAtOnce(t *testing.T) {
	s := open(t, 1<<20, 10_000)
	for _, tt := range []struct {
		key, head int
		expected  int64
		ok        bool
	}{
		{10, 20, 9970, true}, {10, 20, 9971, false}, {10, 20, 1<<63 - 1, false}, {10, 20, -1, true}, {10, 20, -1 << 63, true},
		{0, 10_000, -1, true}, {0, 10_001, -1, false}, {10_000, 0, 0, true}, {10_001, 0, 0, false}, {1 << 20, 1 << 20, 0, false},
	} {
		before := s.Stats().Rejected
		o := s.Create(make([]byte, tt.key), make([]byte, tt.head), meta{}, tt.expected)
		if (o != nil) != tt.ok {
			t.Errorf("%+v: created %v", tt, o != nil)
		}
		if n := s.Stats().Rejected - before; (n == 0) != tt.ok {
			t.Errorf("%+v: counted %d", tt, n)
		}
		if o != nil {
			o.Release()
		}
	}
}

// "the object can then never be committed (but what was appended stays readable
// until Release)"
func TestAnAppendThatIsTooLargeSpoilsTheObject(t *testing.T) {
	s := open(t, 1<<20, 10_000)
	o := s.Create([]byte("key"), nil, meta{}, -1)
	if !o.Append(body(1, 0, 9000)) {
		t.Fatal("9000 bytes are too much")
	}
	if o.Append(body(1, 9000, 9998)) {
		t.Fatal("10001 bytes are not too much")
	}
	if o.Append([]byte{1}) {
		t.Error("something was appended after that")
	}
	wantBody(t, o, 1, 9000)
	if s.Commit(o, nil) || find(s, "key", 0) != nil {
		t.Error("it was committed")
	}
	wantBody(t, o, 1, 9000)
	if _, err := o.Wait(9000, nil); err != ErrNoRoom {
		t.Errorf("followers get %v", err)
	}
	o.Release()
}
