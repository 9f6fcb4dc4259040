package listener

import (
	"net/netip"
	"sync"
)

// Causes of refusal.
const (
	causeTotal   = "max_connections"
	causeAddress = "max_per_address"
	causeMemory  = "memory"
)

// Caps counts open connections, in all and by address, for the listeners that
// share it. Its map holds an entry for open connections only, so it is bounded
// by them.
type Caps struct {
	mu        sync.Mutex
	total     int                // guarded by mu
	byAddress map[netip.Addr]int // guarded by mu
	pressed   bool               // guarded by mu: there is no memory for more
}

// Press says whether memory is so short that new connections are refused. Those
// that are open go on.
func (c *Caps) Press(short bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pressed = short
}

// NewCaps makes an empty Caps.
func NewCaps() *Caps { return &Caps{byAddress: make(map[netip.Addr]int)} }

// Total returns how many connections are open.
func (c *Caps) Total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}

// place is one connection's place among the counts. It is left once.
type place struct {
	caps    *Caps
	address netip.Addr // zero: not counted by address
	last    bool       // it was the last free one
}

// enter takes a place, or says which cap forbids it. A cap of 0 is none;
// without a cap for addresses the address is not counted.
func (c *Caps) enter(a netip.Addr, max, maxPerAddress int) (place, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pressed {
		return place{}, causeMemory
	}
	if max > 0 && c.total >= max {
		return place{}, causeTotal
	}
	p := place{caps: c, last: c.total+1 == max}
	if !c.count(&p, a, maxPerAddress) {
		return place{}, causeAddress
	}
	c.total++
	return p, ""
}

// count counts a for p, if maxPerAddress allows. The caller holds mu.
func (c *Caps) count(p *place, a netip.Addr, maxPerAddress int) bool {
	if maxPerAddress <= 0 || !a.IsValid() {
		return true
	}
	a = network(a)
	if c.byAddress[a] >= maxPerAddress {
		return false
	}
	c.byAddress[a]++
	p.address = a
	return true
}

// announce counts the client that a trusted peer has announced. It reports
// whether the cap allows it.
func (p *place) announce(a netip.Addr, maxPerAddress int) bool {
	p.caps.mu.Lock()
	defer p.caps.mu.Unlock()
	return p.caps.count(p, a, maxPerAddress)
}

// leave gives the place back.
func (p *place) leave() {
	c := p.caps
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if !p.address.IsValid() {
		return
	}
	if c.byAddress[p.address]--; c.byAddress[p.address] == 0 {
		delete(c.byAddress, p.address)
	}
}

// network returns what one client is taken to own: an IPv4 address, or the
// /64 of an IPv6 address.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}
