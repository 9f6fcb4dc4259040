package limiter

import (
	"math/rand/v2"
	"testing"
)

func TestGateOpensAsFarAsWasServed(t *testing.T) {
	const wanted, served = 100_000, 10_000
	rng := rand.New(rand.NewPCG(1, 1))
	for _, tt := range []struct {
		name     string
		priority func() Priority
		most     float64 // share that passes
		band     Priority
	}{
		{"by hash", func() Priority { return Priority{Hash: rng.Uint32()} }, 0.12, Priority{}},
		{"by class", func() Priority {
			if rng.IntN(20) == 0 {
				return Priority{Hash: rng.Uint32()}
			}
			return Priority{Class: ClassSheddable, Hash: rng.Uint32()}
		}, 0.12, Priority{Class: ClassSheddable}},
	} {
		var g rankGate
		for range wanted {
			if g.refuses(tt.priority().rank()) {
				t.Fatal("an open gate refuses")
			}
		}
		if edge, want := g.adjust(served, true, 1), tt.band.rank().band(); edge != want {
			t.Errorf("%s: the bands up to %d stand, want %d", tt.name, edge, want)
		}
		var passed, better int
		for range wanted {
			p := tt.priority()
			switch {
			case !g.refuses(p.rank()):
				passed++
			case p.rank().band() > tt.band.rank().band():
				better++
			}
		}
		if share := float64(passed) / wanted; share < tt.most-0.01 || share > tt.most+0.01 || better > 0 {
			t.Errorf("%s: %.3f pass, want %.3f; %d of better bands are refused", tt.name, share, tt.most, better)
		}
		if edge := g.adjust(served, false, 1); edge != -1 || g.refuses(0) {
			t.Errorf("%s: the gate stays shut, edge %d, when the queue drains", tt.name, edge)
		}
	}
}

func TestGateLetsAllInIfAllCanBeServed(t *testing.T) {
	var g rankGate
	for range 100 {
		g.refuses(Priority{Class: ClassSheddable}.rank())
	}
	g.adjust(100, true, 1)
	if g.refuses(0) {
		t.Error("refused, though there was no more demand than was served")
	}
}
