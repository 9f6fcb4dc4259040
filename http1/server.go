package http1

import (
	"errors"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"sluice/grammar"
	"sluice/message"
)

// These bound how long we read and throw away what a client still sends after
// we have refused it: until it is silent for so long, in all, and in bytes.
// Closing at once would reset the connection and may destroy our answer on its
// way (RFC 9112 section 9.6); a phone that uploads a photo needs seconds.
const (
	lingerSilence = time.Second
	lingerTotal   = 10 * time.Second
	lingerBytes   = 64 << 20
)

// Server serves HTTP/1.0 and HTTP/1.1 on clients' connections. Its fields are
// fixed before the first call of Serve.
type Server struct {
	// Handle answers one Exchange. Request and writer are valid until it
	// returns. It is called one at a time for a connection.
	Handle func(*message.Request, message.ResponseWriter)

	Limits        Limits
	HeaderTimeout time.Duration // for a whole request head
	BodyTimeout   time.Duration // without progress in a body, either way
	IdleTimeout   time.Duration // between requests

	// Panicked is told of a panic in Handle. The connection is closed; the
	// others go on. Nil: the panic is not caught.
	Panicked func(value any, stack []byte)

	dates grammar.DateCache
}

// Serve serves one connection until it ends, and closes it. It is called on
// a goroutine of the connection's own. client describes the connection and
// must not change any more.
func (s *Server) Serve(nc Conn, client *message.Client) {
	c := &serverConn{srv: s, nc: nc, client: client}
	nc.SetWriteTimeout(s.BodyTimeout)
	// Without the watch a client's going away is seen at the next write only.
	// That is no reason to refuse it.
	_ = nc.OnHangup(c)
	if s.Panicked != nil {
		defer c.survive()
	}
	c.serve()
}

// serverConn is a client's connection between Exchanges: all that an idle
// one costs.
type serverConn struct {
	srv    *Server
	nc     Conn
	client *message.Client

	mu      sync.Mutex
	gone    bool             // guarded by mu
	watcher message.Canceler // guarded by mu
}

// serve runs the life of the connection: wait without a buffer, serve what
// came, wait again.
func (c *serverConn) serve() {
	wait := c.srv.HeaderTimeout // a fresh connection has to say something
	for {
		c.nc.SetReadDeadline(time.Now().Add(wait))
		// A request that came in spite of a drain is answered, and told that
		// it was the last: an idle connection is ended by Await's error.
		if c.nc.Await() != nil {
			c.nc.Close()
			return
		}
		x := acquireStream(c)
		again := x.serve()
		x.release()
		if !again {
			return
		}
		wait = c.srv.IdleTimeout
	}
}

// survive keeps a panic in the handler from ending the process.
func (c *serverConn) survive() {
	if v := recover(); v != nil {
		c.nc.Abort()
		c.srv.Panicked(v, debug.Stack())
	}
}

// Hangup is called by the socket's watch when the client has gone away.
func (c *serverConn) Hangup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	if c.watcher != nil {
		c.watcher.Cancel()
		c.watcher = nil
	}
}

// watch sets whom Hangup tells. Cancel is called under the lock, so that
// after watch(nil) it is not running.
func (c *serverConn) watch(w message.Canceler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watcher = w
	if c.gone && w != nil {
		w.Cancel()
		c.watcher = nil
	}
}

// closeAfterAnswer closes in stages a connection whose client may still be
// sending, so that our answer is read before our reset of what it sends.
func (c *serverConn) closeAfterAnswer(scratch []byte) {
	defer c.nc.Close()
	if c.nc.CloseWrite() != nil {
		return
	}
	end := time.Now().Add(lingerTotal)
	for total := 0; total < lingerBytes; {
		now := time.Now()
		if !now.Before(end) {
			return
		}
		c.nc.SetReadDeadline(now.Add(lingerSilence))
		n, err := c.nc.Read(scratch)
		if err != nil {
			return
		}
		total += n
	}
}

// isEOF reports a clean end of a connection's bytes.
func isEOF(err error) bool { return errors.Is(err, io.EOF) }
