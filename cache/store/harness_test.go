package store

import (
	"fmt"
	"testing"
)

// meta is metadata as a user's: the serial number says what the body must be.
type meta struct {
	serial  uint64
	variant int32
	_       [36]byte
}

// poison is what freed blocks are filled with.
const poison = 0xDB

// open makes a Store whose freed blocks are poisoned, and checks at the end of
// the test that every block came back.
func open(t *testing.T, bytes, largest int64) *Store[meta] {
	t.Helper()
	s, err := New[meta](Options{Bytes: bytes, Largest: largest})
	if err != nil {
		t.Fatal(err)
	}
	s.freed = func(block []byte) {
		for i := range block {
			block[i] = poison
		}
	}
	t.Cleanup(func() { wantEmpty(t, s) })
	return s
}

// wantEmpty removes everything and checks that nothing is left in use.
func wantEmpty(t *testing.T, s *Store[meta]) {
	t.Helper()
	audit(t, s)
	s.RemovePrefix(nil)
	got := s.Stats()
	if got.Objects != 0 || got.Filling != 0 || got.Held != 0 || s.promised != 0 || s.filling != 0 {
		t.Errorf("in the end: %+v, promised %d, filling %d", got, s.promised, s.filling)
	}
	if !s.closed && s.blocks.free != s.total {
		t.Errorf("%d of %d blocks are free in the end", s.blocks.free, s.total)
	}
	s.Close()
	if s.mem != nil {
		t.Error("memory was not given back")
	}
}

// audit checks that buckets and queues tell of the same objects, and that the
// counts are right.
func audit(t *testing.T, s *Store[meta]) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ready, fills := 0, 0
	for i := range s.shards {
		for _, id := range s.shards[i].buckets {
			for ; id != 0; id = s.record(id).chain {
				r := s.record(id)
				if !r.linked || r.ready != (r.queue != queueNone) {
					t.Fatalf("record %d: linked %v, ready %v, queue %d", id, r.linked, r.ready, r.queue)
				}
				if r.ready {
					ready++
				} else {
					fills++
				}
			}
		}
	}
	queued := 0
	for name := queueSmall; name <= queueMain; name++ {
		n, blocks, newer := 0, 0, uint32(0)
		for id := s.queues[name].newest; id != 0; id = s.record(id).older {
			r := s.record(id)
			if r.newer != newer || r.queue != name {
				t.Fatalf("record %d of queue %d: newer %d, want %d; queue %d", id, name, r.newer, newer, r.queue)
			}
			newer = id
			n++
			blocks += s.weight(r.blocks)
		}
		if q := s.queues[name]; q.oldest != newer || q.objects != n || q.blocks != blocks {
			t.Fatalf("queue %d: %+v, counted %d objects, %d blocks", name, q, n, blocks)
		}
		queued += n
	}
	if ready != queued || fills > s.fills {
		t.Fatalf("%d in buckets, %d in queues; %d fills in buckets of %d", ready, queued, fills, s.fills)
	}
}

// bodyByte is a byte of the body of an object: no two have the same at any place.
func bodyByte(serial uint64, off int64) byte {
	x := (serial+1)*0x9e3779b97f4a7c15 ^ uint64(off/8+1)*0xbf58476d1ce4e5b9
	x ^= x >> 29
	x *= 0x94d049bb133111eb
	return byte(x >> (off % 8 * 8))
}

func body(serial uint64, from, to int64) []byte {
	p := make([]byte, to-from)
	for i := range p {
		p[i] = bodyByte(serial, from+int64(i))
	}
	return p
}

func headOf(serial uint64, n int) []byte {
	return fmt.Appendf(nil, "head %0*d", n, serial)
}

// add creates and commits an object. same says yes to its variant.
func add(t *testing.T, s *Store[meta], key string, m meta, size int64) {
	t.Helper()
	o := s.Create([]byte(key), headOf(m.serial, 20), m, size)
	if o == nil {
		t.Fatalf("no room for %q", key)
	}
	defer o.Release()
	if !o.Append(body(m.serial, 0, size)) {
		t.Fatalf("no room for %d bytes of %q", size, key)
	}
	if !s.Commit(o, func(old *Object[meta]) bool { return old.Meta().variant == m.variant }) {
		t.Fatalf("%q was not kept", key)
	}
}

// find finds the object of a variant.
func find(s *Store[meta], key string, variant int32) *Object[meta] {
	return s.Find([]byte(key), func(o *Object[meta]) bool { return o.Meta().variant == variant })
}

// wantBody checks all that an object has.
func wantBody(t *testing.T, o *Object[meta], serial uint64, size int64) {
	t.Helper()
	if o.Size() != size {
		t.Fatalf("object %d has %d bytes, want %d", serial, o.Size(), size)
	}
	for off := int64(0); off < size; {
		p := o.Piece(off)
		if len(p) == 0 {
			t.Fatalf("object %d: no piece at %d of %d", serial, off, size)
		}
		for i, b := range p {
			if want := bodyByte(serial, off+int64(i)); b != want {
				t.Fatalf("object %d: byte %d is %#x, want %#x", serial, off+int64(i), b, want)
			}
		}
		off += int64(len(p))
	}
}
