package http2

import (
	"errors"
	"io"
	"os"
	"time"

	"sluice/message"
	"sluice/socket"
)

// preface begins every client's connection (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// endingHeadTimeout ends a connection whose field section, or any other frame
// that is not data, did not come whole in time.
var endingHeadTimeout = &ending{
	violation: &violation{code: codeCalm, words: "a frame or field section that was begun did not come whole in time"},
	failure: &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead, Cause: message.CauseRequestTimeout,
		Err: errors.New("a frame or field section that was begun did not come whole in time")},
}

// greet sends our preface and reads the client's.
func (c *conn) greet() *ending {
	c.mu.Lock()
	c.outbox.b = appendSettings(c.outbox.buffer(),
		setting{settingMaxStreams, uint32(c.maxStreams)},
		setting{settingMaxList, uint32(c.srv.Limits.Head)},
		setting{settingConnectProtocol, 1},
		setting{settingNoPriorities, 1})
	if n := c.inflow.start(); n > 0 {
		c.outbox.b = appendWindowUpdate(c.outbox.b, 0, uint32(n))
	}
	c.write() // the first bytes on the connection: the kernel takes them
	c.mu.Unlock()
	deadline := time.Now().Add(c.srv.HeaderTimeout)
	for len(c.in.unread()) < len(preface) {
		c.nc.SetReadDeadline(deadline)
		if c.in.empty() {
			c.in.release()
			if err := c.nc.Await(); err != nil {
				return c.farewellOr(endingGone, err)
			}
		}
		n, err := c.nc.Read(c.in.room())
		c.in.w += n
		b := c.in.unread()
		if k := min(len(b), len(preface)); string(b[:k]) != preface[:k] {
			return broken(violationPreface)
		}
		if n == 0 {
			return c.farewellOr(endingGone, err)
		}
	}
	c.in.r += len(preface)
	c.now = time.Now()
	return nil
}

// farewellOr is endingDone when we were asked to end before the client had
// asked for anything.
func (c *conn) farewellOr(e *ending, err error) *ending {
	if err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded) {
		return e
	}
	if c.nc.Draining() {
		return endingDone
	}
	return e
}

// fill reads more bytes behind those that are there, and waits for them
// without a buffer if there are none.
func (c *conn) fill() *ending {
	if len(c.in.unread()) >= frameHeaderSize && !c.partial() {
		return nil // read together with the preface
	}
	if c.in.empty() {
		c.in.release()
		if e := c.await(); e != nil {
			return e
		}
	}
	for {
		c.nc.SetReadDeadline(c.frameDeadline())
		n, err := c.nc.Read(c.in.room())
		c.in.w += n
		switch {
		case n > 0:
			c.now = time.Now()
			c.pinged = time.Time{}
			return nil
		case errors.Is(err, socket.ErrInterrupted):
			c.nc.Resume()
			if e := c.over(); e != nil {
				return e
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			return endingHeadTimeout
		case err != nil:
			return endingGone
		}
	}
}

// partial reports that the first unread frame is not whole.
func (c *conn) partial() bool {
	b := c.in.unread()
	return len(b) < frameHeaderSize || len(b) < frameHeaderSize+parseFrameHeader(b).length
}

// frameDeadline bounds the reading of a frame that has begun: data by
// progress, everything else in total. (Above TLS a frame's first bytes may
// have come although there is nothing to read yet.)
func (c *conn) frameDeadline() time.Time {
	b := c.in.unread()
	switch {
	case c.block.open:
		return c.block.since.Add(c.srv.HeaderTimeout)
	case len(b) == 0:
		return time.Now().Add(c.srv.HeaderTimeout)
	case len(b) >= frameHeaderSize && parseFrameHeader(b).kind == frameData:
		return c.now.Add(c.srv.BodyTimeout)
	}
	return c.frameSince.Add(c.srv.HeaderTimeout)
}

// await waits for bytes and does what else there is to do meanwhile.
func (c *conn) await() *ending {
	for {
		if e := c.over(); e != nil {
			return e
		}
		if c.last == 0 {
			c.nc.BeginAnew() // a preface and SETTINGS are no request
		}
		c.nc.SetReadDeadline(c.awaitDeadline())
		err := c.nc.Await()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if e := c.waitedLong(time.Now()); e != nil {
				return e
			}
		case errors.Is(err, socket.ErrInterrupted):
			c.nc.Resume()
		default:
			c.toldToEnd()
		}
	}
}

// over returns the ending of a connection that has nothing left to read for.
func (c *conn) over() *ending {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.dead != nil:
		return c.dead
	case c.farewell.final && len(c.streams) == 0:
		return endingDone
	}
	return nil
}

// awaitDeadline is when waitedLong should look.
func (c *conn) awaitDeadline() time.Time {
	switch {
	case c.block.open:
		return c.block.since.Add(c.srv.HeaderTimeout)
	case c.farewell.announced && !c.farewell.final:
		return c.farewell.since.Add(farewellGrace)
	case !c.pinged.IsZero():
		return c.pinged.Add(c.srv.HeaderTimeout)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet.After(c.now) {
		return c.quiet.Add(c.srv.IdleTimeout)
	}
	return c.now.Add(c.srv.IdleTimeout)
}

// waitedLong is called when awaitDeadline may have passed: nothing has come
// for a while.
func (c *conn) waitedLong(now time.Time) *ending {
	if now.Before(c.awaitDeadline()) {
		return nil // the last stream has ended meanwhile
	}
	switch {
	case c.block.open:
		return endingHeadTimeout
	case c.farewell.announced && !c.farewell.final:
		c.sayFinal()
		return nil
	case !c.pinged.IsZero():
		return endingSilent
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.streams) == 0 {
		return endingDone
	}
	// A stream may rightly be silent for long. Whether anybody is there is
	// asked by PING (RFC 9113 section 6.7); without it a phone that has left
	// the network would keep its streams for stream_timeout.
	c.pinged = now
	c.outbox.b = appendPing(c.outbox.buffer(), false, pingAlive)
	c.startWriter()
	return nil
}

// What our PINGs carry says what they were for.
var (
	pingAlive    = [8]byte{'a', 'l', 'i', 'v', 'e', '?'}
	pingFarewell = [8]byte{'f', 'a', 'r', 'e', 'w', 'e', 'l', 'l'}
)
