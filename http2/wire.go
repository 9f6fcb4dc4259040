package http2

import "time"

// Conn is what a Server needs of a client's connection. A listener.Conn is
// one. Read, Await and SetReadDeadline belong to the goroutine in Serve;
// writing is done by one goroutine at a time.
type Conn interface {
	Read(p []byte) (int, error)
	// Write sends all of p or fails.
	Write(p []byte) (int, error)
	// SetReadDeadline bounds Read and Await.
	SetReadDeadline(t time.Time) error
	// SetWriteTimeout bounds how long a Write may go without progress.
	SetWriteTimeout(d time.Duration)
	// Await returns when a Read will not wait, and holds no buffer until
	// then. Its errors are os.ErrDeadlineExceeded, socket.ErrInterrupted,
	// and one that asks for an orderly end.
	Await() error
	// BeginAnew says that what has come so far asks for nothing: until it does, a
	// drain lets the client begin, for a while.
	BeginAnew()
	// SetBusy says whether the connection has work under way, and so is not
	// idle although it awaits. Any goroutine may call it.
	SetBusy(busy bool)
	// Interrupt makes Read and Await fail with socket.ErrInterrupted, until
	// Resume. Any goroutine may call it.
	Interrupt()
	Resume()
	// CloseWrite ends our direction only.
	CloseWrite() error
	Close() error
	// Abort closes so that the peer sees a reset, not a clean end.
	Abort()
	// Draining reports that the connection should end after what it is doing.
	Draining() bool
}
