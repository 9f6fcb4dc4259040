package message

import "time"

// Request is the head of a request as a wire parsed and checked it, and the
// body that follows. Fields holds the end-to-end fields only: Host, framing
// (Content-Length, Transfer-Encoding) and everything that belongs to the
// client's connection is taken out by the wire and stands in the members
// below instead.
type Request struct {
	Method    []byte // case-sensitive token
	Authority []byte // host[:port] as received; empty only with HTTP/1.0
	Target    []byte // path and query in origin form, or "*" with OPTIONS
	Fields    Fields

	// Length is the length of the body in bytes: 0 without one, -1 when only
	// its end will tell.
	Length int64
	// Body is nil when Length is 0.
	Body RequestBody

	// Upgrade names the protocols that the client wants to change to, nil if
	// none. (Connection: upgrade on HTTP/1.1, extended CONNECT on HTTP/2.) It
	// is nil when there is a body: a tunnel and a body would be read from the
	// connection at the same time.
	Upgrade []byte
	// Connect reports that Upgrade came by an extended CONNECT (RFC 8441):
	// there a 2xx says that the tunnel stands, so a response of 2xx must not
	// be passed on unless the upstream has changed the protocol.
	Connect bool
	// Trailers reports that the client takes trailer fields (TE: trailers).
	Trailers bool

	// Client is what is known of the connection. It is never nil.
	Client *Client
	// Start is when the first byte of the head came.
	Start time.Time
	// Refused is set when the wire could not accept the head: nothing above
	// but Client and Start may be relied on, and all that is left to do is
	// to answer with the failure's status.
	Refused *Failure
}

// Path returns the target without its query.
func (r *Request) Path() []byte {
	for i, c := range r.Target {
		if c == '?' {
			return r.Target[:i]
		}
	}
	return r.Target
}

// Response is the head of a response and the body that follows it.
type Response struct {
	Status int
	// Fields holds the end-to-end fields, without Content-Length.
	Fields Fields
	// Length is the length of the body in bytes, -1 when only its end will
	// tell. In answer to HEAD, and with 304, it is what the body's length
	// would have been.
	Length int64
	// Body is nil when there is none to read.
	Body Body
	// Upgrade names the protocol changed to (with 101 only).
	Upgrade []byte
}
