package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is one connection. It implements net.Conn, so that crypto/tls can
// stand on it.
type Conn struct {
	// Fixed after New.
	nc   net.Conn
	raw  syscall.RawConn // nil: not a socket of the kernel's, served through nc
	take func(fd uintptr) bool
	fill func(fd uintptr) bool
	give func(fd uintptr) bool

	interrupted atomic.Bool

	// Owned by the reader.
	want    time.Time // the caller's deadline; zero: none
	armed   time.Time // what the runtime's timer was last given; zero: nothing
	in      inbox
	records recordCutter
	result  syscallResult // of take and fill
	into    []byte        // what take reads into
	turn    Turn          // nil: the reader has none to give up

	out outbox

	watched registration
}

// syscallResult is what a callback of RawConn hands back.
type syscallResult struct {
	n   int
	err error
}

// New takes over nc. TCP and Unix sockets are read and written by their
// descriptor; anything else works through nc itself, with the same meaning
// but not as lean.
func New(nc net.Conn) *Conn {
	c := &Conn{nc: nc}
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
			// Bound once: a method value made per call would allocate.
			c.take, c.fill, c.give = c.takeReady, c.fillReady, c.giveReady
		}
	}
	return c
}

// Turn is something that the reader holds and should not hold while it waits,
// such as one of few places at work.
type Turn interface {
	Pause()
	Resume() error // the Read fails with the error
}

// TakeTurns has every Read that must wait pause t meanwhile; nil ends that. It
// holds only in record mode, that is for TLS. The reader calls it.
func (c *Conn) TakeTurns(t Turn) { c.turn = t }

// LocalAddr returns our end's address.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// CloseWrite ends our direction only: the peer reads an end of stream.
func (c *Conn) CloseWrite() error {
	if h, ok := c.nc.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return syscall.ENOTSUP
}

// Close closes the connection. When it has returned, no Hangup is running and
// none will begin; so it must not be called by a Hangup, nor under a lock that
// a Hangup takes. A Read or Write that is under way fails.
func (c *Conn) Close() error {
	c.watched.end()
	return c.nc.Close()
}

// Abort closes the connection so that the peer sees a reset and not a clean
// end, and drops what was not sent yet. Close's rule about Hangup holds here.
func (c *Conn) Abort() {
	c.Doom()
	c.Close()
}

// Doom makes an Abort of the next Close, whoever calls it. Anybody may call it
// at any time.
func (c *Conn) Doom() {
	if l, ok := c.nc.(interface{ SetLinger(sec int) error }); ok {
		l.SetLinger(0) // fails on a closed connection only, and then nothing is left to do
	}
}

// Stale reports whether an idle connection must not be used again: its peer
// has closed or reset it, or has sent what nobody asked for. It does not wait
// and takes nothing. Without a descriptor to ask it knows of kept bytes only.
func (c *Conn) Stale() bool {
	if c.in.buffered() > 0 || c.in.err != nil {
		return true
	}
	if c.raw == nil {
		return false
	}
	// Not RawConn.Read: it fails without asking the kernel when an armed
	// timer has run out, which says nothing about the peer.
	stale := staleProbes.Get().(*staleProbe)
	err := c.raw.Control(stale.ask)
	gone := stale.gone
	staleProbes.Put(stale)
	return err != nil || gone
}

// staleProbe carries an answer out of a callback. Pooled rather than a field
// of each Conn: it is used for a microsecond per checkout.
type staleProbe struct {
	gone bool
	ask  func(fd uintptr)
}

var staleProbes = sync.Pool{New: func() any {
	p := new(staleProbe)
	p.ask = func(fd uintptr) {
		n, err := peek(fd)
		p.gone = n >= 0 || err != syscall.EAGAIN // n == 0 is the peer's end of stream
	}
	return p
}}

// opError gives a failure of the kernel's the form that package net gives it.
func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(op, errno)
	}
	a := c.nc.LocalAddr()
	return &net.OpError{Op: op, Net: a.Network(), Source: a, Addr: c.nc.RemoteAddr(), Err: err}
}

var _ net.Conn = (*Conn)(nil)
