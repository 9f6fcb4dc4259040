package store

import (
	"sync"
	"sync/atomic"
)

// Progress is what Wait was ended by.
type Progress uint8

const (
	More      Progress = iota // there are bytes beyond the offset
	Ended                     // there are none, and the object is complete
	Failed                    // there are none, and the object was cut short
	Cancelled                 // by the caller
)

// fill is what an object has that is being filled, or was when the Object was
// made.
type fill struct {
	promise int          // guarded by Store.mu: blocks that count as promised to it; 0: it has ended
	refused bool         // of who fills: an Append said no
	size    atomic.Int64 // bytes of the body that may be read

	mu    sync.Mutex
	ended bool          // guarded by mu, as all below
	err   error         // nil: complete
	wake  chan struct{} // closed when something happened; nil: nobody waits
}

// complete reports whether it ended well.
func (f *fill) complete() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended && f.err == nil
}

// over reports whether it has ended.
func (f *fill) over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// end ends it, well if err is nil, and reports whether it had not ended.
func (f *fill) end(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return false
	}
	f.ended, f.err = true, err
	f.wakeAll()
	return true
}

// wakeAll wakes who waits. The caller holds mu.
func (f *fill) wakeAll() {
	if f.wake != nil {
		close(f.wake)
		f.wake = nil
	}
}

// look says what a Wait would say now, or returns what to wait for.
func (f *fill) look(off int64) (p Progress, wake <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case off < f.size.Load():
		return More, nil, nil
	case f.ended && f.err != nil:
		return Failed, nil, f.err
	case f.ended:
		return Ended, nil, nil
	case f.wake == nil:
		f.wake = make(chan struct{})
	}
	return 0, f.wake, nil
}

// Flush wakes those who Wait. Bytes can be read as soon as they are appended,
// but nobody is told before.
func (o *Object[M]) Flush() {
	if o.fill == nil {
		return
	}
	o.fill.mu.Lock()
	defer o.fill.mu.Unlock()
	o.fill.wakeAll()
}

// Wait waits until the body has bytes beyond off, or has ended before, or
// cancel is closed. The error is that of Fail, and nil unless it is Failed.
func (o *Object[M]) Wait(off int64, cancel <-chan struct{}) (Progress, error) {
	if o.fill == nil {
		if off < o.r.size {
			return More, nil
		}
		return Ended, nil
	}
	for {
		p, wake, err := o.fill.look(off)
		if wake == nil {
			return p, err
		}
		select {
		case <-wake:
		case <-cancel:
			return Cancelled, nil
		}
	}
}
