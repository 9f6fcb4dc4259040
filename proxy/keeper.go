package proxy

import (
	"io"
	"sync"
)

// keepBytes is how much of a request body is kept so that it can be sent
// again. A larger one is tried once.
const keepBytes = 64 << 10

type keepBuffer [keepBytes]byte

var keepBuffers = sync.Pool{New: func() any { return new(keepBuffer) }}

// keeper keeps what was read of a request body, for another Attempt. The zero
// value has kept all of nothing.
type keeper struct {
	buf   *keepBuffer
	n     int
	lost  bool // more was read than was kept
	ended bool // the body was read to its end
}

// add keeps p, or finds out that it cannot.
func (k *keeper) add(p []byte) {
	if k.lost || k.n+len(p) > keepBytes {
		k.lost = true
		return
	}
	if k.buf == nil {
		k.buf = keepBuffers.Get().(*keepBuffer)
	}
	k.n += copy(k.buf[k.n:], p)
}

// end takes the error that ended the reading and returns nil if it is the
// body's end.
func (k *keeper) end(err error) error {
	if err == io.EOF {
		k.ended = true
		return nil
	}
	return err
}

// bytes returns what was kept.
func (k *keeper) bytes() []byte {
	if k.buf == nil {
		return nil
	}
	return k.buf[:k.n]
}

// whole reports that nothing that was read is lost, so that the body can be
// sent again.
func (k *keeper) whole() bool { return !k.lost }

// release gives the buffer back.
func (k *keeper) release() {
	if k.buf != nil {
		keepBuffers.Put(k.buf)
		*k = keeper{}
	}
}
