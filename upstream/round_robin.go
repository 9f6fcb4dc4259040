package upstream

import (
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"

	"sluice/message"
)

const (
	// maxRing bounds the exact ring. 4096 slots are 32 KB; weights such as
	// 1000 and 999 already fit.
	maxRing = 4096
	// maxTurns bounds how many turns a pick may take before it looks for any
	// Upstream that will do.
	maxTurns = 32
)

// roundRobin is the Balancer that gives each Upstream its weight's share in
// turn.
//
// The order is laid down when the Pool is built, each Upstream in as many
// slots as its weight, spread. A ring is that order without those out of
// service, so that what they leave is shared in proportion and their
// neighbours get no more than others. Any len(ring) turns in a row give each
// Upstream exactly its share.
//
// A turn that falls on one that cannot have it (tried already, trial under
// way) is given up for the next turn, which again favours no neighbour.
type roundRobin struct {
	order []*Upstream // fixed after build
	exact bool        // order has a slot for each unit of weight

	ring atomic.Pointer[ring]

	// turn is written by every request: it has its cache line alone.
	_    [64]byte
	turn atomic.Uint64
	_    [56]byte
}

// ring holds those that may be picked at present. It is immutable.
type ring struct {
	slots []*Upstream
	// sums is nil when the slots take turns. Otherwise each Upstream has one
	// slot, and sums[i] is the weight of slots[:i+1].
	sums []uint64
	none *message.Failure // why there are no slots
}

// build lays down the order. Weights that differ and whose reduced sum is
// over maxRing get no ring but a sequence of low discrepancy (see ring.at).
func (b *roundRobin) build(all []*Upstream) {
	weights, sum := reduced(all)
	switch {
	case sum == uint64(len(all)): // all weigh the same
		b.order, b.exact = all, true
	case sum <= maxRing:
		b.order, b.exact = spread(all, weights, int(sum)), true
	default:
		b.order = all
	}
}

// within returns the ring of those that may be picked.
func (b *roundRobin) within() *ring {
	r := &ring{slots: make([]*Upstream, 0, len(b.order))}
	for _, u := range b.order {
		if u.pickable() {
			r.slots = append(r.slots, u)
		}
	}
	if b.exact {
		return r
	}
	r.sums = make([]uint64, len(r.slots))
	var sum uint64
	for i, u := range r.slots {
		sum += uint64(u.Weight)
		r.sums[i] = sum
	}
	return r
}

// pick costs an atomic add, a load and a division in the usual case.
func (b *roundRobin) pick(tried Tried) *Upstream {
	r := b.ring.Load()
	if len(r.slots) == 0 {
		return nil
	}
	slot := 0
	for range maxTurns {
		slot = r.at(b.turn.Add(1))
		if u := r.slots[slot]; !tried.Has(u) && u.admit() {
			return u
		}
	}
	// Nearly all of the weight is tried or busy with a trial. Which of the
	// rest is taken hardly matters; that one is found does.
	for i := range r.slots {
		if u := r.slots[(slot+i)%len(r.slots)]; !tried.Has(u) && u.admit() {
			return u
		}
	}
	return nil
}

// at returns the slot whose turn it is.
//
// With sums it is the slot at the point frac(turn·φ) of the weights laid end
// to end. Multiples of the golden ratio fill the line as evenly as any
// sequence can, so every Upstream is within a few picks of its share in any
// window, at the cost of a binary search and with no state but the turn.
func (r *ring) at(turn uint64) int {
	if r.sums == nil {
		return int(turn % uint64(len(r.slots)))
	}
	const golden = 0x9E3779B97F4A7C15 // 2^64·(φ-1)
	point, _ := bits.Mul64(turn*golden, r.sums[len(r.sums)-1])
	slot, _ := slices.BinarySearchFunc(r.sums, point, func(sum, point uint64) int {
		if sum <= point {
			return -1
		}
		return cmp.Compare(sum, point)
	})
	return slot
}

// reduced returns the weights by their greatest common divisor, and their sum.
func reduced(all []*Upstream) (weights []int, sum uint64) {
	common := 0
	for _, u := range all {
		for a, b := common, u.Weight; ; a, b = b, a%b {
			if b == 0 {
				common = a
				break
			}
		}
	}
	for _, u := range all {
		w := u.Weight / common
		weights = append(weights, w)
		sum += uint64(w)
	}
	return weights, sum
}

// spread puts each Upstream into as many of the slots as its weight, as evenly
// as can be: nginx's smooth weighted round robin, played through once. Each
// step every Upstream gains its weight, and the richest takes the slot and
// pays all that was gained.
func spread(all []*Upstream, weights []int, slots int) []*Upstream {
	order := make([]*Upstream, 0, slots)
	wealth := make([]int, len(all))
	for range slots {
		richest := 0
		for i, w := range weights {
			wealth[i] += w
			if wealth[i] > wealth[richest] {
				richest = i
			}
		}
		wealth[richest] -= slots
		order = append(order, all[richest])
	}
	return order
}
