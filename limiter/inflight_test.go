package limiter

import (
	"math/rand/v2"
	"sync"
	"testing"
)

func TestAsManyMayBeInFlightAsAllowed(t *testing.T) {
	for _, tt := range []struct{ most, want int }{{3, 3}, {1, 1}, {0, 1}, {-5, 1}} {
		f := NewInFlight(tt.most)
		for range 10 { // each time all come back
			for i := range tt.want {
				if !f.Enter(7) {
					t.Fatalf("at most %d: the Exchange after %d was refused", tt.most, i)
				}
			}
			if f.Enter(7) {
				t.Fatalf("at most %d: one more was let in", tt.most)
			}
			if !f.Enter(8) {
				t.Fatalf("at most %d: another key was refused", tt.most)
			}
			f.Leave(8)
			for range tt.want {
				f.Leave(7)
			}
		}
		if got, want := f.Stats(), (InFlightStats{Most: tt.want, Entered: uint64(10 * (tt.want + 1)), Refused: 10}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestWhoHasNotEnteredMustNotLeave(t *testing.T) {
	f := NewInFlight(2)
	f.Enter(1)
	f.Leave(1)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if !f.Enter(1) { // and the lock is free
			t.Error("refused after the panic")
		}
	}()
	f.Leave(1)
}

// Random comings and goings against a plain map.
func TestInFlightCountsWhatIsUnderWay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	const most = 4
	f := NewInFlight(most)
	under := map[uint64]int{}
	var inside []uint64
	for step := range 100_000 {
		if leave := dice.IntN(500) < len(inside); leave {
			i := dice.IntN(len(inside))
			f.Leave(inside[i])
			if under[inside[i]]--; under[inside[i]] == 0 {
				delete(under, inside[i])
			}
			inside[i] = inside[len(inside)-1]
			inside = inside[:len(inside)-1]
		} else {
			key := dice.Uint64N(100)
			ok := f.Enter(key)
			if ok != (under[key] < most) {
				t.Fatalf("step %d: %v with %d under way", step, ok, under[key])
			}
			if ok {
				under[key]++
				inside = append(inside, key)
			}
		}
		if step%100 == 0 {
			if s := f.Stats(); s.UnderWay != len(inside) || s.Keys != len(under) {
				t.Fatalf("step %d: %+v, want %d of %d keys under way", step, s, len(inside), len(under))
			}
		}
	}
}

func TestInFlightHoldsInParallel(t *testing.T) {
	const most, keys = 2, 16
	f := NewInFlight(most)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var under [keys]int
	note := func(key uint64, by int) {
		mu.Lock()
		defer mu.Unlock()
		if under[key] += by; under[key] > most {
			t.Errorf("%d of key %d under way", under[key], key)
		}
	}
	for w := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				if key := uint64(i*(w+1)) % keys; f.Enter(key) {
					note(key, 1)
					note(key, -1)
					f.Leave(key)
				}
			}
		})
	}
	wg.Wait()
	if s := f.Stats(); s.Keys != 0 || s.UnderWay != 0 || s.Entered+s.Refused != 8*5000 {
		t.Errorf("%+v after all left", s)
	}
}

func TestEnterAndLeaveCostNoAllocation(t *testing.T) {
	f := NewInFlight(10)
	dice := rand.New(rand.NewPCG(1, 2))
	var inside [500]uint64 // new keys come and old ones go, all the time
	for i := range inside {
		inside[i] = dice.Uint64()
		f.Enter(inside[i])
	}
	step := func() {
		i := dice.IntN(len(inside))
		f.Leave(inside[i])
		inside[i] = dice.Uint64()
		f.Enter(inside[i])
	}
	for range 100_000 {
		step() // until the maps are as large as they get
	}
	if got := testing.AllocsPerRun(100_000, step); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkInFlight(b *testing.B) {
	keys := rateKeys(1000)
	for _, tt := range []struct {
		name string
		keys []uint64
	}{{"one key", keys[:1]}, {"1000 keys", keys}} {
		f := NewInFlight(1000)
		b.Run(tt.name+"/serial", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f.Enter(tt.keys[i%len(tt.keys)])
				f.Leave(tt.keys[i%len(tt.keys)])
			}
		})
		b.Run(tt.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := rand.Int() >> 1; pb.Next(); i++ {
					f.Enter(tt.keys[i%len(tt.keys)])
					f.Leave(tt.keys[i%len(tt.keys)])
				}
			})
		})
	}
}
