package message

import "errors"

// ErrStopped is what Next returns after RequestBody.Stop.
var ErrStopped = errors.New("reading the request body was stopped")

// Body is the body of a message, read by one goroutine, piece by piece as it
// comes.
type Body interface {
	// Ready reports that Next will not wait: bytes, the end or an error are
	// there already.
	Ready() bool
	// Next returns the next piece, never empty with a nil error, valid until
	// the following call. At the body's end it returns io.EOF. Any other
	// error means that the body is cut short; a *Failure tells who did it.
	Next() ([]byte, error)
	// Trailers returns the trailer fields once Next has returned io.EOF.
	Trailers() Fields
}

// RequestBody is the body of a request. Because a request's body and its
// response flow at the same time, it may be read by a goroutine of its own,
// and can be stopped by another.
type RequestBody interface {
	Body
	// Stop makes a Next that another goroutine waits in, and every later
	// one, return ErrStopped soon. Nothing of the body is lost by it.
	Stop()
	// Resume undoes Stop. No Next may be under way.
	Resume()
}
