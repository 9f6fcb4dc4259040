package limiter

import "sync/atomic"

const (
	// gateSlack is how much more the gate lets into the queue than could be
	// served lately, so that the queue does not run dry for an error in the
	// estimate. gateFew is the same for small numbers.
	gateSlack = 1.2
	gateFew   = 2
	// gateEdge is how much of what could be served the bands that drain may
	// want: a little more than all, because the estimate has errors, too.
	gateEdge = 1.1
	// gateKept is how much of its memory is kept for an interval.
	gateKept = 0.75
)

// rankGate refuses at once, without a queue, those who would not be served
// anyway, so that nearly all of a flood costs one comparison. It keeps the
// demand by rank and opens just as far as lately could be served: hence the
// same clients stay in, and the others get an immediate answer (DAGOR).
//
// It is asked only if there is no place; it never keeps one empty.
type rankGate struct {
	threshold atomic.Uint32 // ranks under it are refused
	demand    [rankBands * rankLevels]atomic.Uint32

	// Guarded by Admission.mu.
	recent [rankBands * rankLevels]float64 // demand, fading
	served float64                         // fading alike
}

// refuses reports whether r would not be served, and counts it.
func (g *rankGate) refuses(r rank) bool {
	g.demand[r.level()].Add(1)
	return uint32(r) < g.threshold.Load()
}

// adjust takes in what was wanted and served since the last look. If the queue
// stands it sets the threshold anew, and returns the highest band that stands;
// -1 if none does. The caller holds Admission.mu.
func (g *rankGate) adjust(served uint64, standing bool, kept float64) (edge int) {
	g.served = g.served*kept + float64(served)
	for i := range g.recent {
		g.recent[i] *= kept
		if g.demand[i].Load() != 0 {
			g.recent[i] += float64(g.demand[i].Swap(0))
		}
	}
	if !standing {
		g.open()
		return -1
	}
	threshold, _ := g.place(g.served*gateSlack + gateFew)
	g.threshold.Store(uint32(threshold))
	r, _ := g.place(g.served * gateEdge)
	return max(r.band(), g.lowest())
}

// lowest is the lowest band that somebody wants to be served in: it stands if
// anything does.
func (g *rankGate) lowest() int {
	for i := range g.recent {
		if g.recent[i] >= 1 {
			return i / rankLevels
		}
	}
	return 0
}

// open lets everybody in.
func (g *rankGate) open() { g.threshold.Store(0) }

// place returns the rank from which on the demand is as much as fits, and
// whether all of it fits. Within a level it takes hashes to be evenly spread.
func (g *rankGate) place(fits float64) (r rank, all bool) {
	const width = 1 << (rankHashBits - rankLevelBits)
	for i := len(g.recent) - 1; i >= 0; i-- {
		if wanted := g.recent[i]; wanted > fits {
			return rank(i)*width + rank((1-fits/wanted)*(width-1)), false
		}
		fits -= g.recent[i]
	}
	return 0, true
}
