package http1

import (
	"errors"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"sluice/message"
	"sluice/socket"
)

// maxInterim bounds how many interim responses (1xx) one request may get.
const maxInterim = 32

// ClientConn is one connection to an upstream. It has one owner at a time:
// the Exchange that uses it or the idle list that keeps it. While a request
// body is being sent, the sending methods belong to one goroutine and the
// reading ones to another; they share nothing.
//
// An Exchange on it goes Begin, SendHead, then SendBody…, FinishSending and,
// at the same time, ReadHead (again after each interim response), the body's
// Next…, then End.
type ClientConn struct {
	s        Socket
	x        *clientExchange // nil while idle
	canceled atomic.Bool     // for good: reads fail from then on
}

// Socket is what a ClientConn stands on: a socket.Conn, or TLS above one. Who
// may call what when is as for socket.Conn.
type Socket interface {
	Read(p []byte) (int, error)
	Write(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
	SetWriteTimeout(d time.Duration)
	Interrupt()
	Stale() bool
	CloseWrite() error
	Close() error
}

// NewClientConn takes over a connection.
func NewClientConn(s Socket) *ClientConn { return &ClientConn{s: s} }

// Stale reports that an idle connection must not be used again: the upstream
// has closed it, or has sent what nobody asked for.
func (c *ClientConn) Stale() bool { return c.s.Stale() }

// Close closes the connection. A Read or Write under way fails.
func (c *ClientConn) Close() {
	c.s.Close()
	c.releaseBuffers()
}

// Cut closes the socket at once but leaves the buffers to their users: for
// when the other goroutine of the Exchange may still be sending.
func (c *ClientConn) Cut() { c.s.Close() }

// Cancel makes the Exchange's reads fail soon. It may be called by any
// goroutine while the Exchange is on; the connection is of no use afterwards.
func (c *ClientConn) Cancel() {
	c.canceled.Store(true)
	c.s.Interrupt()
}

// Silence says how long the upstream may send nothing: Counted within a body
// whose length is known, Open within one whose end only the upstream knows
// and within a tunnel. Write is how long it may take nothing of a request.
type Silence struct{ Counted, Open, Write time.Duration }

// Begin takes buffers for one Exchange. method is the request's and must stay
// as it is until End.
func (c *ClientConn) Begin(method []byte, silence Silence) {
	x := acquireClientExchange()
	x.conn, x.silence = c, silence
	x.noBody = string(method) == "HEAD"
	x.r, x.w, x.interim = 0, 0, 0
	x.sent, x.got, x.tunnel, x.sending = false, false, false, sendingPlain
	c.x = x
	c.s.SetWriteTimeout(silence.Write)
}

// End gives the buffers back and reports whether the connection can serve
// another Exchange. Nothing that the Exchange returned may be used after it,
// and nobody may Cancel it any more: a Cancel that came when all was done
// already still counts.
func (c *ClientConn) End() (reusable bool) {
	x := c.x
	if x == nil {
		return false
	}
	reusable = x.reusable() && !c.canceled.Load()
	c.releaseBuffers()
	return reusable
}

func (c *ClientConn) releaseBuffers() {
	if c.x != nil {
		c.x.release()
		c.x = nil
	}
}

// gotNothing reports that not a byte of a response has come.
func (c *ClientConn) gotNothing() bool { return c.x.w == 0 && !c.x.got }

// ReadHead waits for the next response head, at the most until deadline. An
// interim response (1xx) is returned like any other: the caller passes it on
// and calls again. A 101 to a protocol that was not offered is a failure. The
// Response is valid until the next call, its Fields
// until the first Next of its Body.
func (c *ClientConn) ReadHead(deadline time.Time) (*message.Response, *message.Failure) {
	x := c.x
	x.compact()
	if x.w == 0 {
		// Let the other connections do their part first. With luck the answer
		// is there when it is our turn again, which saves a read in vain and
		// a wake-up. (bench P1: 26.2 instead of 29.0 us of CPU a request, P6
		// 25.7 instead of 28.8; alone on the machine it costs 0.2 us.)
		runtime.Gosched()
	}
	next := 0
	for {
		end, n, f := scanResponseHead(x.in[x.r:x.w], next)
		if f != nil {
			return nil, f
		}
		if next = n; end > 0 {
			return x.parse(end)
		}
		if x.w == len(x.in) && !x.grow() {
			return nil, failureResponseHeadSize
		}
		c.s.SetReadDeadline(deadline)
		got, err := c.s.Read(x.in[x.w:])
		if x.w += got; err != nil && got == 0 {
			return nil, c.waitFailed(err)
		}
	}
}

// waitFailed explains why no response head came.
func (c *ClientConn) waitFailed(err error) *message.Failure {
	f := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
		Again: message.AgainIdempotent, Err: err}
	switch {
	case errors.Is(err, socket.ErrInterrupted):
		f.Party, f.Cause, f.Again = message.PartyClient, message.CauseClientGone, message.AgainNever
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.Cause = message.CauseConnectionReadTimeout
	case c.gotNothing():
		f.Cause = message.CauseConnectionTerminated
	default:
		f.Cause = message.CauseResponseIncomplete
	}
	return f
}

// Tunnel turns the connection into a two-way stream of bytes after a 101:
// what it returns reads the upstream's; SendBody, Flush and CloseWrite carry
// ours.
// Next returns os.ErrDeadlineExceeded after the open silence and may be
// called again.
func (c *ClientConn) Tunnel() message.Body {
	x := c.x
	x.body.tunnel = true
	x.body.src, x.body.silence = c.s, x.silence.Open
	x.body.start(framedClose, 0, x.in, 0, x.r, x.w)
	return &x.body
}
