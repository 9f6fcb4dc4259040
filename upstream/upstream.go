package upstream

import (
	"context"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"sluice/http1"
	"sluice/message"
	"sluice/socket"
)

// maxStale bounds how many dead idle connections one Get clears away before
// it dials. Those further down have been idle for longer and are most likely
// dead too; the sweep has them.
const maxStale = 8

// Upstream is one server address: its health, counters and idle connections.
type Upstream struct {
	// Fixed after NewPool.
	Address string // host:port as configured
	Weight  int
	host    string
	port    uint16
	index   uint16
	pool    *Pool
	name    *name // nil when Address is an IP address

	// state mirrors health.state for Pick.
	state atomic.Uint32
	// trial is held by the one request that an Upstream on trial may have.
	trial atomic.Bool

	addresses atomic.Pointer[addresses] // nil until the name is resolved

	// Guarded by pool.mu.
	health health
	place  int // in pool.away
	probed bool

	// What follows is written by every request and kept off the cache line
	// that Pick reads.
	_        [64]byte
	requests atomic.Uint64
	failures atomic.Uint64
	inFlight atomic.Int64
	idle     idle
}

func newUpstream(p *Pool, index int, s Server, maxIdle int) *Upstream {
	u := &Upstream{
		Address: net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port))),
		Weight:  max(s.Weight, 1),
		host:    s.Host,
		port:    s.Port,
		index:   uint16(index),
		pool:    p,
	}
	u.idle.max = maxIdle
	u.idle.open = true
	return u
}

// Get returns a connection for one Attempt: the one that was put back last,
// or a new one. The caller owns it until Put or Discard, one of which must
// follow. A failed dial has been reported already when Get returns.
func (u *Upstream) Get() (c *http1.ClientConn, reused bool, f *message.Failure) {
	for range maxStale {
		c := u.idle.take()
		if c == nil {
			break
		}
		if !c.Stale() {
			u.requests.Add(1)
			u.inFlight.Add(1)
			return c, true, nil
		}
		u.close(c)
	}
	c, f = u.GetFresh()
	return c, false, f
}

// GetFresh is Get without the idle connections: for the Attempt after one
// whose reused connection turned out to be dead. It takes at most the Pool's
// ConnectTimeout.
func (u *Upstream) GetFresh() (*http1.ClientConn, *message.Failure) {
	u.requests.Add(1)
	u.inFlight.Add(1)
	began := time.Now()
	nc, addr, f := u.pool.dial(context.Background(), u)
	if f != nil {
		u.inFlight.Add(-1)
		if f.Party == message.PartyUpstream {
			u.failures.Add(1)
			u.pool.dialFailed(u, began, f)
		}
		u.endTrial()
		return nil, f
	}
	if State(u.state.Load()) != StateIn {
		u.pool.worked(u, began)
	}
	c := http1.NewClientConn(socket.New(nc))
	if u.name != nil {
		u.idle.remember(c, addr)
	}
	return c, nil
}

// Put takes back a connection after a clean exchange, ready for the next
// request.
func (u *Upstream) Put(c *http1.ClientConn) {
	u.inFlight.Add(-1)
	u.endTrial()
	if !u.idle.put(c) {
		c.Close()
	}
}

// Discard closes a connection that cannot be used again.
func (u *Upstream) Discard(c *http1.ClientConn) {
	u.inFlight.Add(-1)
	u.endTrial()
	u.close(c)
}

// close closes a connection that is not in the idle list.
func (u *Upstream) close(c *http1.ClientConn) {
	if u.name != nil {
		u.idle.forget(c)
	}
	c.Close()
}

// Succeeded reports that an Attempt got its response head. It costs a load
// unless the Upstream is on trial.
func (u *Upstream) Succeeded() {
	if State(u.state.Load()) == StateTrial {
		u.pool.worked(u, time.Now())
	}
}

// Failed reports that an Attempt failed after it had its connection. It is
// counted, and no evidence of health yet.
func (u *Upstream) Failed(f *message.Failure) {
	if f.Party == message.PartyUpstream {
		u.failures.Add(1)
	}
}

// InFlight reports how many Attempts hold a connection or dial one.
func (u *Upstream) InFlight() int { return int(u.inFlight.Load()) }

// pickable reports whether the Upstream belongs into the ring.
func (u *Upstream) pickable() bool {
	s := State(u.state.Load())
	return s == StateIn || s == StateTrial
}

// admit reports whether a request may have this Upstream, and on trial takes
// the one place there is.
func (u *Upstream) admit() bool {
	switch State(u.state.Load()) {
	case StateIn:
		return true
	case StateTrial:
		return u.trial.CompareAndSwap(false, true)
	}
	return false
}

// endTrial gives the place up. An Attempt that began before the Upstream went
// out may give up another's: then two are tried at once, which does no harm
// and is cheaper than telling them apart.
func (u *Upstream) endTrial() {
	if u.trial.Load() {
		u.trial.Store(false)
	}
}
