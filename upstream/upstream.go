package upstream

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"sluice/http1"
	"sluice/message"
)

// maxStale bounds how many dead idle connections one Get clears away before
// it dials. Those further down have been idle for longer and are most likely
// dead too; the sweep has them.
const maxStale = 8

// Upstream is one server address: its health, counters and idle connections.
// The Pools that have the same address with the same Settings share it.
type Upstream struct {
	// Fixed after newUpstream.
	Address  string // IP and port, as logs and status name it
	Name     string // the DNS name that led here; empty for one named by address
	key      key
	settings *Settings // key's
	fleet    *Fleet
	tls      *tls.Config     // nil: plain
	h2       *http.Transport // nil: HTTP/1.1

	// state mirrors health.state for Pick.
	state atomic.Uint32
	// trial is held by the one request that an Upstream on trial may have.
	trial atomic.Bool
	// drained: no new Attempts, whatever the state.
	drained atomic.Bool

	// Guarded by fleet.mu.
	health   health
	warm     time.Time // since when its share grows; zero: it has all of it
	pools    []*Pool   // that have it
	probed   bool      // a probe or check is under way
	due      time.Time // when tend must look at it
	place    int       // in fleet.schedule; -1: not there
	released bool      // no Pool has it any more

	// What follows is written by every request and kept off the cache line
	// that Pick reads.
	_        [64]byte
	requests atomic.Uint64
	failures atomic.Uint64
	inFlight atomic.Int64
	tally    tally
	idle     idle
}

func newUpstream(f *Fleet, k key, c *tls.Config) *Upstream {
	u := &Upstream{Address: k.addr.String(), Name: k.name, key: k, fleet: f, place: -1}
	u.settings = &u.key.settings
	u.idle.max, u.idle.ticks = k.settings.MaxIdle, sweepTicks(k.settings.IdleTimeout)
	u.idle.open = true
	u.setTLS(c)
	if k.settings.Protocol == HTTP2 {
		u.h2 = u.newTransport()
	}
	return u
}

// Get returns a connection for one Attempt: the one that was put back last,
// or a new one. The Upstream was picked just before, or Reserved. The caller
// owns the connection until Put or Discard, one of which must follow. A failed
// dial has been reported already when Get returns, and nothing follows then.
func (u *Upstream) Get() (c Conn, reused bool, f *message.Failure) {
	if u.h2 != nil {
		c, f = u.GetFresh()
		return c, false, f
	}
	for range maxStale {
		c := u.idle.take()
		if c == nil {
			break
		}
		if !c.Stale() {
			u.requests.Add(1)
			return c, true, nil
		}
		c.Close()
	}
	c, f = u.GetFresh()
	return c, false, f
}

// GetFresh is Get without the idle connections: for the Attempt after one
// whose reused connection turned out to be dead. It takes at most the
// ConnectTimeout.
func (u *Upstream) GetFresh() (Conn, *message.Failure) {
	u.requests.Add(1)
	if u.h2 != nil {
		return newH2Stream(u), nil
	}
	began := time.Now()
	s, f := u.open(context.Background())
	if f != nil {
		u.dialFailed(began, f)
		u.release()
		return nil, f
	}
	if State(u.state.Load()) != StateIn {
		u.fleet.reached(u, began)
	}
	return http1.NewClientConn(s), nil
}

// Reserve takes a place for another Attempt on an Upstream that was not picked
// for it: the same again, because only its connection was dead.
func (u *Upstream) Reserve() { u.inFlight.Add(1) }

// Put gives a connection back that can serve another request.
func (u *Upstream) Put(c Conn) {
	u.release()
	if h1, ok := c.(*http1.ClientConn); !ok || !u.idle.put(h1) {
		c.Close()
	}
}

// Discard closes a connection that cannot be used again.
func (u *Upstream) Discard(c Conn) {
	u.release()
	c.Close()
}

// release gives the place up that Pick or Reserve has taken.
func (u *Upstream) release() {
	u.inFlight.Add(-1)
	// An Attempt that began before the Upstream went out may give up
	// another's trial: then two are tried at once, which does no harm and is
	// cheaper than telling them apart.
	if u.trial.Load() {
		u.trial.Store(false)
	}
}

// Succeeded reports that an Attempt that began then got its response head, of
// a status that speaks for the Upstream.
func (u *Upstream) Succeeded(began, now time.Time) {
	u.tally.good(now)
	if State(u.state.Load()) != StateIn {
		u.fleet.answered(u, began)
	}
}

// Failed reports that an Attempt that began then failed after it had its
// connection, or got a status that speaks against the Upstream. What the
// client or we have done speaks for nothing.
func (u *Upstream) Failed(began time.Time, f *message.Failure) {
	if f.Party != message.PartyUpstream || f.Phase == message.PhaseDial { // a dial has told of itself
		return
	}
	u.failures.Add(1)
	if u.tally.bad(time.Now(), u.settings.Evidence) || State(u.state.Load()) == StateTrial {
		u.fleet.failed(u, byResponse, began, f)
	}
}

// Drain takes the Upstream out of all its Pools for as long as it holds, and
// lets what is under way finish.
func (u *Upstream) Drain(drained bool) {
	if u.drained.Swap(drained) != drained {
		u.fleet.rearrange(u)
	}
}

// InFlight reports how many Attempts are under way, from Pick to the end of
// the response.
func (u *Upstream) InFlight() int { return int(u.inFlight.Load()) }

// admit takes a place for one request and reports whether there was one: on
// trial, and of one that is out and only asked because nobody else is left,
// there is one place.
func (u *Upstream) admit(r Request) bool {
	if State(u.state.Load()) != StateIn && (!r.Replayable || !u.trial.CompareAndSwap(false, true)) {
		return false
	}
	n := u.inFlight.Add(1)
	if most := u.settings.MaxConnections; most > 0 && int(n) > most {
		u.inFlight.Add(-1)
		return false
	}
	return true
}

// share returns the part of its weight that it may have, of a thousand. The
// caller holds fleet.mu.
func (u *Upstream) share(now time.Time) int {
	whole := u.settings.SlowStart
	if u.warm.IsZero() || whole <= 0 {
		return 1000
	}
	passed := now.Sub(u.warm)
	if passed >= whole {
		return 1000
	}
	return max(int(1000*passed/whole), leastShare)
}

// A share that grows begins with leastShare of a thousand and is looked at
// anew in warmSteps steps.
const (
	leastShare = 100
	warmSteps  = 20
)

// key is what makes an Upstream the same.
type key struct {
	addr     netip.AddrPort
	name     string
	settings Settings
}
