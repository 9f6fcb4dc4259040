package store

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// otherLot shifts the seeds of simulations: another lot of them.
var otherLot = flag.Uint64("lot", 0, "shifts the seeds of simulations")

// simulation is a Store beside a model of it: a list of objects a key, newest
// first. The model evicts nothing, so what is found must be in it, and what is
// in it must be found only if the Store had room for all.
type simulation struct {
	t      *testing.T
	s      *Store[meta]
	rng    *rand.Rand
	roomy  bool
	model  map[string][]*simObject
	fills  []*simFill
	held   []*simHold
	serial uint64
}

type simObject struct {
	serial  uint64 // of the head and the metadata
	body    uint64 // of the body: another if it was renewed
	variant int32
	size    int64
}

type simFill struct {
	o       *Object[meta]
	key     string
	is      *simObject
	size    int64 // it is to have
	doomed  bool  // its key was removed
	refused bool
}

type simHold struct {
	o  *Object[meta]
	is *simObject
}

// Random operations, with references held at random. "poison freed blocks".
func TestSimulationAgainstAModel(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bytes int64
		mask  uint64
		keys  int
		roomy bool
		steps int
	}{
		{"roomy", 48 << 20, ^uint64(0), 60, true, 15_000},
		{"roomy and colliding", 48 << 20, 3, 60, true, 15_000},
		{"tight", 512 << 10, ^uint64(0), 2000, false, 40_000},
		{"tight and colliding", 192 << 10, 7, 200, false, 30_000},
		{"smallest", MinBytes, ^uint64(0), 50, false, 30_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seed := 1 + *otherLot
			t.Log("lot", *otherLot, "seed", seed)
			s := open(t, tt.bytes, 0)
			s.mask = tt.mask
			sim := &simulation{t: t, s: s, rng: rand.New(rand.NewPCG(seed, 0)), roomy: tt.roomy, model: map[string][]*simObject{}}
			steps := tt.steps
			if raceEnabled {
				steps /= 10 // one goroutine: there is no race to find
			}
			for i := range steps {
				sim.step(tt.keys)
				if i%2000 == 0 {
					audit(t, s)
				}
			}
			sim.end()
		})
	}
}

func (sim *simulation) step(keys int) {
	key := sim.key(keys)
	switch n := sim.rng.IntN(100); {
	case n < 20:
		sim.create(key)
	case n < 50:
		sim.fill()
	case n < 80:
		sim.find(key)
	case n < 92:
		sim.release()
	case n < 95:
		sim.renew(key)
	case n < 97:
		sim.remove(key, false)
	case n < 98 && sim.rng.IntN(50) == 0:
		sim.remove(key[:sim.rng.IntN(len(key)+1)], true)
	}
}

// key returns one of so many keys, some of which are longer than a block.
func (sim *simulation) key(n int) string {
	i := sim.rng.IntN(n)
	return fmt.Sprintf("%c/%s%d", 'a'+rune(i%5), strings.Repeat("k", i%7*100), i)
}

func (sim *simulation) create(key string) {
	if len(sim.fills) > 20 {
		return
	}
	sim.serial++
	size := sim.rng.Int64N(1 << sim.rng.IntN(14))
	expected := size
	if sim.rng.IntN(3) == 0 {
		expected = -1
	}
	is := &simObject{serial: sim.serial, body: sim.serial, variant: sim.rng.Int32N(20)}
	o := sim.s.Create([]byte(key), headOf(is.serial, 1+int(is.serial)%700), meta{serial: is.serial, variant: is.variant}, expected)
	if o == nil {
		if sim.roomy && sim.fillsOf(key) < maxVariants {
			sim.t.Fatalf("no room for %q", key)
		}
		return
	}
	sim.fills = append(sim.fills, &simFill{o: o, key: key, is: is, size: size})
}

func (sim *simulation) fillsOf(key string) (n int) {
	for _, f := range sim.fills {
		if f.key == key && !f.doomed {
			n++
		}
	}
	return n
}

// fill appends to one that is being filled, or ends it.
func (sim *simulation) fill() {
	if len(sim.fills) == 0 {
		return
	}
	i := sim.rng.IntN(len(sim.fills))
	f := sim.fills[i]
	if f.is.size < f.size && !f.refused && sim.rng.IntN(30) > 0 {
		n := 1 + sim.rng.Int64N(f.size-f.is.size)
		if f.o.Append(body(f.is.body, f.is.size, f.is.size+n)) {
			f.is.size += n
		} else {
			f.refused = true
			if sim.roomy {
				sim.t.Fatalf("no room for %d bytes", n)
			}
		}
		return
	}
	sim.fills = append(sim.fills[:i], sim.fills[i+1:]...)
	wantBody(sim.t, f.o, f.is.body, f.is.size)
	if f.is.size == f.size {
		sim.commit(f)
	} else if sim.rng.IntN(2) == 0 {
		f.o.Fail(nil)
	}
	sim.hold(f.o, f.is)
}

