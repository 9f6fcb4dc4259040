package listener

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sluice/socket"
)

// ErrEnd is returned by Await, once, to a connection that should end because
// it is idle: the listener drains, or needs its place. One that has other work
// under way (HTTP/2 streams) announces the end and may go on awaiting.
var ErrEnd = errors.New("listener: idle connection asked to end")

// Conn is a client's connection, decrypted. Who may call what when is as for
// socket.Conn.
type Conn struct {
	// Fixed before handle gets it.
	Remote     netip.AddrPort // the client: the peer, or whom a trusted peer announces
	Peer       netip.AddrPort // who has connected to us
	Local      netip.AddrPort // where the client went: our end, or what a trusted peer announces
	TLSVersion string         // "1.2", "1.3"; "" without TLS
	ALPN       string
	SNI        string

	l     *Listener
	sock  *socket.Conn
	tls   *tls.Conn // nil: plain
	place place

	// Owned by the reader.
	deadline time.Time
	full     bool // the last Read filled its buffer, so tls may keep more

	closed atomic.Bool
	doomed atomic.Bool // Close resets
	busy   atomic.Bool // see SetBusy

	mu          sync.Mutex
	awaiting    bool      // guarded by mu: inside Await
	until       time.Time // guarded by mu: the deadline of that Await
	begun       bool      // guarded by mu: something has come in
	ended       bool      // guarded by mu: endIdle has interrupted Await
	told        bool      // guarded by mu: Await has returned ErrEnd
	spared      bool      // guarded by mu: endFresh leaves us alone once more
	interrupted bool      // guarded by mu: Interrupt was called, not yet Resume

	hang hangup
}

func newConn(l *Listener, nc net.Conn) *Conn {
	c := &Conn{l: l, sock: socket.New(nc)}
	c.sock.SetWriteTimeout(l.cfg.WriteTimeout)
	c.Peer = addrPort(nc.RemoteAddr())
	c.Local = addrPort(nc.LocalAddr())
	c.Remote = c.Peer
	return c
}

// addrPort returns a's address; the zero AddrPort for one that has none, such
// as a Unix socket's.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Read reads decrypted bytes.
func (c *Conn) Read(p []byte) (int, error) {
	if c.tls == nil {
		return c.sock.Read(p)
	}
	n, err := c.tls.Read(p)
	c.full = n > 0 && n == len(p)
	return n, err
}

// bigWrite is the size from which a Write becomes several TLS records.
const bigWrite = 16 << 10

// Write sends all of p or fails.
func (c *Conn) Write(p []byte) (int, error) {
	switch {
	case c.tls == nil:
		return c.sock.Write(p)
	case len(p) <= bigWrite:
		return c.tls.Write(p)
	}
	c.sock.Cork()
	n, err := c.tls.Write(p)
	if failed := c.sock.Uncork(); err == nil && failed != nil {
		return 0, failed
	}
	return n, err
}

// SetReadDeadline bounds Read and Await.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.deadline = t
	return c.sock.SetReadDeadline(t)
}

// SetWriteTimeout bounds how long a Write may go without progress.
func (c *Conn) SetWriteTimeout(d time.Duration) { c.sock.SetWriteTimeout(d) }

// Interrupt makes Read and Await fail with socket.ErrInterrupted until Resume.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupted = true
	c.sock.Interrupt()
}

// Resume ends what Interrupt began.
func (c *Conn) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupted = false
	if !c.ended {
		c.sock.Resume()
	}
}

// SetBusy says whether the connection has work under way although it awaits,
// as HTTP/2 has while its streams are served. A busy connection is not ended
// to make room for another one; a drain is announced to it all the same.
func (c *Conn) SetBusy(busy bool) { c.busy.Store(busy) }

// CloseWrite ends our direction: with TLS by close_notify, and by TCP's end of
// stream.
func (c *Conn) CloseWrite() error {
	if c.tls != nil {
		if err := c.tls.CloseWrite(); err != nil {
			return err
		}
	}
	return c.sock.CloseWrite()
}

// Close ends the connection, with TLS by close_notify. socket.Conn's rule
// about Hangup holds.
func (c *Conn) Close() error {
	c.closed.Store(true)
	c.hang.end()
	if c.tls != nil && !c.doomed.Load() {
		return c.tls.Close()
	}
	return c.sock.Close()
}

// doom makes an Abort of the next Close.
func (c *Conn) doom() {
	c.doomed.Store(true)
	c.sock.Doom()
}

// Abort closes so that the peer sees a reset, not a clean end.
func (c *Conn) Abort() {
	c.closed.Store(true)
	c.hang.end()
	c.sock.Abort()
}

// LocalAddr returns Local.
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.Local) }

// RemoteAddr returns Remote.
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.Remote) }

// SetWriteDeadline bounds all Writes absolutely.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.sock.SetWriteDeadline(t) }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.deadline = t
	return c.sock.SetDeadline(t)
}

var _ net.Conn = (*Conn)(nil)
