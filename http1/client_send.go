package http1

import (
	"errors"
	"os"
	"strconv"

	"sluice/message"
)

// sendMode says how the bytes of a request body are framed.
type sendMode uint8

const (
	sendingPlain sendMode = iota
	sendingChunked
)

// gather is how much of a request is put together before it is written.
const gather = 4 << 10

// SendHead writes the head of r, as HTTP/1.1 wants it, into the buffer. It
// leaves with Flush, with FinishSending or with more of the body.
func (c *ClientConn) SendHead(r *message.Request) {
	x := c.x
	x.offered = r.Upgrade
	b := append(x.out[:0], r.Method...)
	b = append(b, ' ')
	b = append(b, r.Target...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, r.Authority...)
	b = append(b, '\r', '\n')
	for i := range r.Fields {
		f := &r.Fields[i]
		b = append(b, f.Name...)
		b = append(b, ':', ' ')
		b = append(b, f.Value...)
		b = append(b, '\r', '\n')
	}
	x.sending = sendingPlain
	switch {
	case r.Length > 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, r.Length, 10)
		b = append(b, '\r', '\n')
	case r.Length < 0:
		x.sending = sendingChunked
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case expectsContent(r.Method):
		b = append(b, "Content-Length: 0\r\n"...)
	}
	switch {
	case r.Upgrade != nil:
		b = append(b, "Connection: Upgrade\r\nUpgrade: "...)
		b = append(b, r.Upgrade...)
		b = append(b, '\r', '\n')
	case r.Trailers:
		b = append(b, "Connection: TE\r\nTE: trailers\r\n"...)
	}
	x.out = append(b, '\r', '\n')
}

// expectsContent reports that a request of this method without content should
// say so (RFC 9110 section 8.6).
func expectsContent(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}

// SendBody sends bytes of the body, together with what is buffered. Small
// ones stay in the buffer until Flush.
func (c *ClientConn) SendBody(p []byte) *message.Failure {
	x := c.x
	if len(p) == 0 {
		return nil
	}
	if x.sending == sendingChunked {
		x.out = strconv.AppendInt(x.out, int64(len(p)), 16)
		x.out = append(x.out, '\r', '\n')
	}
	if len(x.out)+len(p) <= gather {
		x.out = append(x.out, p...)
	} else {
		if f := c.Flush(); f != nil {
			return f
		}
		if f := c.write(p); f != nil {
			return f
		}
	}
	if x.sending == sendingChunked {
		x.out = append(x.out, '\r', '\n')
	}
	return nil
}

// FinishSending ends the request.
func (c *ClientConn) FinishSending(trailers message.Fields) *message.Failure {
	x := c.x
	if x.sending == sendingChunked {
		x.out = append(x.out, '0', '\r', '\n')
		for i := range trailers {
			x.out = append(x.out, trailers[i].Name...)
			x.out = append(x.out, ':', ' ')
			x.out = append(x.out, trailers[i].Value...)
			x.out = append(x.out, '\r', '\n')
		}
		x.out = append(x.out, '\r', '\n')
	}
	if f := c.Flush(); f != nil {
		return f
	}
	x.sent = true
	return nil
}

// CloseWrite ends our direction of a tunnel.
func (c *ClientConn) CloseWrite() { c.s.CloseWrite() }

// Flush sends what is buffered.
func (c *ClientConn) Flush() *message.Failure {
	p := c.x.out
	if len(p) == 0 {
		return nil
	}
	c.x.out = p[:0]
	return c.write(p)
}

// write sends p. Whether a failure may be tried again depends on whether a
// byte of the request can have reached the upstream.
func (c *ClientConn) write(p []byte) *message.Failure {
	n, err := c.s.Write(p)
	if err == nil {
		c.x.wrote = true
		return nil
	}
	f := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseSend,
		Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent, Err: err}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		f.Cause = message.CauseConnectionWriteTimeout
	}
	if n == 0 && !c.x.wrote {
		f.Again = message.AgainAlways
	}
	return f
}
