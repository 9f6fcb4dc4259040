package http2

import (
	"errors"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"
)

// block is a field section being decoded: HEADERS and the CONTINUATION frames
// behind it, between which no other frame may come. The reader owns it.
type block struct {
	c         *conn
	open      bool // more fragments must come
	id        uint32
	since     time.Time
	endStream bool
	fault     *violation // found in the frame; the section is decoded all the same, for HPACK's state
	pieces    int        // CONTINUATION frames so far
	encoded   int        // bytes so far

	// Where the fields go. Both nil: nowhere, they are decoded for HPACK's
	// state only.
	stream   *stream // a stream to be opened
	trailers *head   // of an open stream
	refused  bool    // the stream could have been opened but for MaxStreams

	size int // of what was decoded, by the count of RFC 9113 section 6.5.2
}

var heads = sync.Pool{New: func() any { return new(head) }}

// emit takes one field line from the HPACK decoder.
func (b *block) emit(f hpack.HeaderField) {
	b.size += len(f.Name) + len(f.Value) + 32
	switch {
	case b.stream != nil:
		b.stream.head.add(f.Name, f.Value)
	case b.trailers != nil:
		b.trailers.add(f.Name, f.Value)
	}
}

// takeHeaders begins a field section: a request's or its trailers'.
func (c *conn) takeHeaders(h frameHeader, p []byte) *ending {
	fragment, v := headersPayload(h, p)
	if v != nil && !v.stream {
		return broken(v)
	}
	if h.stream%2 == 0 {
		return broken(violationEvenStream)
	}
	c.block = block{c: c, open: true, id: h.stream, since: c.now, endStream: h.has(flagEndStream), fault: v}
	if e := c.chooseTarget(); e != nil {
		return e
	}
	return c.fragment(fragment, h.has(flagEndHeaders))
}

// chooseTarget decides what the section is for.
func (c *conn) chooseTarget() *ending {
	b := &c.block
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.id <= c.last {
		switch st := c.streams[b.id]; {
		case st != nil && (st.takenBack || st.closed()):
			return broken(violationClosedStream)
		case st != nil:
			b.trailers = heads.Get().(*head)
			b.trailers.reset(c.srv.Limits)
		case !c.retired.has(b.id):
			return broken(violationClosedStream)
		}
		return nil
	}
	c.last = b.id
	switch {
	case c.farewell.final:
		c.last = c.farewell.last // "ignore frames sent on streams [...] higher" (section 6.8)
	case !c.hasPlace():
		b.refused = true
	default:
		b.stream = acquireStream(c, b.id)
	}
	return nil
}

// endedPatience bounds how long we stop reading for Exchanges that both sides have
// ended but whose goroutines are not through.
const endedPatience = 200 * time.Millisecond

// hasPlace reports whether the client may open a stream. Of those that have ended
// there may be as many again; a machine that is too busy to get through with them
// is given some time, for the client has done nothing wrong. The caller holds mu,
// which is given up meanwhile.
func (c *conn) hasPlace() bool {
	if c.occupied < c.maxStreams && len(c.streams) >= 2*c.maxStreams {
		c.awaitEnded()
	}
	return c.occupied < c.maxStreams && c.dead == nil && len(c.streams) < 2*c.maxStreams
}

// awaitEnded waits until there are fewer Exchanges than twice MaxStreams, or for
// endedPatience. The caller holds mu, which is given up meanwhile.
func (c *conn) awaitEnded() {
	patience := time.NewTimer(endedPatience)
	defer patience.Stop()
	for over := false; !over && c.dead == nil && len(c.streams) >= 2*c.maxStreams; {
		ended := make(chan struct{})
		c.oneEnded = ended
		c.mu.Unlock()
		select {
		case <-ended:
		case <-patience.C:
			over = true
		}
		c.mu.Lock()
	}
	c.oneEnded = nil
}

// tellEnded has the reader look again that waits in awaitEnded. The caller holds
// mu.
func (c *conn) tellEnded() {
	if c.oneEnded != nil {
		close(c.oneEnded)
		c.oneEnded = nil
	}
}

// takeContinuation goes on with a field section.
func (c *conn) takeContinuation(h frameHeader, p []byte) *ending {
	b := &c.block
	if !b.open {
		return broken(violationContinuation)
	}
	if b.pieces++; b.pieces > c.srv.Abuse.Continuations {
		return c.dropBlock(endingHead)
	}
	return c.fragment(p, h.has(flagEndHeaders))
}

