package http2

import (
	"runtime/debug"
	"time"

	"sluice/message"
)

// stream is one stream's Exchange: the parsed head, the body's reader and the
// response's writer. It is pooled.
type stream struct {
	c  *conn
	id uint32

	head head
	req  message.Request
	body requestBody
	out  responseWriter

	// All below is guarded by the connection's mu.

	remoteEnded bool             // the client sends no more
	takenBack   bool             // the client has reset it
	wasReset    bool             // we have reset it
	vacated     bool             // it does not count against MaxStreams any more
	localEnded  bool             // we send no more
	failure     *message.Failure // why the stream ended before its Exchange did
	watcher     message.Canceler

	window  int64   // how much data the client lets us send; may be negative
	urgency uint8   // RFC 9218: 0 first, 7 last
	turn    turn    // what waits to be sent
	next    *stream // in the queue it is in
	queue   *queue  // nil: in none

	written chan struct{} // one token: look again, writer
}

// closed reports that both sides have ended the stream in order, though its
// Exchange may not have come to its end (RFC 9113 section 5.1). What was on its
// way while we reset one is another matter. The caller holds mu.
func (st *stream) closed() bool {
	return st.remoteEnded && st.localEnded && !st.wasReset && st.failure == nil
}

func newStream() *stream {
	st := &stream{written: make(chan struct{}, 1)}
	st.body.st, st.out.st = st, st
	st.body.came = make(chan struct{}, 1)
	return st
}

func acquireStream(c *conn, id uint32) *stream {
	st, _ := c.srv.streams.Get().(*stream)
	if st == nil {
		st = newStream()
	}
	st.c, st.id = c, id
	st.head.reset(c.srv.Limits)
	return st
}

// release gives the stream back.
func (st *stream) release() {
	pool := &st.c.srv.streams
	st.out.release()
	st.c = nil
	st.req = message.Request{}
	st.failure, st.watcher = nil, nil
	pool.Put(st)
}

// begin prepares the Exchange of a request whose head was judged with f.
func (st *stream) begin(f *message.Failure, ended bool) {
	h := &st.head
	st.req = message.Request{
		Method: h.method, Authority: h.authority, Target: h.target,
		Client: st.c.client, Start: st.c.block.since, Refused: f,
	}
	if f == nil {
		st.req.Fields, st.req.Length = h.fields, h.length
		st.req.Upgrade, st.req.Connect, st.req.Trailers = h.upgrade, h.connect, h.trailers
	}
	st.remoteEnded, st.localEnded = ended, false
	st.takenBack, st.wasReset, st.vacated = false, false, false
	st.failure, st.watcher = nil, nil
	st.window = st.c.outbox.streamWindow // written by this goroutine only
	st.urgency, st.turn, st.next, st.queue = h.urgency, turn{}, nil, nil
	select {
	case <-st.written: // left over from an earlier Exchange
	default:
	}
	st.body.begin(h.length)
	st.out.begin(len(h.method) == 4 && string(h.method) == "HEAD")
	switch {
	case f != nil:
		st.body.declared = -1 // nobody reads it, and the answer says what is wrong
	case h.connect:
		st.body.declared = -1 // the tunnel has no length
		st.offerWebSocket()
	case h.length != 0:
		st.req.Body = &st.body
	}
}

// serve is the life of the stream, on a goroutine of its own meanwhile. It
// reports false after a panic: that goroutine should end.
func (st *stream) serve() (well bool) {
	s := st.c.srv
	if s.Panicked == nil {
		s.Handle(&st.req, &st.out)
	} else if !st.survive(s) {
		return false
	}
	st.end()
	return true
}

// survive keeps a panic in the handler from ending the process: that of a
// stream ends the stream. What it has used is left to the collector, because
// nobody knows who still holds it.
func (st *stream) survive(s *Server) (survived bool) {
	defer func() {
		if survived {
			return
		}
		v := recover()
		st.leaveAndFlush(codeInternal)
		s.Panicked(v, debug.Stack())
	}()
	s.Handle(&st.req, &st.out)
	return true
}

// end deals with what the Exchange has left and gives the stream back.
func (st *stream) end() {
	code := codeNone // of the reset, if one is needed: the request's rest is not wanted
	switch {
	case !st.out.finished:
		code = codeInternal
	case st.head.malformed:
		code = codeProtocol
	}
	st.leaveAndFlush(code)
	st.release()
}

// leaveAndFlush is leave on the stream's own goroutine, which may wait.
func (st *stream) leaveAndFlush(code errorCode) {
	c := st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	st.leave(code)
	c.flush()
}

// leave takes the stream out of the connection. The caller holds mu.
func (st *stream) leave(code errorCode) {
	c := st.c
	c.outbox.remove(st)
	switch {
	case c.dead != nil, st.failure != nil, st.wasReset:
		// The client knows, or is gone.
	case !st.localEnded, !st.remoteEnded, st.head.malformed:
		st.sendReset(code)
	}
	c.inflow.drop(st)
	delete(c.streams, st.id)
	c.tellEnded()
	if !st.vacated {
		c.occupied--
	}
	if len(c.streams) == 0 {
		c.rest()
	}
}

// rest notes that no stream is open. The caller holds mu.
func (c *conn) rest() {
	c.quiet = time.Now()
	if c.allEnded != nil {
		close(c.allEnded)
		c.allEnded = nil
		return
	}
	c.nc.SetBusy(false)
	if c.farewell.final && c.dead == nil {
		c.nc.Interrupt() // wakes the reader, which ends the connection
	}
}

// sendReset appends a RST_STREAM. The caller holds mu.
func (st *stream) sendReset(code errorCode) {
	c := st.c
	c.outbox.b = appendReset(c.outbox.buffer(), st.id, code)
	if !st.remoteEnded || st.failure != nil {
		c.retired.add(st.id)
	}
	st.localEnded, st.wasReset = true, true
}

// endRemote notes that the client has sent all. The caller holds mu.
func (st *stream) endRemote() {
	st.remoteEnded = true
	st.vacate()
	st.body.wake()
}

// endLocal notes that we have sent all. The caller holds mu.
func (st *stream) endLocal() {
	st.localEnded = true
	st.vacate()
}

// vacate gives up the place of a stream that both sides have ended: the
// client may open another one as soon as it reads that, and must not be
// refused because our goroutine is not through yet. One that was reset holds
// its place until then. The caller holds mu.
func (st *stream) vacate() {
	if st.localEnded && st.remoteEnded && st.failure == nil && !st.vacated {
		st.vacated = true
		st.c.occupied--
	}
}

// wakeWriter has the goroutine look again that waits in submit.
func (st *stream) wakeWriter() {
	select {
	case st.written <- struct{}{}:
	default:
	}
}

// watch sets whom the end of the stream is told. Cancel is called under mu, so
// that after watch(nil) it is not running.
func (st *stream) watch(w message.Canceler) {
	c := st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	st.watcher = w
	if w != nil && st.failure != nil {
		w.Cancel()
		st.watcher = nil
	}
}
