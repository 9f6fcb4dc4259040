package socket

import (
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// outbox is the writing half of a Conn.
type outbox struct {
	timeout atomic.Int64 // nanoseconds without progress; 0: for ever
	timer   writeTimer

	mu sync.Mutex // held by a Write until it is done; guards the rest

	rest   []byte    // what is still to be sent
	moved  bool      // the kernel has taken something since the last wait
	limit  time.Time // when a wait without progress is over; zero: it never is
	probe  bool      // one last try: do not wait
	failed error     // of a callback
	cork   cork
}

// writeTimer is what the runtime has been told about the writing side.
type writeTimer struct {
	mu       sync.Mutex
	deadline time.Time // SetWriteDeadline's
	armed    time.Time // the progress limit the runtime knows; zero: none
}

// SetWriteTimeout bounds how long a Write may go without the kernel taking a
// single byte. Zero: for ever. It holds from the next wait on.
func (c *Conn) SetWriteTimeout(d time.Duration) { c.out.timeout.Store(int64(d)) }

// SetWriteDeadline bounds all Writes absolutely, whatever their progress. It
// is there for crypto/tls, which bounds its closing alert by it.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	w := &c.out.timer
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	return w.set(c.nc)
}

// Write sends all of p, or fails. It waits as long as the kernel takes
// something now and then; see SetWriteTimeout.
func (c *Conn) Write(p []byte) (int, error) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.cork.on {
		return c.writeCorked(p)
	}
	return c.write(p)
}

// write sends p. The caller holds out.mu.
func (c *Conn) write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	o := &c.out
	o.rest, o.limit, o.moved, o.probe = p, time.Time{}, true, false
	for {
		err := c.writeOnce()
		if isTimeout(err) {
			err = c.writeRanOut()
		}
		if err != nil || len(o.rest) == 0 {
			n := len(p) - len(o.rest)
			o.rest = nil
			return n, err
		}
	}
}

// writeOnce sends until all is sent, something fails, or a timer ends.
func (c *Conn) writeOnce() error {
	if c.raw == nil {
		return c.writePlain()
	}
	c.out.failed = nil
	if err := c.raw.Write(c.give); err != nil {
		return err
	}
	return c.out.failed
}

// giveReady writes until the kernel takes no more; false: wait until it does.
func (c *Conn) giveReady(fd uintptr) bool {
	o := &c.out
	for {
		n, err := writeFD(fd, o.rest)
		if n > 0 {
			o.rest = o.rest[n:]
			o.moved, o.probe = true, false
		}
		switch {
		case len(o.rest) == 0:
			return true
		case err == syscall.EAGAIN && o.probe:
			o.failed = os.ErrDeadlineExceeded
			return true
		case err == syscall.EAGAIN:
			c.startWait()
			return false
		case err != nil:
			o.failed = c.opError("write", err)
			return true
		}
	}
}

// writePlain writes through nc, which does not tell of progress within a
// call; so each call gets the whole time.
func (c *Conn) writePlain() error {
	o := &c.out
	if o.probe {
		return os.ErrDeadlineExceeded
	}
	c.startWait()
	n, err := c.nc.Write(o.rest)
	o.rest = o.rest[n:]
	o.moved = n > 0
	if o.moved {
		o.limit = time.Time{}
	}
	return err
}

// startWait moves the limit if there was progress, and has a timer armed that
// ends no later.
func (c *Conn) startWait() {
	o := &c.out
	if timeout := time.Duration(o.timeout.Load()); timeout <= 0 {
		o.limit = time.Time{}
	} else if o.moved || o.limit.IsZero() {
		o.limit = time.Now().Add(timeout)
	}
	o.moved = false
	if !o.limit.IsZero() {
		o.timer.armInTime(c.nc, o.limit)
	}
}

// writeRanOut decides what the end of a timer means for a Write.
func (c *Conn) writeRanOut() error {
	o := &c.out
	now := time.Now()
	switch {
	case o.probe || o.timer.over(now):
		return os.ErrDeadlineExceeded
	case o.limit.IsZero() || now.Before(o.limit):
		o.timer.arm(c.nc, o.limit) // it was an earlier wait's
	default:
		// The kernel wakes a writer only when a third of its buffer is
		// free. A peer that takes a little now and then may not have
		// got there: ask once more before giving up.
		o.probe = true
		o.timer.arm(c.nc, time.Time{})
	}
	return nil
}

// armInTime arms the timer unless the armed one ends no later than limit.
func (w *writeTimer) armInTime(nc net.Conn, limit time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed.IsZero() || limit.Before(w.armed) {
		w.armed = limit
		w.set(nc)
	}
}

// arm makes limit the armed one; zero: none.
func (w *writeTimer) arm(nc net.Conn, limit time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = limit
	w.set(nc) // fails on a closed connection only, and the write will say that itself
}

// over reports whether SetWriteDeadline's time has come.
func (w *writeTimer) over(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.deadline.IsZero() && !now.Before(w.deadline)
}

// set gives the runtime the earlier of both. The caller holds mu.
func (w *writeTimer) set(nc net.Conn) error {
	t := w.armed
	if t.IsZero() || !w.deadline.IsZero() && w.deadline.Before(t) {
		t = w.deadline
	}
	return nc.SetWriteDeadline(t)
}