// fragment decodes a piece of the section, and acts on it if it was the last.
func (c *conn) fragment(p []byte, last bool) *ending {
	b := &c.block
	most := headBombFactor * c.srv.Limits.Head
	if b.encoded += len(p); b.encoded > most {
		return c.dropBlock(endingHead)
	}
	_, err := c.dec.Write(p)
	if err == nil && last {
		err = c.dec.Close()
	}
	switch {
	case b.size > most, b.repeats(), errors.Is(err, hpack.ErrStringLength):
		return c.dropBlock(endingHead)
	case err != nil:
		return c.dropBlock(broken(violationCompression))
	case !last:
		return nil
	}
	b.open = false
	return c.finishBlock()
}

// repeats reports that the section can only have become so large by naming the
// same entry of the dynamic table again and again: all entries together count
// tableSize, those of the static table less than that, and Huffman's code
// makes 8 bits of 5 at the most. Within the limit on heads it would have us
// send the Upstream hundreds of times what the client sends us.
func (b *block) repeats() bool { return b.size > 3*tableSize+2*b.encoded }

// dropBlock lets go of a section that ends the connection.
func (c *conn) dropBlock(e *ending) *ending {
	b := &c.block
	if b.stream != nil {
		b.stream.release()
	}
	if b.trailers != nil {
		heads.Put(b.trailers)
	}
	b.stream, b.trailers = nil, nil
	return e
}

// finishBlock acts on a whole section.
func (c *conn) finishBlock() *ending {
	b := &c.block
	switch {
	case b.fault != nil:
		c.dropBlock(nil)
		return c.streamError(b.id, b.fault)
	case b.stream != nil:
		st := b.stream
		b.stream = nil
		return c.open(st)
	case b.trailers != nil:
		t := b.trailers
		b.trailers = nil
		return c.endWithTrailers(t)
	case b.refused:
		return c.refuse()
	}
	return nil
}

// open begins the Exchange of a stream whose request head is whole.
func (c *conn) open(st *stream) *ending {
	f := st.head.finishRequest(c.block.endStream)
	if st.head.malformed {
		// It is answered by a reset too (RFC 9113 section 8.1.1).
		if !c.guard.errors.take() {
			st.release()
			return endingErrors
		}
		c.srv.counts.streamErrors.Add(1)
	}
	c.guard.frames.give(creditRequest)
	c.srv.counts.streams.Add(1)
	st.begin(f, c.block.endStream)
	c.mu.Lock()
	if len(c.streams) == 0 {
		c.nc.SetBusy(true)
	}
	c.streams[st.id] = st
	c.occupied++
	if c.dead != nil {
		c.kill(st, c.dead.failure) // the writer has met the end first
	}
	c.mu.Unlock()
	c.opened = append(c.opened, st)
	if c.nc.Draining() {
		c.announceEnd()
	}
	return nil
}

// refuse turns away a stream that is one too many. The client may try it
// again, for nothing was done with it (RFC 9113 section 8.7).
func (c *conn) refuse() *ending {
	c.srv.counts.refused.Add(1)
	if !c.guard.resets.take() {
		return endingResets
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.b = appendReset(c.outbox.buffer(), c.block.id, codeRefused)
	if !c.block.endStream {
		c.retired.add(c.block.id)
	}
	return nil
}

// endWithTrailers ends a request by its trailer section.
func (c *conn) endWithTrailers(t *head) *ending {
	id := c.block.id
	c.mu.Lock()
	st := c.streams[id]
	var v *violation
	switch {
	case st == nil || st.failure != nil:
		c.mu.Unlock()
		heads.Put(t)
		return nil // it has ended meanwhile
	case st.remoteEnded:
		v = violationHalfClosed
	case !c.block.endStream:
		v = violationTrailersOpen
	case t.finishTrailers() != nil:
		v = violationTrailers
	case st.body.owed() > 0:
		v = violationLength
	default:
		st.body.trailers = t
		st.endRemote()
	}
	c.mu.Unlock()
	if v != nil {
		heads.Put(t)
		return c.streamError(id, v)
	}
	return nil
}
