package http1

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"time"

	"sluice/message"
)

// stream is one Exchange's scratch on a client's connection: buffers, the
// parsed head, the body's reader and the response's writer. It is pooled.
type stream struct {
	conn *serverConn
	in   []byte // small[:], or a larger one for a large head
	r, w int    // in[r:w] is unread

	head requestHead
	req  message.Request
	body requestBody
	out  responseWriter

	small  [8 << 10]byte
	fields [64]message.Field
}

var streams = sync.Pool{New: func() any {
	x := new(stream)
	x.head.section.fields = x.fields[:0]
	x.body.explain = x.body.explainRead // bound once: a method value allocates
	return x
}}

func acquireStream(c *serverConn) *stream {
	x := streams.Get().(*stream)
	x.conn = c
	x.in, x.r, x.w = x.small[:], 0, 0
	return x
}

// release gives the stream back. A buffer that grew for a large head is left
// to the collector: such heads are rare and must not fatten the pool.
func (x *stream) release() {
	x.body.releaseBuffer()
	x.out.raw.releaseBuffer()
	x.conn, x.in = nil, nil
	x.req = message.Request{}
	streams.Put(x)
}

// serve serves requests as long as bytes of them are there and reports
// whether the connection lives on, idle.
func (x *stream) serve() bool {
	for {
		end, ok := x.readHead()
		if !ok {
			return false
		}
		x.begin(end)
		x.conn.srv.Handle(&x.req, &x.out)
		if !x.end() {
			return false
		}
		if x.r == x.w {
			return true
		}
	}
}

// readHead reads until a whole head is in the buffer and returns where it
// ends. When it reports false the connection has been dealt with.
func (x *stream) readHead() (end int, ok bool) {
	x.compact()
	x.head.method, x.head.target, x.head.authority, x.head.minor = nil, nil, nil, 1
	x.req.Start = time.Now()
	deadline := x.req.Start.Add(x.conn.srv.HeaderTimeout)
	limits := x.conn.srv.Limits
	next := 0
	for {
		var f *message.Failure
		if end, next, f = scanHead(x.in[x.r:x.w], next); f != nil {
			x.refuse(f)
			return 0, false
		}
		if end > 0 {
			return x.r + end, true
		}
		if x.w-x.r >= limits.Head {
			x.refuse(limits.tooLarge(x.in[x.r:x.w]))
			return 0, false
		}
		if x.w == len(x.in) {
			x.grow()
		}
		x.conn.nc.SetReadDeadline(deadline)
		n, err := x.conn.nc.Read(x.in[x.w:])
		x.w += n
		if err != nil && n == 0 {
			x.headFailed(err)
			return 0, false
		}
	}
}

// compact moves the unread bytes to the front of the buffer.
func (x *stream) compact() {
	if x.r > 0 {
		x.w = copy(x.in, x.in[x.r:x.w])
		x.r = 0
	}
}

// grow replaces a buffer that is full of less than the largest head by one
// that takes it.
func (x *stream) grow() {
	larger := make([]byte, x.conn.srv.Limits.Head)
	x.w = copy(larger, x.in[x.r:x.w])
	x.r = 0
	x.in = larger
}

// headFailed ends a connection whose head did not come whole. An empty line,
// which some clients send after a body, is no request that waits for an
// answer: a 408 would be taken for the answer to the next one.
func (x *stream) headFailed(err error) {
	begun := len(bytes.Trim(x.in[x.r:x.w], "\r\n")) > 0
	if errors.Is(err, os.ErrDeadlineExceeded) && begun {
		x.refuse(failureHeadTimeout)
		return
	}
	x.conn.nc.Close() // the client has gone: there is nobody to answer
}

// refuse has a request that the wire did not accept answered, and ends the
// connection: where the next request would begin is anybody's guess.
func (x *stream) refuse(f *message.Failure) {
	x.req = message.Request{
		Method: x.head.method, Authority: x.head.authority, Target: x.head.target,
		Client: x.conn.client, Start: x.req.Start, Refused: f,
	}
	x.out.begin(x, true)
	x.body.begin(x, false)
	x.conn.srv.Handle(&x.req, &x.out)
	x.end()
}

// begin parses the head that ends at in[end] and prepares the Exchange. Of a
// refused head only what stands in the request line is handed on; the rest may
// still be an earlier request's.
func (x *stream) begin(end int) {
	h := &x.head
	f := h.parse(x.in[x.r:end], x.conn.srv.Limits)
	x.r = end
	x.req = message.Request{
		Method: h.method, Authority: h.authority, Target: h.target,
		Client: x.conn.client, Start: x.req.Start, Refused: f,
	}
	if f == nil {
		x.req.Fields, x.req.Length = h.fields, h.length
		x.req.Upgrade, x.req.Trailers = h.upgrade, h.trailers
	}
	if h.length != 0 {
		// A client "cannot begin using an upgraded protocol on the connection
		// until it has completely sent the request message", and a server may
		// always ignore the offer (RFC 9110 section 7.8). So a tunnel and a
		// body never read the connection at the same time.
		x.req.Upgrade = nil
	}
	x.out.begin(x, h.close || f != nil)
	x.out.minor, x.out.keepAlive = h.minor, h.keepAlive
	x.out.noBody = len(h.method) == 4 && string(h.method) == "HEAD"
	x.body.begin(x, f == nil)
	if x.body.kind != framedNone {
		x.req.Body = &x.body
	}
}

// end deals with what the Exchange left: an unread body, a response that was
// not finished, the wish to close. It reports whether the connection lives on.
func (x *stream) end() bool {
	x.conn.watch(nil)
	nc := x.conn.nc
	switch {
	case x.out.aborted || !x.out.finished:
		nc.Abort()
		return false
	case x.out.tunnel:
		nc.Close()
		return false
	}
	x.body.Resume()
	switch {
	case x.isLast():
		nc.Close()
		return false
	case x.out.close, !x.body.drain():
		x.conn.closeAfterAnswer(x.small[:])
		return false
	}
	return x.takeLeftover()
}

// isLast reports that the client itself has asked for the close and has sent
// all, so that there is nothing to linger for: "A client that sends a "close"
// connection option MUST NOT send further requests on that connection" (RFC
// 9112 section 9.6). A client that did not ask may have sent the next request
// before it knew.
func (x *stream) isLast() bool {
	return x.req.Refused == nil && x.head.close && x.body.finished() && x.body.r == x.body.w
}

// takeLeftover finds the bytes after the body, which begin the next request.
func (x *stream) takeLeftover() bool {
	if rest, own := x.body.leftover(); own {
		x.r, x.w = x.body.r, x.body.w
	} else {
		// They stand in the body's own buffer, at most as many as it holds.
		if len(rest) > len(x.in) {
			x.in = make([]byte, len(rest))
		}
		x.r, x.w = 0, copy(x.in, rest)
	}
	x.body.releaseBuffer()
	return true
}
