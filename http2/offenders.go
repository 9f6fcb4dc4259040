package http2

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// offenceTime is how long a client's address is remembered for what its
	// connections did.
	offenceTime = time.Minute
	// maxOffenders bounds how many addresses are.
	maxOffenders = 4096

	// hangupShare: an address may leave a part of Abuse.Resets streams a minute
	// open by closing connections. It is less than may be reset, because each
	// of them has an Attempt under way.
	hangupShare = 2

	// offenderShare is the part of each budget, and of MaxStreams, that a new
	// connection from such an address has: whoever shares it with an abuser is
	// slower for a minute, not shut out.
	offenderShare = 10
)

// offenders remembers the addresses whose connections were abusive. A budget
// of a connection alone would be given anew with each reconnection: measured
// with rapid reset, a core was busy with what that allowed, and the p99 of
// others was 16 times as long.
type offenders struct {
	mu    sync.Mutex
	known map[netip.Addr]*offender
}

// offender is one address.
type offender struct {
	until   time.Time
	hangups budget // streams that may be left open by closing connections
	guilty  bool
}

// origin is whom an address stands for: a network of IPv6, of which a client
// has as many addresses as it likes.
func origin(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is4() || !a.IsValid() {
		return a
	}
	p, err := a.WithZone("").Prefix(64)
	if err != nil {
		return a
	}
	return p.Addr()
}

// guilty reports that an address is to be given little.
func (o *offenders) guilty(a netip.Addr, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.known[origin(a)]
	return r != nil && r.guilty && now.Before(r.until)
}

// blame notes that a connection from an address was ended for abuse.
func (o *offenders) blame(a netip.Addr, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if r := o.record(a, 1, now); r != nil {
		r.guilty = true
	}
}

// abandoned notes that a connection was closed by its client with so many
// streams open, which is the same as taking them back.
func (o *offenders) abandoned(a netip.Addr, streams, most int, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.record(a, most, now)
	if r == nil {
		return
	}
	for range streams {
		if !r.hangups.take() {
			r.guilty = true
			return
		}
	}
}

// record returns what is known of an address, and remembers it for longer. It
// is nil if no more can be remembered. The caller holds mu.
func (o *offenders) record(a netip.Addr, hangups int, now time.Time) *offender {
	a = origin(a)
	r := o.known[a]
	if r == nil || !now.Before(r.until) {
		if len(o.known) >= maxOffenders && !o.forget(now) {
			return nil
		}
		if o.known == nil {
			o.known = make(map[netip.Addr]*offender)
		}
		r = &offender{hangups: newBudget(hangups, time.Minute, now)}
		o.known[a] = r
	}
	r.until = now.Add(offenceTime)
	return r
}

// forget drops those whose time is over, and reports that there is room then.
// The caller holds mu.
func (o *offenders) forget(now time.Time) bool {
	for a, r := range o.known {
		if !now.Before(r.until) {
			delete(o.known, a)
		}
	}
	return len(o.known) < maxOffenders
}
