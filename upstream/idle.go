package upstream

import (
	"context"
	"slices"
	"sync"
	"time"

	"sluice/http1"
)

// sweepEvery is how often idle connections are looked over: one is closed
// within two sweeps after its IdleTimeout.
const sweepEvery = time.Second

// sweepTicks is how many sweeps a connection may see: that which comes just
// after it does not count.
func sweepTicks(timeout time.Duration) uint32 { return uint32(max(timeout/sweepEvery, 1) + 1) }

// idle is the list of an Upstream's idle connections, last in first out: the
// fewest connections stay warm, and the rest age out at the bottom.
//
// Nobody reads an idle connection. Whether it is still good is asked when it
// is taken out.
type idle struct {
	max   int    // fixed
	ticks uint32 // fixed: sweeps that a connection may stay

	mu      sync.Mutex
	open    bool // not while the Upstream is out
	retired bool // never again
	age     uint32
	conns   []idleConn // since does not fall from bottom to top
}

// idleConn is a connection and the age of the list when it came: a clock that
// costs nothing to read.
type idleConn struct {
	c     *http1.ClientConn
	since uint32
}

// take returns the connection that was put last, nil if there is none.
func (l *idle) take() *http1.ClientConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	top := len(l.conns) - 1
	if top < 0 {
		return nil
	}
	c := l.conns[top].c
	l.conns[top].c = nil
	l.conns = l.conns[:top]
	return c
}

// put keeps c, or reports that the caller must close it.
func (l *idle) put(c *http1.ClientConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.open || l.retired || len(l.conns) >= l.max {
		return false
	}
	l.conns = append(l.conns, idleConn{c, l.age})
	return true
}

// sweep makes the list older and returns those that have been in it for too
// long, to be closed.
func (l *idle) sweep() []*http1.ClientConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age++
	if len(l.conns) == 0 || l.age-l.conns[0].since <= l.ticks {
		return nil
	}
	return l.remove(func(e idleConn) bool { return l.age-e.since > l.ticks })
}

// admitting opens or closes the list. When it closes, all connections are
// returned, to be closed: after a failed dial they are as likely dead, and on
// a machine that vanished they would not even say so.
func (l *idle) admitting(open bool) []*http1.ClientConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = open
	if open {
		return nil
	}
	return l.remove(func(idleConn) bool { return true })
}

// retire closes the list for good.
func (l *idle) retire() []*http1.ClientConn {
	l.mu.Lock()
	l.retired = true
	l.mu.Unlock()
	return l.admitting(false)
}

// remove takes out the connections that gone holds for. The caller holds mu.
func (l *idle) remove(gone func(idleConn) bool) (out []*http1.ClientConn) {
	for _, e := range l.conns {
		if gone(e) {
			out = append(out, e.c)
		}
	}
	l.conns = slices.DeleteFunc(l.conns, gone)
	return out
}

// len reports how many there are.
func (l *idle) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// sweepIdle closes connections that have been idle for too long, until ctx
// ends.
func (f *Fleet) sweepIdle(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		f.mu.Lock()
		all := f.upstreams()
		f.mu.Unlock()
		for _, u := range all {
			closeAll(u.idle.sweep())
		}
	}
}

func closeAll(conns []*http1.ClientConn) {
	for _, c := range conns {
		c.Close()
	}
}
