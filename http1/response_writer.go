package http1

import (
	"errors"
	"os"
	"strconv"
	"time"

	"sluice/message"
)

// outSize is how much of a response is gathered before it is written: one
// full TLS record, so that a small answer leaves in one system call and a
// large one wastes none.
const outSize = 16 << 10

// responseWriter writes a response on a client's connection. It implements
// message.ResponseWriter.
type responseWriter struct {
	x   *stream
	buf []byte // arr[:n], what is gathered

	minor     int  // of the request
	keepAlive bool // a 1.0 client asked for it
	noBody    bool // HEAD
	close     bool // the connection ends with this response

	started  bool
	finished bool
	aborted  bool
	tunnel   bool
	chunked  bool
	bodyless bool
	left     int64 // of a counted body: bytes still owed; -1 without a count
	total    int64
	err      error

	raw tunnelBody
	arr [outSize]byte
}

// begin prepares for the response to the stream's request.
func (o *responseWriter) begin(x *stream, close bool) {
	o.x, o.buf = x, o.arr[:0]
	o.minor, o.keepAlive, o.noBody, o.close = 1, false, false, close
	o.started, o.finished, o.aborted, o.tunnel = false, false, false, false
	o.chunked, o.bodyless = false, false
	o.left, o.total, o.err = 0, 0, nil
	o.raw.total.Store(0)
}

// Inform implements message.ResponseWriter. A 1.0 client does not know
// interim responses and gets none (RFC 9110 section 15.2).
func (o *responseWriter) Inform(r *message.Response) error {
	if o.minor == 0 || o.started || o.err != nil {
		return o.err
	}
	if r.Status == 100 {
		o.x.body.continued = true
	}
	o.statusLine(r.Status)
	for i := range r.Fields {
		o.field(&r.Fields[i])
	}
	o.text("\r\n")
	return o.Flush()
}

// Start implements message.ResponseWriter.
func (o *responseWriter) Start(r *message.Response) error {
	if o.started {
		panic("internal error: a response was started twice")
	}
	o.started = true
	o.statusLine(r.Status)
	dated := false
	for i := range r.Fields {
		dated = dated || r.Fields[i].ID == message.Date
		o.field(&r.Fields[i])
	}
	if !dated {
		// RFC 9110 section 6.6.1: who forwards a response without one adds it.
		o.text("Date: ")
		o.text(o.x.conn.srv.dates.At(time.Now()))
		o.text("\r\n")
	}
	o.frame(r)
	o.persistence(r)
	o.text("\r\n")
	return o.err
}

// frame writes the fields that say where the body ends (RFC 9112 section 6).
func (o *responseWriter) frame(r *message.Response) {
	o.tunnel = r.Status == 101
	o.bodyless = o.noBody || r.Status == 204 || r.Status == 304
	o.left = r.Length
	switch {
	case o.tunnel:
		o.left = -1
	case r.Status == 204:
	case r.Length >= 0:
		o.text("Content-Length: ")
		o.buf = strconv.AppendInt(o.room(20), r.Length, 10)
		o.text("\r\n")
	case o.bodyless:
	case o.minor == 0:
		o.close = true
	default:
		o.chunked = true
		o.text("Transfer-Encoding: chunked\r\n")
	}
	if o.bodyless {
		o.left = 0
	}
}

// persistence writes the Connection field (RFC 9112 section 9).
func (o *responseWriter) persistence(r *message.Response) {
	if o.tunnel {
		o.text("Connection: Upgrade\r\nUpgrade: ")
		o.bytes(r.Upgrade)
		o.text("\r\n")
		return
	}
	o.close = o.close || o.x.conn.nc.Draining() || o.x.body.hopeless()
	switch {
	case o.close:
		o.text("Connection: close\r\n")
	case o.keepAlive:
		o.text("Connection: keep-alive\r\n")
	}
}

// Write implements message.ResponseWriter.
func (o *responseWriter) Write(p []byte) error {
	if o.err != nil {
		return o.err
	}
	if o.bodyless {
		return nil
	}
	o.total += int64(len(p))
	if o.chunked {
		return o.writeChunks(p)
	}
	if o.left >= 0 {
		if int64(len(p)) > o.left {
			panic("internal error: more body than the head declared")
		}
		o.left -= int64(len(p))
	}
	return o.writePlain(p)
}

// writePlain gathers what fits and writes the rest without a copy.
func (o *responseWriter) writePlain(p []byte) error {
	if len(o.buf) > 0 || len(p) < outSize {
		n := copy(o.arr[len(o.buf):], p)
		o.buf = o.arr[:len(o.buf)+n]
		if p = p[n:]; len(p) == 0 {
			return nil
		}
		if err := o.Flush(); err != nil {
			return err
		}
	}
	if len(p) < outSize {
		o.buf = append(o.buf, p...)
		return nil
	}
	return o.send(p)
}

