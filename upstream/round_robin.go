package upstream

import (
	"cmp"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"
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
// The order is laid down when the members change, each in as many slots as its
// weight, spread. A ring is that order without those out of service, so that
// what they leave is shared in proportion and their neighbours get no more
// than others. Any len(ring) turns in a row give each Upstream exactly its
// share.
//
// A turn that falls on one that cannot have it (tried already, trial under
// way) is given up for the next turn, which again favours no neighbour.
type roundRobin struct {
	all   []member
	order []*member // a slot for each unit of weight; nil: too many

	// turn is written by every request: it has its cache line alone.
	_    [64]byte
	turn atomic.Uint64
	_    [56]byte
}

// ring holds those that may be picked at present. It is immutable.
type ring struct {
	b     *roundRobin
	slots []*Upstream
	// sums is nil when the slots take turns. Otherwise each Upstream has one
	// slot, and sums[i] is the weight of slots[:i+1].
	sums []uint64
}

// adopt lays down the order. Weights that differ and whose reduced sum is over
// maxRing get no order but a sequence of low discrepancy (see ring.at).
func (b *roundRobin) adopt(all []member) {
	b.all, b.order = all, nil
	weights, sum := reduced(all)
	switch {
	case sum == uint64(len(all)): // all weigh the same
		for i := range all {
			b.order = append(b.order, &all[i])
		}
	case sum <= maxRing:
		b.order = spread(all, weights, int(sum))
	}
}

// arrange returns the ring of those that are usable. While the share of one
// grows there are no slots that could hold it, and the sequence of low
// discrepancy serves.
func (b *roundRobin) arrange(usable func(*member) bool, now time.Time) picker {
	r := &ring{b: b, slots: make([]*Upstream, 0, len(b.order))}
	growing := func(m *member) bool { return !m.up.warm.IsZero() }
	if b.order != nil && !slices.ContainsFunc(b.order, growing) {
		for _, m := range b.order {
			if usable(m) {
				r.slots = append(r.slots, m.up)
			}
		}
		return r
	}
	r.slots, r.sums = weighed(b.all, usable, now)
	return r
}

// weighed returns the usable Upstreams and the running sums of what each may
// have of its weight.
func weighed(all []member, usable func(*member) bool, now time.Time) (ups []*Upstream, sums []uint64) {
	var sum uint64
	for i := range all {
		if m := &all[i]; usable(m) {
			sum += uint64(m.weight) * uint64(m.up.share(now))
			ups, sums = append(ups, m.up), append(sums, sum)
		}
	}
	return ups, sums
}

// pick costs an atomic add, a load and a division in the usual case.
func (g *ring) pick(tried Tried, r Request) *Upstream {
	if len(g.slots) == 0 {
		return nil
	}
	slot := 0
	for range maxTurns {
		slot = g.at(g.b.turn.Add(1))
		if u := g.slots[slot]; !tried.Has(u) && u.admit(r) {
			return u
		}
	}
	return anyFrom(g.slots, slot, tried, r)
}

// anyFrom finds any that will do. Nearly all of the weight is tried, full or
// busy with a trial then; which of the rest is taken hardly matters, that one
// is found does.
func anyFrom(ups []*Upstream, first int, tried Tried, r Request) *Upstream {
	for i := range ups {
		if u := ups[(first+i)%len(ups)]; !tried.Has(u) && u.admit(r) {
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
func (g *ring) at(turn uint64) int {
	if g.sums == nil {
		return int(turn % uint64(len(g.slots)))
	}
	const golden = 0x9E3779B97F4A7C15 // 2^64·(φ-1)
	point, _ := bits.Mul64(turn*golden, g.sums[len(g.sums)-1])
	return slotAt(g.sums, point)
}

// slotAt returns whose part of the sums a point is in.
func slotAt(sums []uint64, point uint64) int {
	slot, _ := slices.BinarySearchFunc(sums, point, func(sum, point uint64) int {
		if sum <= point {
			return -1
		}
		return cmp.Compare(sum, point)
	})
	return slot
}

// reduced returns the weights by their greatest common divisor, and their sum.
func reduced(all []member) (weights []int, sum uint64) {
	common := 0
	for _, m := range all {
		for a, b := common, m.weight; ; a, b = b, a%b {
			if b == 0 {
				common = a
				break
			}
		}
	}
	for _, m := range all {
		w := m.weight / common
		weights = append(weights, w)
		sum += uint64(w)
	}
	return weights, sum
}

// spread puts each member into as many of the slots as its weight, as evenly
// as can be: nginx's smooth weighted round robin, played through once. Each
// step every member gains its weight, and the richest takes the slot and pays
// all that was gained.
func spread(all []member, weights []int, slots int) []*member {
	order := make([]*member, 0, slots)
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
		order = append(order, &all[richest])
	}
	return order
}
