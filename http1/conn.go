package http1

import (
	"time"

	"sluice/socket"
)

// Conn is what the server side needs of a client's connection. A
// listener.Conn is one.
type Conn interface {
	Read(p []byte) (int, error)
	// Write sends all of p or fails.
	Write(p []byte) (int, error)
	// SetReadDeadline bounds Read and Await.
	SetReadDeadline(t time.Time) error
	// SetWriteTimeout bounds how long a Write may go without progress.
	SetWriteTimeout(d time.Duration)
	// Await returns when a Read will not wait, and holds no buffer until then.
	Await() error
	// Interrupt makes Read and Await fail with socket.ErrInterrupted, until
	// Resume. Any goroutine may call it.
	Interrupt()
	Resume()
	// OnHangup has h told when the peer goes away while nobody reads.
	OnHangup(h socket.HangupHandler) error
	// CloseWrite ends our direction only.
	CloseWrite() error
	Close() error
	// Abort closes so that the peer sees a reset, not a clean end.
	Abort()
	// Draining reports that the connection should end after this Exchange.
	Draining() bool
}
