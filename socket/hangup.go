package socket

import (
	"errors"
	"sync"
)

// ErrWatched is returned by a second OnHangup of one Conn.
var ErrWatched = errors.New("socket: the connection is watched already")

// HangupHandler is told that a connection's peer has gone.
type HangupHandler interface {
	// Hangup is called on the Watch's goroutine. It must not wait, nor close
	// the connection it tells of (Interrupt is the way), nor take a lock
	// under which somebody closes it.
	Hangup()
}

// registration is one connection's entry at a Watch.
type registration struct {
	mu    sync.Mutex
	watch *Watch        // nil: never watched, or ended
	slot  int32         // ours at watch
	h     HangupHandler // nil: told already, or ended
	used  bool
}

// OnHangup has h told, once at most, when the peer closes, half-closes or
// resets the connection, also while nobody reads. What has been sent before
// may still be read then. After Close or Abort has returned h is not called
// any more, and a call that had begun is over.
func (c *Conn) OnHangup(w *Watch, h HangupHandler) error {
	r := &c.watched
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		return ErrWatched
	}
	if c.raw == nil || w == nil {
		return errors.ErrUnsupported
	}
	r.used, r.h, r.watch = true, h, w
	if err := w.add(c, r); err != nil {
		r.h, r.watch = nil, nil
		return err
	}
	return nil
}

// tell calls the handler unless that has been done or the connection ended.
// The lock is held during the call, so that end waits for it.
func (r *registration) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.h; h != nil {
		r.h = nil
		h.Hangup()
	}
}

// end takes the connection out of the watch. It comes before the descriptor
// is closed, and the kernel forgets a closed descriptor by itself.
func (r *registration) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used, r.h = true, nil
	if r.watch != nil {
		r.watch.remove(r.slot)
		r.watch = nil
	}
}
