package http2

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"sluice/message"
)

// pieceSize is in how large pieces a body is kept until it is taken: one full
// DATA frame.
const pieceSize = 16 << 10

// piece is a part of a body. Small frames share one, so that many of them
// hold no more memory than their bytes do.
type piece struct {
	next *piece
	r, w int // buf[r:w] was not taken
	buf  [pieceSize]byte
}

var pieces = sync.Pool{New: func() any { return new(piece) }}

// requestBody is the body of a stream's request, or what the client sends into
// its tunnel. It implements message.RequestBody.
type requestBody struct {
	st     *stream
	tunnel bool // silence is no failure
	wait   time.Duration
	timer  *time.Timer

	// Guarded by the connection's mu.
	first, end *piece // what came and was not taken; nil: nothing
	handed     int    // bytes of first that the last Next has handed out
	declared   int64  // Content-Length; -1 without one
	received   int64
	taken      int64
	left       int64 // of the stream's window
	window     int64 // what left was, with nothing on the way
	unsaid     int64 // taken and not yet given back to the client
	stopped    bool
	err        error
	trailers   *head

	came chan struct{} // one token: look again, reader
}

// begin prepares for the body behind a head.
func (b *requestBody) begin(length int64) {
	b.tunnel, b.wait = false, b.st.c.srv.BodyTimeout
	b.handed, b.received, b.taken, b.unsaid = 0, 0, 0, 0
	b.left, b.window = streamWindow, streamWindow
	b.declared = length
	b.stopped, b.err = false, nil
	select {
	case <-b.came: // left over from an earlier Exchange
	default:
	}
}

// owed is how many bytes Content-Length has promised and that did not come.
func (b *requestBody) owed() int64 {
	if b.declared < 0 {
		return 0
	}
	return b.declared - b.received
}

// take takes what a DATA frame brings; size is what it counts for flow
// control. The caller holds mu.
func (b *requestBody) take(data []byte, size int, last bool) *violation {
	st := b.st
	if int64(size) > b.left {
		return violationStreamOver
	}
	b.left -= int64(size)
	padding := int64(size - len(data))
	b.unsaid += padding
	st.c.inflow.unsaid += padding
	if st.remoteEnded {
		st.c.inflow.unsaid += int64(len(data))
		return violationHalfClosed
	}
	b.received += int64(len(data))
	if b.declared >= 0 && (b.received > b.declared || last && b.received < b.declared) {
		st.c.inflow.unsaid += int64(len(data))
		return violationLength
	}
	b.keep(data)
	if last {
		st.endRemote()
	}
	b.wake()
	return nil
}

// keep copies data behind what is kept.
func (b *requestBody) keep(data []byte) {
	for len(data) > 0 {
		if b.end == nil || b.end.w == pieceSize {
			p := pieces.Get().(*piece)
			p.next, p.r, p.w = nil, 0, 0
			if b.end == nil {
				b.first = p
			} else {
				b.end.next = p
			}
			b.end = p
		}
		n := copy(b.end.buf[b.end.w:], data)
		b.end.w += n
		data = data[n:]
	}
}

// wake has the goroutine look again that waits in Next.
func (b *requestBody) wake() {
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// Ready implements message.Body.
func (b *requestBody) Ready() bool {
	c := b.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	b.settle()
	return b.first != nil || b.err != nil || b.st.failure != nil || b.st.remoteEnded || b.stopped
}

// Next implements message.Body.
func (b *requestBody) Next() ([]byte, error) {
	c := b.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	b.settle()
	deadline := time.Time{}
	for {
		if p, err := b.look(); p != nil || err != nil {
			return p, err
		}
		c.flush() // the window that was given back
		if p, err := b.look(); p != nil || err != nil {
			return p, err
		}
		if deadline.IsZero() {
			deadline = time.Now().Add(b.wait)
		}
		if !b.pause(deadline) {
			return nil, b.timedOut()
		}
	}
}

// look returns what is there: a piece, an error, or nothing. The caller holds
// mu.
func (b *requestBody) look() ([]byte, error) {
	switch {
	case b.stopped:
		return nil, message.ErrStopped
	case b.err != nil:
		return nil, b.err
	case b.st.failure != nil:
		b.err = b.st.failure
	case b.first != nil:
		p := b.first.buf[b.first.r:b.first.w]
		b.handed = len(p)
		b.taken += int64(len(p))
		return p, nil
	case b.st.remoteEnded:
		b.err = io.EOF
	}
	return nil, b.err
}

// settle lets go of what the last Next has handed out, and gives its window
// back to the client. The caller holds mu.
func (b *requestBody) settle() {
	if b.handed == 0 {
		return
	}
	p := b.first
	p.r += b.handed
	if p.r == p.w {
		b.first = p.next
		if b.first == nil {
			b.end = nil
		}
		pieces.Put(p)
	}
	b.unsaid += int64(b.handed)
	f := &b.st.c.inflow
	f.unsaid += int64(b.handed)
	b.handed = 0
	f.updateStream(b.st)
	f.update(b.st.c)
}

// pause waits for news, and reports false when none came in time. The caller
// holds mu, which is given up meanwhile.
func (b *requestBody) pause(deadline time.Time) bool {
	c := b.st.c
	c.mu.Unlock()
	defer c.mu.Lock()
	b.timer = setTimer(b.timer, time.Until(deadline))
	select {
	case <-b.came:
		b.timer.Stop()
		return true
	case <-b.timer.C:
		return false
	}
}

// setTimer arms a timer that is made when it is first needed.
func setTimer(t *time.Timer, d time.Duration) *time.Timer {
	if t == nil {
		return time.NewTimer(d)
	}
	t.Reset(d)
	return t
}

var errBodySlow = errors.New("the client sent nothing of its request body for body_timeout")

// timedOut is what silence means. In a tunnel the reading may go on.
func (b *requestBody) timedOut() error {
	if b.tunnel {
		return os.ErrDeadlineExceeded
	}
	if b.err == nil {
		b.err = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
			Cause: message.CauseClientSlow, Err: errBodySlow}
	}
	return b.err
}

// Trailers implements message.Body.
func (b *requestBody) Trailers() message.Fields {
	if b.trailers == nil || b.err != io.EOF {
		return nil
	}
	return b.trailers.fields
}

// Stop implements message.RequestBody.
func (b *requestBody) Stop() { b.stop(true) }

// Resume implements message.RequestBody.
func (b *requestBody) Resume() { b.stop(false) }

func (b *requestBody) stop(stopped bool) {
	c := b.st.c
	c.mu.Lock()
	defer c.mu.Unlock()
	b.stopped = stopped
	b.wake()
}

// drop lets go of everything and returns how many bytes nobody has taken. The
// caller holds mu.
func (b *requestBody) drop() (n int64) {
	for p := b.first; p != nil; {
		next := p.next
		n += int64(p.w - p.r)
		pieces.Put(p)
		p = next
	}
	b.first, b.end, b.handed = nil, nil, 0
	if b.trailers != nil {
		heads.Put(b.trailers)
		b.trailers = nil
	}
	return n
}
