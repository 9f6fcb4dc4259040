package http1

import (
	"errors"
	"os"
	"time"

	"sluice/message"
	"sluice/socket"
)

// drainBytes is how much of an unread request body is read and thrown away to
// save the connection. More than that is cheaper to cut off.
const drainBytes = 64 << 10

var errBufferFull = errors.New("a line of the body does not fit in the buffer")

// requestBody is the body of the request that its stream serves.
type requestBody struct {
	bodyReader
	x         *stream
	continued bool // the client was told to go on and send it; the writer's
}

// begin prepares for the body that follows the head. wanted is false if the
// head was refused: nothing after it is parsed.
func (b *requestBody) begin(x *stream, wanted bool) {
	b.x, b.src, b.silence, b.continued = x, x.conn.nc, x.conn.srv.BodyTimeout, false
	kind := framedNone
	switch {
	case !wanted:
	case x.head.length < 0:
		kind = framedChunked
	case x.head.length > 0:
		kind = framedLength
	}
	b.start(kind, x.head.length, x.in, x.r, x.r, x.w)
	b.chunks.nominates = &x.head.section.connection // buf[:floor] keeps it
}

// Stop implements message.RequestBody.
func (b *requestBody) Stop() { b.x.conn.nc.Interrupt() }

// Resume implements message.RequestBody.
func (b *requestBody) Resume() { b.x.conn.nc.Resume() }

// explainRead turns a failed read of a request body into a Failure.
func (b *requestBody) explainRead(err error) error {
	var f *message.Failure
	switch {
	case errors.Is(err, socket.ErrInterrupted):
		return message.ErrStopped
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
			Cause: message.CauseClientSlow, Err: err}
	case errors.As(err, &f):
		return f
	case err == errBufferFull:
		return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
			Cause: message.CauseRequestInvalid, Err: err}
	}
	return &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseClientGone, Err: err}
}

// hopeless reports, when the response begins, that the connection will not
// outlive it, as far as that is known: the body cannot be read to its end, the
// client may not send it, or nobody has asked for it and drain will not read
// it. Another goroutine may be reading it; what is looked at here either does
// not change meanwhile or is atomic.
func (b *requestBody) hopeless() bool {
	switch {
	case b.kind == framedNone:
		return false
	case b.broken.Load(), b.unexpected() && b.total.Load() == 0:
		return true
	}
	return b.x.req.Length > drainBytes && !b.asked.Load()
}

// unexpected reports that the client waits to be told to send the body, was
// not, and so may send it or not.
func (b *requestBody) unexpected() bool { return b.x.head.expect && !b.continued }

// drain reads what is left of the body, if that is little and comes soon, and
// reports whether the next request begins right after it.
func (b *requestBody) drain() bool {
	if b.finished() {
		return true
	}
	if b.unexpected() && b.total.Load() == 0 && !b.Ready() {
		return false
	}
	if b.kind == framedLength && b.left > drainBytes {
		return false
	}
	b.silence = lingerSilence
	until := time.Now().Add(lingerSilence)
	for n := 0; n <= drainBytes && time.Now().Before(until); {
		p, err := b.Next()
		if err != nil {
			return b.finished()
		}
		n += len(p)
	}
	return false
}

// leftover returns the bytes that were read behind the body. own reports that
// they stand at in[r:w] of the stream's own buffer.
func (b *requestBody) leftover() (rest []byte, own bool) {
	return b.buf[b.r:b.w], b.big == nil
}

// tunnelBody is what a client sends after the protocol was changed.
type tunnelBody struct{ requestBody }

// explainRead differs from a request body's in that silence is no failure.
func (b *tunnelBody) explainRead(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return b.requestBody.explainRead(err)
}
