package store

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
)

// All methods from many goroutines at once. Each checks every byte of what it
// has, while freed blocks are poisoned.
func TestEverythingAtOnce(t *testing.T) {
	seed := 1 + *otherLot
	t.Log("lot", *otherLot, "seed", seed)
	s := open(t, 256<<10, 0)
	steps := 6000
	if raceEnabled {
		steps = 1500
	}
	var all sync.WaitGroup
	for w := range uint64(8) {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(seed, w))
			for i := range steps {
				serial := w<<32 | uint64(i)
				onceAtOnce(t, s, rng, serial)
			}
		})
	}
	all.Wait()
	if got := s.Stats(); got.Evicted == 0 || got.Hits == 0 || got.Replaced == 0 || got.Removed == 0 || got.Held != 0 {
		t.Errorf("nothing happened: %+v", got)
	}
}

// onceAtOnce is one random operation on one of 300 keys.
func onceAtOnce(t *testing.T, s *Store[meta], rng *rand.Rand, serial uint64) {
	key := fmt.Sprint("key ", rng.IntN(300))
	switch n := rng.IntN(100); {
	case n < 35:
		size := rng.Int64N(1 << (6 + rng.IntN(8)))
		o := s.Create([]byte(key), headOf(serial, 300), meta{serial: serial, variant: rng.Int32N(3)}, size)
		if o == nil {
			return
		}
		defer o.Release()
		for off := int64(0); off < size; off += 1000 {
			if !o.Append(body(serial, off, min(off+1000, size))) {
				return
			}
		}
		variant := o.Meta().variant
		s.Commit(o, func(old *Object[meta]) bool { return old.Meta().variant == variant })
	case n < 90:
		o := find(s, key, rng.Int32N(3))
		if o == nil {
			return
		}
		wantSound(t, o, key)
		if rng.IntN(20) == 0 {
			if renewed := s.Renew(o, headOf(o.Meta().serial, 200), o.Meta()); renewed != nil {
				wantSound(t, renewed, key)
				renewed.Release()
			}
		}
		wantSound(t, o, key)
		o.Release()
	case n < 92:
		s.Remove([]byte(key))
	case n < 93:
		s.RemovePrefix([]byte(key[:min(len(key), 5+rng.IntN(3))]))
	default:
		s.Stats()
	}
}

// wantSound checks that an object is of a key, and one from head to tail.
func wantSound(t *testing.T, o *Object[meta], key string) {
	if got := string(o.Key(nil)); got != key {
		t.Errorf("found %q by %q", got, key)
	}
	serial := o.Meta().serial
	if got := string(o.Head(nil)); got != string(headOf(serial, 300)) && got != string(headOf(serial, 200)) {
		t.Errorf("object %d: head %q", serial, got)
	}
	for off := int64(0); off < o.Size(); {
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

// Two that commit the same variant at once leave one.
func TestOfTwoCommitsAtOnceOneIsLeft(t *testing.T) {
	s := open(t, 1<<20, 0)
	for i := range 300 {
		key := fmt.Append(nil, "key ", i)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				o := s.Create(key, nil, meta{}, 0)
				s.Commit(o, func(*Object[meta]) bool { return true })
				o.Release()
			})
		}
		all.Wait()
		if n := s.Remove(key); n != 1 {
			t.Fatalf("%d are left", n)
		}
	}
}

// Close while others find and fill.
func TestCloseAmidEverything(t *testing.T) {
	for i := range 20 {
		s := open(t, 1<<20, 0)
		begun := make(chan struct{}, 4)
		var all sync.WaitGroup
		for w := range uint64(4) {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), w))
				for n := range 400 {
					if n == 50 {
						begun <- struct{}{}
					}
					onceAtOnce(t, s, rng, w<<32|uint64(n))
				}
			})
		}
		<-begun
		s.Close()
		all.Wait()
	}
}
