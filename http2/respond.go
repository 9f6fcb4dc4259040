package http2

import (
	"errors"
	"time"

	"sluice/message"
)

// gatherSize is how much of a body is kept back to go out together with the
// head or the end. More than that is taken from where it stands.
const gatherSize = 4 << 10

// responseWriter writes the response of a stream. It implements
// message.ResponseWriter. It belongs to the goroutine of the Exchange.
type responseWriter struct {
	st    *stream
	timer *time.Timer // of awaitTurn

	noBody   bool // HEAD
	started  bool
	finished bool
	bodyless bool
	left     int64 // of a counted body: bytes still owed; -1 without a count
	total    int64
	err      error

	head []byte // the section that was not handed on yet
	data []byte // and the data behind it
	tail []byte // memory for trailers

	headArr [1 << 10]byte
	dataArr [gatherSize]byte
}

func (o *responseWriter) begin(noBody bool) {
	o.noBody, o.started, o.finished, o.bodyless = noBody, false, false, false
	o.left, o.total, o.err = 0, 0, nil
	o.head, o.data = o.headArr[:0], o.dataArr[:0]
}

// release lets go of memory that has grown.
func (o *responseWriter) release() { o.head, o.tail = nil, nil }

// Inform implements message.ResponseWriter.
func (o *responseWriter) Inform(r *message.Response) error {
	if o.started || o.err != nil {
		return o.err
	}
	o.head = appendHead(o.head[:0], o.st.id, r.Status, r.Fields, -1, "", maxFrame)
	return o.handOn(nil, false)
}

// Start implements message.ResponseWriter.
func (o *responseWriter) Start(r *message.Response) error {
	if o.started {
		panic("internal error: a response was started twice")
	}
	o.started = true
	if o.err != nil {
		return o.err
	}
	status, length, fields := r.Status, r.Length, r.Fields
	if status == 101 {
		var f *message.Failure
		if fields, f = o.st.acceptWebSocket(fields); f != nil {
			o.err = f
			return f
		}
		status, length = 200, -1
	}
	o.bodyless = o.noBody || status == 204 || status == 304
	if status == 204 {
		length = -1
	}
	date := ""
	if !fields.Has(message.Date) {
		// RFC 9110 section 6.6.1: who forwards a response without one adds it.
		date = o.st.c.srv.dates.At(time.Now())
	}
	o.head = appendHead(o.head[:0], o.st.id, status, fields, length, date, maxFrame)
	o.left = length
	if o.bodyless {
		o.left = 0
	}
	return nil
}

// Write implements message.ResponseWriter.
func (o *responseWriter) Write(p []byte) error {
	if o.err != nil || o.bodyless {
		return o.err
	}
	o.total += int64(len(p))
	last := false
	if o.left >= 0 {
		if int64(len(p)) > o.left {
			panic("internal error: more body than the head declared")
		}
		o.left -= int64(len(p))
		last = o.left == 0
	}
	switch {
	case len(o.data) == 0 && (last || len(p) > gatherSize):
		return o.handOn(p, last)
	case len(o.data)+len(p) > gatherSize:
		if err := o.handOn(o.data, false); err != nil {
			return err
		}
		return o.keepOrHandOn(p, last)
	}
	return o.keepOrHandOn(p, last)
}

// keepOrHandOn keeps a small piece back, unless it is the last.
func (o *responseWriter) keepOrHandOn(p []byte, last bool) error {
	if len(o.data)+len(p) > gatherSize {
		return o.handOn(p, last)
	}
	o.data = append(o.data, p...)
	if last {
		return o.handOn(o.data, true)
	}
	return nil
}

// handOn has the head, if it was not sent yet, and p sent.
func (o *responseWriter) handOn(p []byte, last bool) error {
	if o.err != nil {
		return o.err
	}
	if err := o.st.submit(turn{head: o.head, data: p, last: last}); err != nil {
		o.err = err
	}
	o.head, o.data = o.head[:0], o.dataArr[:0]
	if last && o.err == nil {
		o.finished = true
	}
	return o.err
}

// Flush implements message.ResponseWriter.
func (o *responseWriter) Flush() error {
	if len(o.head) == 0 && len(o.data) == 0 || o.err != nil {
		return o.err
	}
	return o.handOn(o.data, false)
}

// Finish implements message.ResponseWriter.
func (o *responseWriter) Finish(trailers message.Fields) error {
	if o.err != nil || o.finished {
		return o.err
	}
	if o.left > 0 {
		panic("internal error: less body than the head declared")
	}
	if len(trailers) == 0 || o.bodyless {
		return o.handOn(o.data, true)
	}
	o.tail = appendTrailers(o.tail[:0], o.st.id, trailers, maxFrame)
	err := o.st.submit(turn{head: o.head, data: o.data, tail: o.tail, last: true})
	o.head, o.data = o.head[:0], o.dataArr[:0]
	o.err, o.finished = err, err == nil
	return err
}

// Abort implements message.ResponseWriter.
func (o *responseWriter) Abort(f *message.Failure) {
	st := o.st
	c := st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	o.err = failureAborted
	if st.localEnded && st.remoteEnded || st.failure != nil || st.wasReset || c.dead != nil {
		return
	}
	st.sendReset(st.abortCode(f))
	c.flush()
}

// failureAborted is what a writer says after Abort.
var failureAborted = &message.Failure{Party: message.PartySluice, Phase: message.PhaseBody,
	Cause: message.CauseInternal, Err: errors.New("the response was aborted")}

// abortCode is the error code that tells the client of f. The code of the
// upstream's own reset is passed on, for gRPC means something by it.
func (st *stream) abortCode(f *message.Failure) errorCode {
	switch {
	case f == nil:
		return codeInternal
	case f.Code != 0:
		return errorCode(f.Code)
	case f.Party == message.PartyClient:
		return codeCancel
	case st.req.Connect:
		return codeConnect
	}
	return codeInternal
}

// BytesIn implements message.ResponseWriter.
func (o *responseWriter) BytesIn() int64 {
	c := o.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	return o.st.body.taken
}

// BytesOut implements message.ResponseWriter.
func (o *responseWriter) BytesOut() int64 { return o.total }

// Watch implements message.ResponseWriter.
func (o *responseWriter) Watch(c message.Canceler) { o.st.watch(c) }

// Gone implements message.ResponseWriter.
func (o *responseWriter) Gone() *message.Failure {
	c := o.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	return o.st.failure
}

// Tunnel implements message.ResponseWriter.
func (o *responseWriter) Tunnel(silence time.Duration) message.RequestBody {
	b := &o.st.body
	b.tunnel, b.wait = true, silence
	return b
}
