package upstream

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// scanAll is up to how many Upstreams least_conn looks at each. Of more it
// compares two at random, which is nearly as even ("the power of two choices",
// Mitzenmacher 2001: the longest queue of n falls from log n to log log n) and
// does not read a thousand counters a request.
const scanAll = 16

// leastConn is the Balancer that picks who has the fewest Attempts under way
// for its weight.
type leastConn struct {
	all  []member
	turn atomic.Uint64 // among equals they take turns
}

func (b *leastConn) adopt(all []member) { b.all = all }

func (b *leastConn) arrange(usable func(*member) bool, now time.Time) picker {
	l := &loads{b: b}
	l.ups, l.sums = weighed(b.all, usable, now)
	return l
}

// loads holds those that may be picked at present.
type loads struct {
	b    *leastConn
	ups  []*Upstream
	sums []uint64 // of the weights
}

func (l *loads) pick(tried Tried, r Request) *Upstream {
	switch n := len(l.ups); {
	case n == 0:
		return nil
	case n <= scanAll:
		return l.least(tried, r)
	}
	a, b := l.atRandom(), l.atRandom()
	if l.emptier(b, a) {
		a, b = b, a
	}
	for _, i := range [2]int{a, b} {
		if u := l.ups[i]; !tried.Has(u) && u.admit(r) {
			return u
		}
	}
	return anyFrom(l.ups, a, tried, r)
}

// least looks at each.
func (l *loads) least(tried Tried, r Request) *Upstream {
	n := len(l.ups)
	first := int(l.b.turn.Add(1) % uint64(n))
	best := -1
	for k := range n {
		i := first + k
		if i >= n {
			i -= n
		}
		if !tried.Has(l.ups[i]) && (best < 0 || l.emptier(i, best)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	if l.ups[best].admit(r) {
		return l.ups[best]
	}
	return anyFrom(l.ups, first, tried, r)
}

// atRandom returns one with the chance of its weight.
func (l *loads) atRandom() int {
	point, _ := bits.Mul64(rand.Uint64(), l.sums[len(l.sums)-1])
	return slotAt(l.sums, point)
}

// emptier reports that i would have fewer Attempts for its weight with one
// more than j.
func (l *loads) emptier(i, j int) bool {
	return uint64(l.ups[i].inFlight.Load()+1)*l.weight(j) < uint64(l.ups[j].inFlight.Load()+1)*l.weight(i)
}

func (l *loads) weight(i int) uint64 {
	if i == 0 {
		return l.sums[0]
	}
	return l.sums[i] - l.sums[i-1]
}
