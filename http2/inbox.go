package http2

import "sync"

// inboxSize holds the largest frame and the beginning of the next one.
const inboxSize = 32 << 10

type inboxBuffer [inboxSize]byte

var inboxBuffers = sync.Pool{New: func() any { return new(inboxBuffer) }}

// inbox holds the bytes that came and are not dealt with. It has a buffer only
// while there are some.
type inbox struct {
	buf  *inboxBuffer
	r, w int // buf[r:w] is unread
}

func (in *inbox) empty() bool { return in.r == in.w }

func (in *inbox) unread() []byte {
	if in.buf == nil {
		return nil
	}
	return in.buf[in.r:in.w]
}

// room returns where to read more into. It has place for the rest of any
// frame that has begun.
func (in *inbox) room() []byte {
	if in.buf == nil {
		in.buf = inboxBuffers.Get().(*inboxBuffer)
	}
	if in.r > 0 && inboxSize-in.r < frameHeaderSize+maxFrame || in.empty() {
		in.w = copy(in.buf[:], in.buf[in.r:in.w])
		in.r = 0
	}
	return in.buf[in.w:]
}

// release gives the buffer back.
func (in *inbox) release() {
	if in.buf != nil {
		inboxBuffers.Put(in.buf)
	}
	*in = inbox{}
}
