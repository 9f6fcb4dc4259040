package listener

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Handshakes bounds how many TLS handshakes are computed at a time, over all
// listeners that share it. A flood of them would otherwise take all cores from
// the clients that are being served: each costs a core some tenths of a
// millisecond, a hundred times what a request does.
//
// A handshake that waits for its client holds no place, so slow clients cost
// nothing. Of those that wait for a place, the ones that resume a session go
// first: they are cheap, and their clients were here before.
type Handshakes struct {
	most     int // at a time
	queue    int // waiting at a time
	patience time.Duration

	mu      sync.Mutex
	busy    int           // guarded by mu
	waiting [2][]*waiting // guarded by mu; those that resume, then the others; oldest first
	refused atomic.Uint64
}

// waiting is a handshake that waits for a place.
type waiting struct {
	given chan struct{} // closed when it has one
	gone  bool          // guarded by Handshakes.mu: it waits no more
}

const (
	// handshakeQueue is how many may wait for each place: they are through
	// within handshakePatience, when a browser has not yet given up.
	handshakeQueue    = 2000
	handshakePatience = time.Second
)

// NewHandshakes returns one that lets n be computed at a time, at least one.
func NewHandshakes(n int) *Handshakes {
	n = max(n, 1)
	return &Handshakes{most: n, queue: n * handshakeQueue, patience: handshakePatience}
}

// errBusy is why a handshake fails that would have to wait for too long.
var errBusy = errors.New("too many TLS handshakes at a time")

// Refused is how many handshakes were cut off because there were too many.
func (h *Handshakes) Refused() uint64 { return h.refused.Load() }

// enter takes a place, waiting for it if need be, or returns errBusy.
func (h *Handshakes) enter(resumes bool) error {
	h.mu.Lock()
	if h.busy < h.most {
		h.busy++
		h.mu.Unlock()
		return nil
	}
	if len(h.waiting[0])+len(h.waiting[1]) >= h.queue {
		h.mu.Unlock()
		h.refused.Add(1)
		return errBusy
	}
	class := 1
	if resumes {
		class = 0
	}
	w := &waiting{given: make(chan struct{})}
	h.waiting[class] = append(h.waiting[class], w)
	h.mu.Unlock()
	return h.await(w)
}

func (h *Handshakes) await(w *waiting) error {
	timer := time.NewTimer(h.patience)
	defer timer.Stop()
	select {
	case <-w.given:
		return nil
	case <-timer.C:
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-w.given: // just now
		return nil
	default:
		w.gone = true
		h.refused.Add(1)
		return errBusy
	}
}

// leave gives a place to the next that waits, or back.
func (h *Handshakes) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for class := range h.waiting {
		for len(h.waiting[class]) > 0 {
			w := h.waiting[class][0]
			h.waiting[class][0] = nil
			h.waiting[class] = h.waiting[class][1:]
			if !w.gone {
				close(w.given)
				return
			}
		}
		h.waiting[class] = nil // what the slice has run through is free
	}
	h.busy--
}

// turn is one handshake's place. It is socket.Turn.
type turn struct {
	all     *Handshakes
	resumes bool
	holds   bool
}

func (t *turn) Pause() {
	if t.holds {
		t.holds = false
		t.all.leave()
	}
}

func (t *turn) Resume() error {
	err := t.all.enter(t.resumes)
	t.holds = err == nil
	return err
}

// inTurn does a handshake when it is its turn.
func (l *Listener) inTurn(c *Conn, handshake func() error) error {
	if l.cfg.Handshakes == nil {
		return handshake()
	}
	t := &turn{all: l.cfg.Handshakes, resumes: resumes(c.sock.Peek())}
	if err := t.Resume(); err != nil {
		return err
	}
	c.sock.TakeTurns(t)
	defer c.sock.TakeTurns(nil)
	defer t.Pause()
	return handshake()
}