// chunkOverhead is the most that a chunk's size line and ends may take.
const chunkOverhead = 4 + 2 + 2

// writeChunks sends p as chunks that each fit in the buffer with their ends.
func (o *responseWriter) writeChunks(p []byte) error {
	for len(p) > 0 {
		free := outSize - len(o.buf) - chunkOverhead
		if free < 512 && free < len(p) {
			if err := o.Flush(); err != nil {
				return err
			}
			continue
		}
		n := min(len(p), free)
		o.buf = strconv.AppendInt(o.buf, int64(n), 16)
		o.buf = append(o.buf, '\r', '\n')
		o.buf = append(o.buf, p[:n]...)
		o.buf = append(o.buf, '\r', '\n')
		p = p[n:]
	}
	return nil
}

// Flush implements message.ResponseWriter.
func (o *responseWriter) Flush() error {
	if len(o.buf) == 0 || o.err != nil {
		return o.err
	}
	p := o.buf
	o.buf = o.arr[:0]
	return o.send(p)
}

// Finish implements message.ResponseWriter.
func (o *responseWriter) Finish(trailers message.Fields) error {
	if o.err != nil {
		return o.err
	}
	if o.left > 0 {
		panic("internal error: less body than the head declared")
	}
	if o.chunked {
		o.text("0\r\n")
		for i := range trailers {
			o.field(&trailers[i])
		}
		o.text("\r\n")
	}
	if o.Flush() == nil {
		o.finished = true
	}
	if o.tunnel && o.err == nil {
		o.x.conn.nc.CloseWrite()
	}
	return o.err
}

// Abort implements message.ResponseWriter.
func (o *responseWriter) Abort(*message.Failure) {
	o.aborted = true
	o.buf = o.arr[:0]
	o.x.conn.nc.Abort()
}

// BytesIn implements message.ResponseWriter.
func (o *responseWriter) BytesIn() int64 { return o.x.body.total.Load() + o.raw.total.Load() }

// BytesOut implements message.ResponseWriter.
func (o *responseWriter) BytesOut() int64 { return o.total }

// Watch implements message.ResponseWriter.
func (o *responseWriter) Watch(c message.Canceler) { o.x.conn.watch(c) }

// Gone implements message.ResponseWriter: a connection that ends says no more.
func (o *responseWriter) Gone() *message.Failure { return nil }

// Tunnel implements message.ResponseWriter. A request that may be answered by
// 101 has no body, so what stands behind its head is the tunnel's.
func (o *responseWriter) Tunnel(silence time.Duration) message.RequestBody {
	b := &o.x.body
	t := &o.raw
	t.x, t.src, t.silence = o.x, o.x.conn.nc, silence
	t.explain = t.explainRead
	t.start(framedClose, 0, b.buf, b.floor, b.r, b.w)
	return t
}

// send writes p to the connection.
func (o *responseWriter) send(p []byte) error {
	if _, err := o.x.conn.nc.Write(p); err != nil {
		cause := message.CauseClientGone
		if errors.Is(err, os.ErrDeadlineExceeded) {
			cause = message.CauseClientSlow
		}
		o.err = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: cause, Err: err}
	}
	return o.err
}

// statusLine begins a head. The reason phrase is ours: HTTP/2 has none, and
// nobody may rely on it (RFC 9112 section 4).
func (o *responseWriter) statusLine(status int) {
	o.text("HTTP/1.1 ")
	o.buf = strconv.AppendInt(o.room(4), int64(status), 10)
	o.text(" ")
	o.text(reason(status))
	o.text("\r\n")
}

func (o *responseWriter) field(f *message.Field) {
	o.bytes(f.Name)
	o.text(": ")
	o.bytes(f.Value)
	o.text("\r\n")
}

// room returns the gathered bytes with place for n more behind them.
func (o *responseWriter) room(n int) []byte {
	if outSize-len(o.buf) < n {
		o.spill()
	}
	return o.buf
}

func (o *responseWriter) text(s string) {
	for len(s) > outSize-len(o.buf) {
		n := outSize - len(o.buf)
		o.buf = append(o.buf, s[:n]...)
		s = s[n:]
		o.spill()
	}
	o.buf = append(o.buf, s...)
}

func (o *responseWriter) bytes(p []byte) {
	for len(p) > outSize-len(o.buf) {
		n := outSize - len(o.buf)
		o.buf = append(o.buf, p[:n]...)
		p = p[n:]
		o.spill()
	}
	o.buf = append(o.buf, p...)
}

// spill sends a full buffer in the middle of a head. After an error the bytes
// are dropped; the error is kept.
func (o *responseWriter) spill() {
	if o.Flush() != nil {
		o.buf = o.arr[:0]
	}
}
