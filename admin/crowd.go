package admin

import (
	"net"
	"net/netip"
	"sync"
)

const (
	mostConnections = 512
	mostOfOne       = 128 // connections of one client
)

// crowd is a listener that bounds how many connections there are at a time, in
// all and of one client: those of clients that are proxied need descriptors, too.
type crowd struct {
	net.Listener

	mu      sync.Mutex
	all     int                // guarded by mu
	clients map[netip.Addr]int // guarded by mu; none is 0
}

func newCrowd(l net.Listener) *crowd {
	return &crowd{Listener: l, clients: make(map[netip.Addr]int)}
}

// Accept returns the next connection for which there is room. The others are
// closed.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := clientBehind(conn)
		if c.enter(from) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { c.leave(from) })}, nil
		}
		conn.Close()
	}
}

func (c *crowd) enter(from netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// By a Unix socket all look alike.
	if c.all == mostConnections || from.IsValid() && c.clients[from] == mostOfOne {
		return false
	}
	c.all++
	c.clients[from]++
	return true
}

func (c *crowd) leave(from netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.clients[from]--; c.clients[from] == 0 {
		delete(c.clients, from)
	}
}

// counted is a connection that a crowd counts until it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// CloseWrite ends what we send, so that net/http can let an answer arrive before
// it closes a connection on which more was sent than it has read.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
