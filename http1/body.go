package http1

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"sluice/message"
)

// framing says how the end of a body is known (RFC 9112 section 6.3).
type bodyKind uint8

const (
	framedNone bodyKind = iota
	framedLength
	framedChunked
	framedClose // by the end of the connection
)

// bigBuffer is what large bodies are read through: large enough that the
// system calls do not count, small enough that a thousand slow ones fit.
type bigBuffer [64 << 10]byte

var bigBuffers = sync.Pool{New: func() any { return new(bigBuffer) }}

// source is a connection to read a body from.
type source interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
}

// bodyReader reads a body of any framing, for both directions. It uses the
// buffer that its head came in as long as that is of use, and a pooled large
// one for the rest of a larger body.
type bodyReader struct {
	src     source
	explain func(error) error // what a failed read means
	kind    bodyKind
	left    int64 // of framedLength: bytes still to come
	chunks  chunked
	silence time.Duration // how long a read may wait for a byte

	buf   []byte
	floor int // buf[:floor] must stay as it is
	r, w  int // buf[r:w] is unread
	big   *bigBuffer
	full  bool // the last read filled the buffer: a larger one pays

	peeked []byte // found by Ready, not yet returned by Next
	err    error  // io.EOF after the end; sticky

	// For whoever writes the response meanwhile.
	asked  atomic.Bool  // somebody wants it
	total  atomic.Int64 // bytes returned
	broken atomic.Bool  // err is not io.EOF: where the body ends will never be known
}

// start prepares for a body whose first bytes may stand in buf[r:w].
func (b *bodyReader) start(kind bodyKind, length int64, buf []byte, floor, r, w int) {
	b.kind, b.left = kind, length
	b.buf, b.floor, b.r, b.w = buf, floor, r, w
	b.peeked, b.err, b.full = nil, nil, false
	b.asked.Store(false)
	b.total.Store(0)
	b.broken.Store(false)
	switch {
	case kind == framedNone, kind == framedLength && length == 0:
		b.err = io.EOF
	case kind == framedChunked:
		b.chunks.reset()
	}
}

// Ready implements message.Body.
func (b *bodyReader) Ready() bool {
	if !b.asked.Load() {
		b.asked.Store(true)
	}
	if b.peeked == nil && b.err == nil {
		b.peeked = b.take()
	}
	return b.peeked != nil || b.err != nil
}

// Next implements message.Body.
func (b *bodyReader) Next() ([]byte, error) {
	for {
		if b.Ready() {
			if p := b.peeked; p != nil {
				b.peeked = nil
				b.total.Add(int64(len(p)))
				return p, nil
			}
			return nil, b.err
		}
		if err := b.fill(); err != nil {
			return nil, err
		}
	}
}

// Trailers implements message.Body.
func (b *bodyReader) Trailers() message.Fields {
	if b.kind == framedChunked && b.err == io.EOF {
		return b.chunks.trailers
	}
	return nil
}

// finished reports that the body was read to its end.
func (b *bodyReader) finished() bool { return b.err == io.EOF && b.peeked == nil }

// take returns the next piece from the buffer, nil if it needs more bytes.
func (b *bodyReader) take() []byte {
	switch b.kind {
	case framedLength:
		return b.takeCounted()
	case framedChunked:
		return b.takeChunk()
	}
	p := b.buf[b.r:b.w]
	b.r = b.w
	if len(p) == 0 {
		return nil
	}
	return p
}

func (b *bodyReader) takeCounted() []byte {
	if b.left == 0 {
		b.err = io.EOF
		return nil
	}
	p := b.buf[b.r:b.w]
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if len(p) == 0 {
		return nil
	}
	b.r += len(p)
	b.left -= int64(len(p))
	return p
}

func (b *bodyReader) takeChunk() []byte {
	for {
		data, n, done, f := b.chunks.next(b.buf[b.r:b.w])
		b.r += n
		switch {
		case f != nil:
			b.fail(f)
			return nil
		case len(data) > 0:
			return data
		case done:
			b.err = io.EOF
			return nil
		case n == 0:
			return nil
		}
	}
}

// fail ends the reading with what err means, unless that was a time-out in a
// tunnel or a Stop, after which one may go on.
func (b *bodyReader) fail(err error) error {
	err = b.explain(err)
	if !passing(err) {
		b.err = err
		b.broken.Store(true)
	}
	return err
}

// passing reports that reading may be tried again after err.
func passing(err error) bool {
	return err == message.ErrStopped || err == os.ErrDeadlineExceeded
}

// fill reads more bytes behind those that are there.
func (b *bodyReader) fill() error {
	b.makeRoom()
	room := b.buf[b.w:]
	if len(room) == 0 {
		return b.fail(errBufferFull)
	}
	if b.kind == framedLength && int64(len(room)) > b.left {
		room = room[:b.left] // what follows belongs to the next message
	}
	b.src.SetReadDeadline(time.Now().Add(b.silence))
	n, err := b.src.Read(room)
	b.w += n
	b.full = n == len(room)
	if n > 0 || err == nil {
		return nil
	}
	if isEOF(err) && b.kind == framedClose {
		b.err = io.EOF
		return nil
	}
	return b.fail(err)
}

// makeRoom moves the unread bytes to the front and changes to the large
// buffer when the small one is short for what is to come. A stream of small
// events keeps the small one.
func (b *bodyReader) makeRoom() {
	small := len(b.buf)-b.floor < 4<<10
	more := b.full || b.kind == framedLength && b.left > int64(len(b.buf)-b.floor)
	if b.big == nil && (small || more) {
		b.big = bigBuffers.Get().(*bigBuffer)
		b.w = copy(b.big[:], b.buf[b.r:b.w])
		b.buf, b.floor, b.r = b.big[:], 0, 0
		return
	}
	if b.r > b.floor {
		b.w = b.floor + copy(b.buf[b.floor:], b.buf[b.r:b.w])
		b.r = b.floor
	}
}

// releaseBuffer gives the large buffer back. Nothing that Next returned may
// be in use any more.
func (b *bodyReader) releaseBuffer() {
	if b.big != nil {
		bigBuffers.Put(b.big)
		b.big, b.buf = nil, nil
		b.r, b.w = 0, 0
	}
}
