package socket

import "sync"

// bufferSize is how much one read takes from the kernel when it goes through
// a pooled buffer: a TLS record and a half. BenchmarkUpload in record mode takes
// as much CPU as without with this, and a tenth more with 10 KiB.
const bufferSize = 32 << 10

type buffer [bufferSize]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// inbox keeps what has been taken from the kernel and not been read yet. It
// owns a pooled buffer exactly while it holds a byte.
type inbox struct {
	buf  *buffer
	r, w int
	err  error // what came behind the kept bytes, for good; the kernel tells some errors only once
}

func (b *inbox) buffered() int { return b.w - b.r }

// bytes returns what is kept, without taking it.
func (b *inbox) bytes() []byte {
	if b.buf == nil {
		return nil
	}
	return b.buf[b.r:b.w]
}

// skip drops n kept bytes, and the buffer with the last one.
func (b *inbox) skip(n int) {
	if b.r += n; b.r == b.w && b.buf != nil {
		buffers.Put(b.buf)
		b.buf, b.r, b.w = nil, 0, 0
	}
}

// keep takes over buf with its first n bytes.
func (b *inbox) keep(buf *buffer, n int) {
	b.buf, b.r, b.w = buf, 0, n
}
