package listener

import (
	"context"
	"fmt"
	"time"
)

const (
	// freshGrace is how long after Shutdown a connection that has not sent
	// a byte yet may still begin. Its client has no reason to expect a
	// close, and may not try again.
	freshGrace = time.Second

	// lateGrace is how long, at least, a connection lingers that becomes idle
	// after the others had their grace; at most twice that.
	lateGrace = time.Second

	// abortGrace is how long Wait lets aborted connections' goroutines unwind.
	abortGrace = time.Second
)

// Shutdown stops accepting and closes the listening socket. Connections that
// are idle, that is inside Await after something was served, are told by
// ErrEnd; the others find Draining true and may finish, also one that was accepted
// already and is not served yet. It does not wait.
func (l *Listener) Shutdown() { l.shutdown(0) }

// ShutdownGently is Shutdown when others serve on: connections that are idle may
// have one request more for so long, whose answer says that the connection ends,
// or with HTTP/2 a GOAWAY. A client that sends one just now loses nothing then.
// (GOAWAY at once would do in theory. But who has a body that can be sent only
// once, and is about to, fails when it comes at that moment: Go's client does.)
func (l *Listener) ShutdownGently(idle time.Duration) { l.shutdown(idle) }

func (l *Listener) shutdown(idle time.Duration) {
	if !l.drain(idle) {
		return
	}
	l.ln.Close()
	for _, c := range l.connections() {
		if idle == 0 {
			c.endIdle(false)
		}
	}
}

// drain marks us; false: it was done before.
func (l *Listener) drain(idle time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining.Load() {
		return false
	}
	l.gentle.Store(idle > 0)
	l.idleGrace = max(idle, freshGrace)
	l.draining.Store(true)
	close(l.stopped)
	return true
}

// Wait returns when all connections are gone. When ctx ends before, the rest
// is aborted, counted and given a moment to unwind; then Wait returns an error
// that says how many there were. It is called once, after Shutdown.
func (l *Listener) Wait(ctx context.Context) error {
	gone := l.allGone()
	grace := time.NewTimer(l.grace())
	defer grace.Stop()
	for over := false; !over; {
		select {
		case <-gone:
			return nil
		case <-grace.C:
			l.endFresh()
			if l.gentle.Load() {
				grace.Reset(lateGrace)
			}
		case <-ctx.Done():
			over = true
		}
	}
	ending := l.endLingering()
	n := l.abortAll(ending)
	if n == 0 && len(ending) == 0 {
		return nil // the last one ended at the same time as ctx
	}
	timer := time.NewTimer(abortGrace)
	defer timer.Stop()
	select {
	case <-gone:
	case <-timer.C:
	}
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d connections aborted: %w", n, ctx.Err())
}

// grace is how long connections may begin still.
func (l *Listener) grace() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idleGrace
}

// endFresh ends the connections that have had their grace.
func (l *Listener) endFresh() {
	l.graceOver.Store(true)
	for _, c := range l.connections() {
		if !c.spare() {
			c.endIdle(true)
		}
	}
}

// endLingering ends those that are idle still, as time is up, and returns them.
// They have lost nothing, and need not be aborted.
func (l *Listener) endLingering() map[*Conn]bool {
	ending := make(map[*Conn]bool)
	if !l.gentle.Load() {
		return ending
	}
	for _, c := range l.connections() {
		if !c.busy.Load() && c.endIdle(true) {
			ending[c] = true
		}
	}
	return ending
}

// Close is Shutdown without mercy: open connections are aborted.
func (l *Listener) Close() error {
	l.Shutdown()
	l.abortAll(nil)
	return nil
}

// allGone returns a channel that is closed when no connection is open, and none can
// come.
func (l *Listener) allGone() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := make(chan struct{})
	l.gone = gone
	l.tellIfGone()
	return gone
}

// abortAll resets all open connections but these, tells their hangup handlers,
// and returns how many there were.
func (l *Listener) abortAll(but map[*Conn]bool) (n int) {
	for _, c := range l.lastConnections() {
		if but[c] {
			continue
		}
		n++
		c.doom() // first: who is told may be faster than we are, and close
		c.Hangup()
		c.Abort()
	}
	l.counts.aborted.Add(uint64(n))
	return n
}

// lastConnections returns the open connections, and lets in no other.
func (l *Listener) lastConnections() []*Conn {
	l.mu.Lock()
	l.aborted = true
	l.mu.Unlock()
	return l.connections()
}

// connections returns the open connections.
func (l *Listener) connections() []*Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*Conn, 0, len(l.open))
	for c := range l.open {
		all = append(all, c)
	}
	return all
}
