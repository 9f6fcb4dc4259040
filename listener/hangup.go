package listener

import (
	"sync"

	"sluice/socket"
)

// hangup stands between the watch and the handler, because a connection can
// also be aborted by Wait, of which the watch does not know.
type hangup struct {
	mu sync.Mutex
	h  socket.HangupHandler // nil: none, told already, or ended
}

// OnHangup has h told once when the peer goes away, or when the connection is
// aborted at the end of a drain. The rules of socket.HangupHandler hold.
func (c *Conn) OnHangup(h socket.HangupHandler) error {
	c.hang.set(h)
	return c.sock.OnHangup(c.l.watch, c)
}

// Hangup is called by the watch.
func (c *Conn) Hangup() { c.hang.tell() }

func (g *hangup) set(h socket.HangupHandler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.h = h
}

// tell calls the handler unless that is done or over. The lock is held during
// the call, so that end waits for it.
func (g *hangup) tell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h := g.h; h != nil {
		g.h = nil
		h.Hangup()
	}
}

func (g *hangup) end() { g.set(nil) }
