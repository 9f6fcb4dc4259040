package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

// "AllocsPerRun 0 for Find+Release of a hit"
func TestFindAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector lets sync.Pool forget at random")
	}
	s := open(t, 1<<20, 0)
	for v := range int32(4) {
		add(t, s, "key", meta{variant: v}, 1000)
	}
	hit, miss := []byte("key"), []byte("other")
	variant := int32(1)
	match := func(o *Object[meta]) bool { return o.Meta().variant == variant }
	for name, f := range map[string]func(){
		"a hit": func() {
			o := s.Find(hit, match)
			o.Head(nil)
			o.Piece(0)
			o.Release()
		},
		"a miss":             func() { s.Find(miss, match) },
		"no variant matches": func() { s.Find(hit, func(*Object[meta]) bool { return false }) },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// benchStore has n objects of 1000 bytes.
func benchStore(b *testing.B, n uint64) *asker {
	a := newAsker(b, 128<<20)
	for i := range n {
		a.ask(i)
	}
	return a
}

func benchKey(buf *[60]byte, i uint64) []byte {
	binary.LittleEndian.PutUint64(buf[:], i)
	return buf[:]
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []uint64{1, 50_000} {
		a := benchStore(b, n)
		match := func(o *Object[meta]) bool { return true }
		b.Run(fmt.Sprintf("serial/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var buf [60]byte
			for i := uint64(0); b.Loop(); i++ {
				a.s.Find(benchKey(&buf, i*7919%n), match).Release()
			}
		})
		b.Run(fmt.Sprintf("parallel/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var seed atomic.Uint64
			b.RunParallel(func(pb *testing.PB) {
				rng := rand.New(rand.NewPCG(seed.Add(1), 0))
				var buf [60]byte
				for pb.Next() {
					a.s.Find(benchKey(&buf, rng.Uint64N(n)), match).Release()
				}
			})
		})
	}
}

// A Store that is full: each object evicts others.
func BenchmarkFill(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		piece := make([]byte, min(size, 16<<10))
		fill := func(s *Store[meta], buf *[60]byte, i uint64) {
			o := s.Create(benchKey(buf, i), piece[:300], meta{}, int64(size))
			for n := 0; n < size; n += len(piece) {
				o.Append(piece[:min(len(piece), size-n)])
				o.Flush()
			}
			s.Commit(o, nil)
			o.Release()
		}
		b.Run(fmt.Sprintf("serial/%d", size), func(b *testing.B) {
			a := benchStore(b, 100_000)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			var buf [60]byte
			for i := uint64(1 << 32); b.Loop(); i++ {
				fill(a.s, &buf, i)
			}
		})
		b.Run(fmt.Sprintf("parallel/%d", size), func(b *testing.B) {
			a := benchStore(b, 100_000)
			b.ReportAllocs()
			b.SetBytes(int64(size))
			var next atomic.Uint64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				var buf [60]byte
				for pb.Next() {
					fill(a.s, &buf, 1<<40+next.Add(1))
				}
			})
		})
	}
}

// How long the pieces are that a body of 1 MB is read in, after objects of all
// sizes have come and gone.
func BenchmarkPiece(b *testing.B) {
	a := newAsker(b, 64<<20)
	rng := rand.New(rand.NewPCG(1, 0))
	large := make([]byte, 1<<20)
	var buf [60]byte
	for i := range uint64(200_000) {
		o := a.s.Create(benchKey(&buf, i), a.head, meta{}, -1)
		o.Append(large[:rng.IntN(1<<(8+rng.IntN(10)))])
		a.s.Commit(o, nil)
		o.Release()
	}
	o := a.s.Create([]byte("large"), a.head, meta{}, 1<<20)
	for n := 0; n < len(large); n += 16 << 10 {
		o.Append(large[n : n+16<<10])
	}
	defer o.Release()
	pieces := 0
	b.SetBytes(1 << 20)
	for b.Loop() {
		pieces = 0
		for off := int64(0); off < o.Size(); pieces++ {
			off += int64(len(o.Piece(off)))
		}
	}
	b.ReportMetric(float64(len(large)/pieces), "B/piece")
}
