package socket

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// past is a deadline that has run out, whenever it is looked at.
var past = time.Unix(1, 0)

// ErrInterrupted is returned by Read and Await after Interrupt.
var ErrInterrupted error = interruptedError{}

// interruptedError calls itself temporary because crypto/tls makes any other
// error permanent; so a tls.Conn can be read on after Resume.
type interruptedError struct{}

func (interruptedError) Error() string   { return "interrupted" }
func (interruptedError) Timeout() bool   { return false }
func (interruptedError) Temporary() bool { return true }

// SetReadDeadline bounds Read and Await. It only notes the deadline: the
// runtime's timer is touched when a read has to wait and no timer that is
// armed will end it in time. Bytes that are already there may be handed out
// although the deadline has passed.
//
// A timer that is armed too early wakes the reader once and is then armed
// right; so a connection that gets a new deadline with each request costs one
// timer operation per time-out, not per request.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.want = t
	return nil
}

// Interrupt makes a Read or Await that is under way, and all that follow,
// fail with ErrInterrupted, until Resume. Bytes are not lost by it.
func (c *Conn) Interrupt() {
	// This order matters: a reader looks at the mark after it has armed its
	// timer, so either it sees the mark or our deadline is the last one set.
	c.interrupted.Store(true)
	c.nc.SetReadDeadline(past)
}

// Resume ends what Interrupt began. The deadline that Interrupt has left
// behind is found to be too early by the next read and replaced.
func (c *Conn) Resume() { c.interrupted.Store(false) }

// Buffered reports how many bytes have been taken from the kernel and not
// been read yet.
func (c *Conn) Buffered() int { return c.in.buffered() }

// Read reads what is there, or waits for it.
func (c *Conn) Read(p []byte) (int, error) {
	if c.interrupted.Load() {
		return 0, ErrInterrupted
	}
	if len(p) == 0 {
		return 0, nil
	}
	if c.in.buffered() == 0 {
		if c.in.err != nil {
			return 0, c.in.err
		}
		if !c.records.on {
			return c.readInto(p)
		}
		if err := c.awaitInTurn(); err != nil {
			return 0, err
		}
	}
	if c.records.on {
		return c.records.read(p, &c.in), nil
	}
	n := copy(p, c.in.bytes())
	c.in.skip(n)
	return n, nil
}

// Await returns when a Read will not wait. Nil: the Read gets bytes, or the
// end of the stream, or the error that the connection has met. An error: the
// deadline has passed or Interrupt was called. While it waits it holds no
// buffer.
func (c *Conn) Await() error {
	if c.interrupted.Load() {
		return ErrInterrupted
	}
	if c.in.buffered() > 0 || c.in.err != nil {
		return nil
	}
	if err := c.await(); c.in.err == nil {
		return err
	}
	return nil // Read will say it
}

// awaitInTurn is await without holding on to a turn.
func (c *Conn) awaitInTurn() error {
	if c.turn == nil {
		return c.await()
	}
	c.turn.Pause()
	err := c.await()
	if busy := c.turn.Resume(); err == nil {
		err = busy
	}
	return err
}

// await fills the empty inbox, or returns why not.
func (c *Conn) await() error {
	for {
		err := c.fillOnce()
		if !isTimeout(err) {
			return err
		}
		if err := c.ranOut(); err != nil {
			return err
		}
	}
}

// readInto reads from the kernel straight into p.
func (c *Conn) readInto(p []byte) (int, error) {
	for {
		n, err := c.readOnce(p)
		if !isTimeout(err) {
			return n, err
		}
		if err := c.ranOut(); err != nil {
			return 0, err
		}
	}
}

// ranOut decides what the end of a timer means: an Interrupt, the caller's
// deadline, or neither, and then the timer is armed anew. It trusts the clock
// and nothing that was noted before, because an Interrupt sets its deadline
// behind our back and may do so late.
func (c *Conn) ranOut() error {
	if c.interrupted.Load() {
		return ErrInterrupted
	}
	if !c.want.IsZero() && !time.Now().Before(c.want) {
		c.armed = past
		return os.ErrDeadlineExceeded
	}
	return c.arm()
}

// arm gives the caller's deadline to the runtime.
func (c *Conn) arm() error {
	c.armed = c.want
	err := c.nc.SetReadDeadline(c.want)
	if c.interrupted.Load() {
		c.nc.SetReadDeadline(past) // we may just have overwritten Interrupt's
	}
	return err
}

// armInTime arms the timer unless the armed one ends no later than wanted.
func (c *Conn) armInTime() {
	if c.want.IsZero() || !c.armed.IsZero() && !c.want.Before(c.armed) {
		return
	}
	c.arm() // fails on a closed connection only, which the read will say itself
}

func (c *Conn) readOnce(p []byte) (int, error) {
	if c.raw == nil {
		c.armInTime()
		return c.nc.Read(p)
	}
	c.into = p
	err := c.raw.Read(c.take)
	c.into = nil
	if err != nil {
		return 0, err
	}
	return c.received()
}

// fillOnce reads into a pooled buffer and keeps it if there was anything.
func (c *Conn) fillOnce() error {
	if c.raw == nil {
		return c.fillPlain()
	}
	if err := c.raw.Read(c.fill); err != nil {
		return err
	}
	_, err := c.received()
	if err != nil {
		c.in.err = err
	}
	return err
}

// fillPlain waits with the buffer in hand: there is no descriptor to ask.
func (c *Conn) fillPlain() error {
	c.armInTime()
	buf := buffers.Get().(*buffer)
	n, err := c.nc.Read(buf[:])
	if n > 0 {
		c.in.keep(buf, n)
	} else {
		buffers.Put(buf)
	}
	if err != nil && !isTimeout(err) {
		c.in.err = err
		if n > 0 {
			return nil
		}
	}
	return err
}

// received turns a callback's result into what Read returns.
func (c *Conn) received() (int, error) {
	n, err := c.result.n, c.result.err
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// takeReady reads into c.into; false: nothing is there yet.
//
// A callback must never return false without having tried: RawConn.Read has
// forgotten earlier readiness before it calls, and epoll tells only once.
func (c *Conn) takeReady(fd uintptr) bool {
	n, err := readFD(fd, c.into)
	if err == syscall.EAGAIN {
		c.armInTime()
		return false
	}
	c.result = syscallResult{n, err}
	return true
}

// fillReady reads into a pooled buffer, which it gives back when nothing is
// there yet.
func (c *Conn) fillReady(fd uintptr) bool {
	buf := buffers.Get().(*buffer)
	n, err := readFD(fd, buf[:])
	if n > 0 {
		c.in.keep(buf, n)
	} else {
		buffers.Put(buf)
	}
	if err == syscall.EAGAIN {
		c.armInTime()
		return false
	}
	c.result = syscallResult{n, err}
	return true
}

// isTimeout reports whether a timer of the runtime's has ended a call.
func isTimeout(err error) bool {
	return err != nil && errors.Is(err, os.ErrDeadlineExceeded)
}

// Peek returns the bytes that have been taken from the kernel and not been read
// yet. They are valid until the next Read or Await.
func (c *Conn) Peek() []byte { return c.in.bytes() }
