package admin

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	tryPause     = time.Second // of who has brought a wrong token
	mostTries    = 64          // that pause at a time
	mostTriesOne = 4           // likewise, of one client
)

// tries makes those pause who bring wrong tokens, as many as it can bear.
type tries struct {
	length time.Duration

	mu      sync.Mutex
	all     int                // guarded by mu; that pause now
	clients map[netip.Addr]int // guarded by mu; likewise, by who they are of; none is 0
}

func newTries() *tries { return &tries{length: tryPause, clients: make(map[netip.Addr]int)} }

// pause returns after a pause, or when ctx ends. If there are too many it returns
// at once, and false.
func (t *tries) pause(ctx context.Context, from netip.Addr) bool {
	if !t.enter(from) {
		return false
	}
	defer t.leave(from)
	timer := time.NewTimer(t.length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

func (t *tries) enter(from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == mostTries || t.clients[from] == mostTriesOne {
		return false
	}
	t.all++
	t.clients[from]++
	return true
}

func (t *tries) leave(from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.clients[from]--; t.clients[from] == 0 {
		delete(t.clients, from)
	}
}

// clientOf returns whose request it is.
func clientOf(r *http.Request) netip.Addr {
	a, _ := netip.ParseAddrPort(r.RemoteAddr) // of a Unix socket: nothing
	return clientAt(a.Addr())
}

// clientAt returns who is at an address: of IPv6 the /64, since one client has
// all of it. By a Unix socket comes the zero Addr.
func clientAt(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if ip.Is6() {
		p, _ := ip.WithZone("").Prefix(64)
		return p.Addr()
	}
	return ip
}

// clientBehind is clientAt of a connection.
func clientBehind(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return clientAt(a.AddrPort().Addr())
	}
	return netip.Addr{}
}
