package http2

import (
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"sluice/message"
)

// maxFrame is the largest frame payload that we take, and that we send: the
// size that every peer must take (RFC 9113 section 4.2).
const maxFrame = 16 << 10

// tableSize is the size of HPACK's dynamic table, the protocol's default.
const tableSize = 4096

// conn is one client's connection.
type conn struct {
	// Fixed after newConn.
	srv    *Server
	nc     Conn
	client *message.Client

	// Owned by the reader, the goroutine in serve.
	in         inbox
	now        time.Time // when bytes came last
	frameSince time.Time // when the frame began that is not whole yet
	dec        *hpack.Decoder
	block      block
	peer       settings
	greeted    bool // the client's first SETTINGS came
	last       uint32
	guard      guard
	maxStreams int       // of this connection, fixed
	opened     []*stream // in this turn; they have not begun
	pinged     time.Time // when an unanswered PING of ours was sent; zero: none is
	farewell   farewell

	mu       sync.Mutex
	streams  map[uint32]*stream // guarded by mu: those whose Exchange has not ended
	occupied int                // guarded by mu: places that count against MaxStreams
	quiet    time.Time          // guarded by mu: since when there is none
	dead     *ending            // guarded by mu: why nothing is served any more
	retired  recent             // guarded by mu
	inflow   inflow             // guarded by mu
	outbox   outbox             // guarded by mu
	credit   int                // guarded by mu: of the guard's frames budget, not yet given
	allEnded chan struct{}      // guarded by mu: closed when streams is empty; nil: nobody waits
	oneEnded chan struct{}      // guarded by mu: closed when there is one less; nil: nobody waits
}

func newConn(s *Server, nc Conn, client *message.Client) *conn {
	now := time.Now()
	c := &conn{srv: s, nc: nc, client: client, now: now, quiet: now, peer: initialSettings,
		maxStreams: s.MaxStreams, guard: newGuard(s.Abuse, now), streams: make(map[uint32]*stream)}
	if s.offenders.guilty(client.Remote.Addr(), now) {
		c.maxStreams = max(c.maxStreams/offenderShare, 1)
		c.guard.shrink()
	}
	c.inflow = newInflow(s)
	c.outbox.window = int64(initialSettings.window)
	c.outbox.streamWindow = int64(initialSettings.window)
	c.block.c = c
	c.dec = hpack.NewDecoder(tableSize, c.block.emit)
	// A string longer than this could only be refused.
	c.dec.SetMaxStringLength(headBombFactor * s.Limits.Head)
	return c
}

// serve is the life of the connection.
func (c *conn) serve() {
	e := c.greet()
	for e == nil {
		e = c.turn()
	}
	c.end(e)
	c.in.release()
}

// turn waits for bytes and deals with the frames that are whole then.
func (c *conn) turn() *ending {
	if e := c.fill(); e != nil {
		return e
	}
	begun := c.in.r
	e := c.frames()
	c.beginOpened(e == nil)
	if e != nil {
		return e
	}
	if c.in.r != begun || c.frameSince.IsZero() {
		c.frameSince = c.now
	}
	c.flushLater()
	return nil
}

// frames deals with the frames that are whole.
func (c *conn) frames() *ending {
	for {
		h, payload, whole, e := c.next()
		if e == nil && whole {
			e = c.frame(h, payload)
		}
		if e != nil || !whole {
			return e
		}
	}
}

// beginOpened begins the Exchanges of the streams that were opened in this
// turn. Those that were taken back in the same breath, or broke the rules,
// have cost nothing but their head, and nobody hears of them; nor of any if
// the connection is to end.
func (c *conn) beginOpened(goOn bool) {
	for _, st := range c.opened {
		c.mu.Lock()
		live := goOn && st.failure == nil
		if !live {
			st.leave(codeNone)
		}
		c.mu.Unlock()
		if live {
			c.srv.workers.run(st)
		} else {
			st.release()
		}
	}
	clear(c.opened)
	c.opened = c.opened[:0]
}

