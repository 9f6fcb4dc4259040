package http2

import "time"

// farewellGrace is how long after the first GOAWAY of a graceful shutdown
// streams may still be opened, if the client does not answer our PING sooner.
const farewellGrace = time.Second

// answeredGrace is how long streams may still be opened after the client has
// answered: one that it thinks of as begun may have yet to be sent.
const answeredGrace = 100 * time.Millisecond

// These bound how long we read and throw away what a client still sends after
// our GOAWAY, so that a reset of ours does not destroy it on its way.
const (
	lingerSilence = time.Second
	lingerTotal   = 5 * time.Second
	lingerBytes   = 1 << 20
)

// lastPossible is the highest stream ID.
const lastPossible = 1<<31 - 1

// farewell is how far a graceful shutdown has come (RFC 9113 section 6.8): a
// GOAWAY that still lets the client open streams, then one that says which was
// the last. It is owned by the reader; final is also read under mu, and so
// written under it.
type farewell struct {
	told      bool
	announced bool
	since     time.Time
	final     bool
	last      uint32 // with final: the last stream that is served
}

// announceEnd begins a graceful shutdown. Also with no stream open the last GOAWAY
// has to wait for the answer to our PING: a request may be on its way. GOAWAY would
// say that we have not seen it, but not every client can send its body again.
func (c *conn) announceEnd() {
	if c.farewell.announced {
		return
	}
	c.farewell.announced, c.farewell.since = true, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	b := appendGoAway(c.outbox.buffer(), lastPossible, codeNone, "")
	c.outbox.b = appendPing(b, false, pingFarewell)
	c.startWriter()
}

// toldToEnd begins a graceful shutdown; told once more, there is no time left.
func (c *conn) toldToEnd() {
	if c.farewell.told {
		c.sayFinal()
	}
	c.farewell.told = true
	c.announceEnd()
}

// answeredFarewell is called when the client has seen the first GOAWAY.
func (c *conn) answeredFarewell() {
	if soon := time.Now().Add(answeredGrace - farewellGrace); soon.Before(c.farewell.since) {
		c.farewell.since = soon
	}
}

// sayFinal ends the opening of streams.
func (c *conn) sayFinal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.farewell.final {
		return
	}
	c.farewell.final, c.farewell.last = true, c.last
	c.outbox.b = appendGoAway(c.outbox.buffer(), c.last, codeNone, "")
	c.startWriter()
}

// end ends the connection: all Exchanges fail, the client is told why, and
// when everything has ended the socket is closed.
func (c *conn) end(e *ending) {
	c.mu.Lock()
	if c.dead != nil {
		e = c.dead // the writer has met the end first
	}
	open := len(c.streams)
	c.fail(e)
	c.mu.Unlock()
	c.remember(e, open)
	switch {
	case e.violation != nil:
		c.count(e)
		if c.srv.Failed != nil {
			c.srv.Failed(c.client, e.failure)
		}
		c.sayLast(e.violation.code, e.violation.words)
	case e == endingDone:
		c.sayLast(codeNone, "")
	default:
		c.nc.Abort()
	}
	c.nc.Close() // before, so that whoever writes to it fails
	c.awaitStreams()
	c.awaitWriter(lingerTotal)
}

// remember has the client's address pay for what this connection did. open is
// how many streams it has left.
func (c *conn) remember(e *ending, open int) {
	o, client, now := &c.srv.offenders, c.client.Remote.Addr(), time.Now()
	switch {
	case c.srv.Shared != nil && c.srv.Shared(client):
	case e.violation != nil && e.violation.code == codeCalm && e != endingHeadTimeout:
		o.blame(client, now)
	case e == endingGone && open > 0:
		o.abandoned(client, open, c.srv.Abuse.Resets/hangupShare, now)
	}
}

// count counts an ending by violation.
func (c *conn) count(e *ending) {
	n := &c.srv.counts
	switch e {
	case endingResets:
		n.abuseResets.Add(1)
	case endingErrors:
		n.abuseErrors.Add(1)
	case endingFrames:
		n.abuseFrames.Add(1)
	case endingHead:
		n.abuseHead.Add(1)
	default:
		n.violations.Add(1)
	}
}

// fail makes everything that streams do, or wait for, fail. The caller holds
// mu.
func (c *conn) fail(e *ending) {
	if c.dead != nil {
		return
	}
	c.dead = e
	c.tellEnded()
	for _, st := range c.streams {
		c.kill(st, e.failure)
	}
}

// sayLast sends a last GOAWAY, ends our direction and lingers.
func (c *conn) sayLast(code errorCode, words string) {
	c.nc.SetWriteTimeout(lingerSilence)
	if !c.farewell.final || code != codeNone { // else that was said
		c.mu.Lock()
		c.outbox.b = appendGoAway(c.outbox.buffer(), c.last, code, words)
		c.mu.Unlock()
	}
	if !c.flushWithin(lingerSilence) || c.nc.CloseWrite() != nil {
		c.nc.Abort()
		return
	}
	c.linger()
}

// linger reads and throws away what still comes.
func (c *conn) linger() {
	end := time.Now().Add(lingerTotal)
	for total := 0; total < lingerBytes; {
		now := time.Now()
		if !now.Before(end) {
			return
		}
		c.nc.SetReadDeadline(now.Add(lingerSilence))
		c.in.r, c.in.w = 0, 0
		n, err := c.nc.Read(c.in.room())
		if n == 0 && err != nil {
			return
		}
		total += n
	}
}

// awaitStreams returns when all Exchanges have ended.
func (c *conn) awaitStreams() {
	c.mu.Lock()
	if len(c.streams) == 0 {
		c.mu.Unlock()
		return
	}
	ended := make(chan struct{})
	c.allEnded = ended
	c.mu.Unlock()
	<-ended
}
