package upstream

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// pointsEach is how many places on the circle a member of usual weight
	// has: with 100 the shares are within about ±20 % of each other.
	pointsEach = 100
	// maxPoints bounds the circle.
	maxPoints = 1 << 20

	// longestWalk is how many places a pick looks at. Whoever has not found
	// one by then is not choosy any more.
	longestWalk = 4096

	// loadBound is how far above the mean of all one may be loaded before its
	// clients go on to the next: "consistent hashing with bounded loads"
	// (Mirrokni, Thorup, Zadimoghaddam 2016) with their c of 1.25, in eighths.
	loadBound = 10
	// loadFloor is a load under which nobody is sent on: with few requests
	// the mean is too small to say anything, and a client should stay.
	loadFloor = 8
)

// clientHash is the Balancer that gives the same client the same Upstream, as
// long as that is in service and not loaded much above the others.
//
// Each member has places on a circle, by hashes of its address; a client's
// hash is a point on it, and the next place is its Upstream's. When one goes
// out only its clients move, to those next on the circle; when it is back they
// return. The hash is the same in every process, so that a restart, or another
// Sluice beside this one, moves nobody.
type clientHash struct {
	all    []member
	circle []place
}

// place is one of a member's places on the circle.
type place struct {
	at     uint64
	member uint32
}

// adopt lays the circle out.
func (b *clientHash) adopt(all []member) {
	b.all, b.circle = all, nil
	weights, sum := reduced(all)
	for i, m := range all {
		n := max(1, int(uint64(weights[i])*pointsEach*uint64(len(all))/max(sum, 1)))
		if len(all)*pointsEach > maxPoints {
			n = max(1, n*maxPoints/(len(all)*pointsEach))
		}
		h := hash64(m.up.Address)
		for k := range n {
			b.circle = append(b.circle, place{at: mix(h + uint64(k)), member: uint32(i)})
		}
	}
	slices.SortFunc(b.circle, func(x, y place) int { return cmp.Compare(x.at, y.at) })
}

func (b *clientHash) arrange(usable func(*member) bool, now time.Time) picker {
	a := &affinity{circle: b.circle, ups: make([]*Upstream, len(b.all)), shares: make([]uint64, len(b.all))}
	for i := range b.all {
		if m := &b.all[i]; usable(m) {
			a.ups[i] = m.up
			a.shares[i] = uint64(m.weight) * uint64(m.up.share(now))
			a.whole += a.shares[i]
			a.ready = append(a.ready, m.up)
		}
	}
	return a
}

// affinity holds the circle and who on it may be picked at present.
type affinity struct {
	circle []place
	ups    []*Upstream // by member; nil: may not be picked
	shares []uint64    // by member: of the whole
	whole  uint64
	ready  []*Upstream // those of ups that are not nil

	load   atomic.Int64 // Attempts under way at all of them, as last counted
	counts atomic.Uint64
}

func (a *affinity) pick(tried Tried, r Request) *Upstream {
	if len(a.ready) == 0 {
		return nil
	}
	a.count()
	point := hashClient(r.Client)
	first, _ := slices.BinarySearchFunc(a.circle, point, func(p place, point uint64) int { return cmp.Compare(p.at, point) })
	if u := a.walk(first, tried, r); u != nil {
		return u
	}
	return anyFrom(a.ready, int(point%uint64(len(a.ready))), tried, r)
}

// walk goes on along the circle to the first that may have the request.
func (a *affinity) walk(first int, tried Tried, r Request) *Upstream {
	last := ^uint32(0)
	for k := range min(len(a.circle), longestWalk) {
		i := first + k
		if i >= len(a.circle) {
			i -= len(a.circle)
		}
		m := a.circle[i].member
		u := a.ups[m]
		if u == nil || m == last || tried.Has(u) || a.full(int(m)) {
			continue
		}
		last = m
		if u.admit(r) {
			return u
		}
	}
	return nil
}

// full reports that one has more than its bound.
func (a *affinity) full(m int) bool {
	has := a.ups[m].inFlight.Load()
	if has < loadFloor {
		return false
	}
	mean := float64(a.load.Load()+1) * float64(a.shares[m]) / float64(a.whole)
	return float64(has+1) > mean*loadBound/8
}

// count counts the load of all, now and then: it costs a load for each of
// them, and so is done once for a sixteenth of as many picks.
func (a *affinity) count() {
	if every := uint64(len(a.ready)/16 + 1); a.counts.Add(1)%every != 0 {
		return
	}
	var n int64
	for _, u := range a.ready {
		n += u.inFlight.Load()
	}
	a.load.Store(n)
}

// hashClient returns a client's point. The half of an IPv6 address that says
// which network is the client's counts: the rest changes by the day.
func hashClient(client netip.Addr) uint64 {
	b := client.As16()
	h := mix(binary.BigEndian.Uint64(b[:8]))
	if client.Unmap().Is4() {
		h = mix(h ^ binary.BigEndian.Uint64(b[8:]))
	}
	return h
}

// hash64 is FNV-1a: the same everywhere and always, which maphash is not.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix spreads a number's bits over all of them (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
