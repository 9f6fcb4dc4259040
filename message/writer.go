package message

import "time"

// ResponseWriter writes the one response of an Exchange on the wire that the
// request came by. It is used by one goroutine at a time. Errors are
// *Failure with the client as the party; after the first one every later call
// returns it too.
type ResponseWriter interface {
	// Inform sends an interim response (1xx but 101) at once.
	Inform(r *Response) error
	// Start begins the final response. The wire decides on framing from
	// r.Length and on whether there is a body from the method and status.
	// Bytes may stay in a buffer until Flush, Finish or more of them.
	Start(r *Response) error
	// Write sends bytes of the body. They are taken or copied before it
	// returns.
	Write(p []byte) error
	// Flush sends what is buffered.
	Flush() error
	// Finish ends the response cleanly; trailers may be nil. In a tunnel it
	// closes our direction only.
	Finish(trailers Fields) error
	// Abort ends the response so that the client cannot take it for whole. f
	// is why, nil if nobody knows; HTTP/2 passes its Code on.
	Abort(f *Failure)
	// Tunnel returns what the client sends after a 101 was started. Its Next
	// returns os.ErrDeadlineExceeded after that long without a byte and can
	// then be called again.
	Tunnel(silence time.Duration) RequestBody
	// BytesIn and BytesOut are how many bytes of body have been read from
	// and handed to the wire.
	BytesIn() int64
	BytesOut() int64
	// Watch asks for c.Cancel to be called, once and from another goroutine,
	// if the client goes away while the Exchange runs; at once if it has
	// gone already. Watch(nil) ends that: when it has returned, Cancel is
	// not running and will not be called. Cancel must not block.
	Watch(c Canceler)
	// Gone returns why the client has taken the request back, where the wire
	// knows more than that it did (HTTP/2's RST_STREAM has a code); else nil.
	Gone() *Failure
}

// Canceler is told that nobody waits for the result any more.
type Canceler interface{ Cancel() }
