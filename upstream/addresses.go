package upstream

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// maxAddresses bounds how many addresses of a name one dial tries.
	maxAddresses = 3
	// avoidFor is how long an address that failed comes after the others.
	avoidFor = 30 * time.Second
)

// addresses are what an Upstream's name leads to: for an IP address just that.
type addresses struct {
	all  []*address // fixed
	next atomic.Uint32
}

// address is one of them.
type address struct {
	addr    netip.AddrPort
	text    string
	avoided atomic.Int64 // until then, Unix nanoseconds
}

func newAddresses(addrs []netip.AddrPort) *addresses {
	l := &addresses{}
	for _, a := range addrs {
		l.all = append(l.all, &address{addr: a, text: a.String()})
	}
	return l
}

// order returns the addresses that one dial tries: in rotation, those that
// failed of late behind the others.
func (l *addresses) order(now time.Time) []*address {
	if len(l.all) == 1 {
		return l.all
	}
	turn := int(l.next.Add(1) % uint32(len(l.all)))
	order := slices.Concat(l.all[turn:], l.all[:turn])
	slices.SortStableFunc(order, func(a, b *address) int {
		return a.rank(now) - b.rank(now)
	})
	return order[:min(len(order), maxAddresses)]
}

// rank is 1 while the address is avoided.
func (a *address) rank(now time.Time) int {
	if now.UnixNano() < a.avoided.Load() {
		return 1
	}
	return 0
}

// avoid notes that the address has failed.
func (a *address) avoid(now time.Time) { a.avoided.Store(now.Add(avoidFor).UnixNano()) }

// plain returns the addresses themselves.
func (l *addresses) plain() []netip.AddrPort {
	if l == nil {
		return nil
	}
	addrs := make([]netip.AddrPort, len(l.all))
	for i, a := range l.all {
		addrs[i] = a.addr
	}
	return addrs
}