func (sim *simulation) commit(f *simFill) {
	kept := sim.s.Commit(f.o, func(old *Object[meta]) bool { return old.Meta().variant == f.is.variant })
	if want := !f.doomed && !f.refused; kept != want {
		sim.t.Fatalf("%q: kept %v, want %v", f.key, kept, want)
	}
	if !kept {
		return
	}
	all := []*simObject{f.is}
	for _, old := range sim.model[f.key] {
		if old.variant != f.is.variant {
			all = append(all, old)
		}
	}
	if sim.roomy {
		all = all[:min(len(all), maxVariants)]
	}
	sim.model[f.key] = all
}

// find looks for any variant of a key below a number.
func (sim *simulation) find(key string) {
	below := sim.rng.Int32N(25)
	o := sim.s.Find([]byte(key), func(o *Object[meta]) bool { return o.Meta().variant < below })
	var want *simObject
	for _, is := range sim.model[key] {
		if is.variant < below && (want == nil || o != nil && want.serial != o.Meta().serial) {
			want = is
		}
	}
	switch {
	case o == nil && want != nil && sim.roomy:
		sim.t.Fatalf("%q: object %d is not found", key, want.serial)
	case o == nil:
		return
	case want == nil || want.serial != o.Meta().serial:
		sim.t.Fatalf("%q: object %d is found, which is not there", key, o.Meta().serial)
	case sim.roomy && want != sim.newest(key, below):
		sim.t.Fatalf("%q: object %d is not the newest", key, want.serial)
	case string(o.Key(nil)) != key:
		sim.t.Fatalf("%q: found %q", key, o.Key(nil))
	}
	sim.hold(o, want)
}

func (sim *simulation) newest(key string, below int32) *simObject {
	for _, is := range sim.model[key] {
		if is.variant < below {
			return is
		}
	}
	return nil
}

// hold keeps a reference for a while.
func (sim *simulation) hold(o *Object[meta], is *simObject) {
	h := &simHold{o: o, is: is}
	if sim.rng.IntN(2) == 0 || len(sim.held) > 20 {
		sim.let(h)
		return
	}
	if sim.rng.IntN(3) == 0 {
		o.Retain()
		defer o.Release()
	}
	sim.held = append(sim.held, h)
}

// release checks and releases one that is held.
func (sim *simulation) release() {
	if len(sim.held) == 0 {
		return
	}
	i := sim.rng.IntN(len(sim.held))
	h := sim.held[i]
	sim.held = append(sim.held[:i], sim.held[i+1:]...)
	sim.let(h)
}

func (sim *simulation) let(h *simHold) {
	wantBody(sim.t, h.o, h.is.body, h.is.size)
	if got, want := string(h.o.Head(nil)), string(headOf(h.is.serial, 1+int(h.is.serial)%700)); got != want {
		sim.t.Fatalf("object %d: head %q, want %q", h.is.serial, got, want)
	}
	h.o.Release()
}

func (sim *simulation) renew(key string) {
	o := sim.s.Find([]byte(key), nil)
	if o == nil {
		return
	}
	defer o.Release()
	for i, is := range sim.model[key] {
		if is.serial != o.Meta().serial {
			continue
		}
		sim.serial++
		n := *is
		n.serial = sim.serial
		if renewed := sim.s.Renew(o, headOf(n.serial, 1+int(n.serial)%700), meta{serial: n.serial, variant: n.variant}); renewed != nil {
			renewed.Release()
			rest := append(append([]*simObject{}, sim.model[key][:i]...), sim.model[key][i+1:]...)
			sim.model[key] = append([]*simObject{&n}, rest...)
		} else if sim.roomy && sim.fillsOf(key) < maxVariants {
			sim.t.Fatalf("%q was not renewed", key)
		}
		return
	}
	sim.t.Fatalf("%q: object %d is found, which is not there", key, o.Meta().serial)
}

func (sim *simulation) remove(key string, prefix bool) {
	want, got := 0, 0
	goes := func(k string) bool { return k == key || prefix && strings.HasPrefix(k, key) }
	for k, all := range sim.model {
		if goes(k) {
			want += len(all)
			delete(sim.model, k)
		}
	}
	for _, f := range sim.fills {
		f.doomed = f.doomed || goes(f.key)
	}
	if prefix {
		got = sim.s.RemovePrefix([]byte(key))
	} else {
		got = sim.s.Remove([]byte(key))
	}
	if got > want || sim.roomy && got < want {
		sim.t.Fatalf("%d were removed by %q, want %d", got, key, want)
	}
}

// end lets go of everything.
func (sim *simulation) end() {
	for len(sim.held) > 0 {
		sim.release()
	}
	for _, f := range sim.fills {
		f.o.Release()
	}
	if got := sim.s.Stats(); raceEnabled {
		return // too few steps
	} else if !sim.roomy && got.Evicted == 0 || sim.roomy && got.Removed+got.Replaced == 0 {
		sim.t.Errorf("nothing happened: %+v", got)
	}
}