// next cuts the next frame off what has come. The payload is valid until the
// next fill.
func (c *conn) next() (h frameHeader, payload []byte, whole bool, e *ending) {
	b := c.in.unread()
	if len(b) < frameHeaderSize {
		return h, nil, false, nil
	}
	h = parseFrameHeader(b)
	if v := checkFrameHeader(h, maxFrame); v != nil && !v.stream {
		return h, nil, false, broken(v)
	}
	end := frameHeaderSize + h.length
	if len(b) < end {
		return h, nil, false, nil
	}
	c.in.r += end
	return h, b[frameHeaderSize:end], true, nil
}

// frame deals with one frame.
func (c *conn) frame(h frameHeader, p []byte) *ending {
	switch {
	case c.block.open && (h.kind != frameContinuation || h.stream != c.block.id):
		return broken(violationInterleaved)
	case !c.greeted && (h.kind != frameSettings || h.has(flagAck)):
		return broken(violationNoSettings)
	}
	if v := checkFrameHeader(h, maxFrame); v != nil {
		return c.streamError(h.stream, v)
	}
	switch h.kind {
	case frameData:
		return c.takeData(h, p)
	case frameHeaders:
		return c.takeHeaders(h, p)
	case frameContinuation:
		return c.takeContinuation(h, p)
	}
	if h.kind == frameReset {
		return c.takeReset(h, p)
	}
	if !c.mayControl() {
		return endingFrames
	}
	switch h.kind {
	case frameSettings:
		return c.takeSettings(h, p)
	case framePing:
		return c.takePing(h, p)
	case frameWindowUpdate:
		return c.takeWindowUpdate(h, p)
	case framePriority:
		if v := priorityPayload(h, p); v != nil {
			return c.streamError(h.stream, v)
		}
	case framePriorityUpdate:
		return c.takePriorityUpdate(p)
	}
	// GOAWAY tells us nothing that we act on: the client opens no more streams
	// and closes when it has its answers. "Implementations MUST ignore and
	// discard frames of unknown types" (RFC 9113 section 4.1).
	return nil
}

// mayControl takes a frame that brings nothing off the budget, and reports
// whether the budget allowed it.
func (c *conn) mayControl() bool {
	if c.guard.frames.left == 0 {
		c.mu.Lock()
		c.guard.frames.give(c.credit)
		c.credit = 0
		c.mu.Unlock()
	}
	return c.guard.frames.take()
}

// streamError resets a stream whose client broke the rules on it (RFC 9113
// section 5.4.2).
func (c *conn) streamError(id uint32, v *violation) *ending {
	if !c.guard.errors.take() {
		return endingErrors
	}
	if id > c.last {
		return broken(v) // a stream that is idle cannot be reset
	}
	c.srv.counts.streamErrors.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.streams[id]; st != nil {
		c.kill(st, violationFailure(v))
		st.sendReset(v.code)
		return nil
	}
	c.outbox.b = appendReset(c.outbox.buffer(), id, v.code)
	c.retired.add(id)
	return nil
}

// kill ends a stream's Exchange from the reader's side: whatever it waits for
// fails with f, and its Attempt is canceled. Its place is free when it has
// ended. The caller holds mu.
func (c *conn) kill(st *stream, f *message.Failure) {
	if st.failure == nil {
		st.failure = f
	}
	st.remoteEnded, st.localEnded = true, true
	st.wakeWriter()
	st.body.wake()
	if st.watcher != nil {
		st.watcher.Cancel()
		st.watcher = nil
	}
}

// isIdle reports that a stream has not been opened: "An endpoint MUST NOT
// [...]" touch it, but for opening it (RFC 9113 section 5.1). Ours to open are
// none.
func (c *conn) isIdle(id uint32) bool { return id > c.last || id%2 == 0 }

// recent remembers the streams that we have reset while the client might
// still have been sending: what it sent before it knew is ignored (RFC 9113
// section 5.4.2).
type recent struct {
	ids  [128]uint32
	next int
}

func (r *recent) add(id uint32) {
	r.ids[r.next] = id
	r.next = (r.next + 1) % len(r.ids)
}

func (r *recent) has(id uint32) bool {
	for _, known := range r.ids {
		if known == id {
			return true
		}
	}
	return false
}
