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
	x *stream
}

// begin prepares for the body that follows the head. wanted is false if the
// head was refused: nothing after it is parsed.
func (b *requestBody) begin(x *stream, wanted bool) {
	b.x, b.src, b.silence = x, x.conn.nc, x.conn.srv.BodyTimeout
	kind := framedNone
	switch {
	case !wanted:
	case x.head.length < 0:
		kind = framedChunked
	case x.head.length > 0:
		kind = framedLength
	}
	b.start(kind, x.head.length, x.in, x.r, x.r, x.w)
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

// passing reports that reading may be tried again after err.
func passing(err error) bool {
	return err == message.ErrStopped || errors.Is(err, os.ErrDeadlineExceeded)
}

// drain reads what is left of the body, if that is little and comes soon, and
// reports whether the next request begins right after it.
func (b *requestBody) drain() bool {
	if b.finished() {
		return true
	}
	if b.x.head.expect && b.total == 0 && !b.Ready() {
		return false // the client was never told to send it, and may not
	}
	if b.kind == framedLength && b.left > drainBytes {
		return false
	}
	b.silence = lingerTime
	until := time.Now().Add(lingerTime)
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
