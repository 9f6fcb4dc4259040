package listener

import (
	"time"

	"sluice/socket"
)

// Draining reports that the connection should end after what it is doing.
func (c *Conn) Draining() bool { return c.l.draining.Load() }

// gently reports that we drain while others serve on: see ShutdownGently.
func (c *Conn) gently() bool { return c.l.gentle.Load() }

// Await returns when a Read has something to begin with, and holds no buffer
// until then; the connection counts as idle. Its errors are socket.Conn's and
// ErrEnd.
//
// Above TLS a Read may still wait after it: what came may be no data but a
// key update or an alert, or a part of a record only. The Read obeys the
// deadline. Nothing is ever left decrypted and unnoticed: if the last Read
// filled its buffer, Await returns at once.
func (c *Conn) Await() error {
	if c.full {
		return nil
	}
	if err := c.park(); err != nil {
		return err
	}
	return c.unpark(c.sock.Await())
}

// park marks us idle.
func (c *Conn) park() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.l.draining.Load() && !c.told && c.sock.Buffered() == 0 {
		over := c.l.graceOver.Load()
		if over && c.begun && c.gently() {
			// The answer that has just ended may have begun before the drain, and
			// has not said that it is the last.
			c.spared = true
		} else if over || c.begun && !c.gently() {
			c.told = true
			return ErrEnd
		}
	}
	c.awaiting, c.until = true, c.deadline
	return nil
}

// unpark marks us busy, and returns ErrEnd if that is why we woke. When bytes
// came at the same time they win: their sender gets an answer, and finds out
// by Draining's doing.
func (c *Conn) unpark(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaiting = false
	c.begun = c.begun || err == nil
	if !c.ended {
		return err
	}
	c.ended = false
	if c.interrupted {
		return err
	}
	c.sock.Resume()
	if err == socket.ErrInterrupted {
		c.told = true
		return ErrEnd
	}
	return err
}

// BeginAnew makes the connection a fresh one, whose client has asked for
// nothing yet, whatever was said before the first request. It belongs to who calls
// Await.
func (c *Conn) BeginAnew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun = false
}

// endIdle asks the connection to end if it is idle, and reports whether it
// was. One that has not sent anything yet counts as idle if fresh says so. The lock makes sure that the interruption meets the Await it is for and
// never a Read behind it.
func (c *Conn) endIdle(fresh bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.awaiting || c.ended || c.told || !c.begun && !fresh {
		return false
	}
	c.ended = true
	c.sock.Interrupt()
	return true
}

// spare reports, once, that the connection has only just become idle.
func (c *Conn) spare() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	spared := c.spared
	c.spared = false
	return spared
}

// idleUntil returns the deadline of an idle connection. Deadlines are set when
// waiting begins, so among those that wait for the same the earliest is the
// longest idle one's, and no clock has to be read for it. One that has never
// asked for anything has a shorter time and so goes first, as it should.
func (c *Conn) idleUntil() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.until, c.awaiting && !c.ended && !c.busy.Load()
}
