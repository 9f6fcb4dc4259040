package upstream

import (
	"time"

	"sluice/http1"
	"sluice/message"
)

// Conn carries one Attempt to an Upstream. An http1.ClientConn is one, and
// says how its methods are used; for HTTP/2 it is a stream. What is special
// there: Flush, Put and Discard do next to nothing, and a failed dial is told
// by ReadHead.
type Conn interface {
	Begin(method []byte, silence http1.Silence)
	SendHead(r *message.Request)
	SendBody(p []byte) *message.Failure
	FinishSending(trailers message.Fields) *message.Failure
	Flush() *message.Failure
	ReadHead(deadline time.Time) (*message.Response, *message.Failure)
	Tunnel() message.Body
	CloseWrite()
	Cancel()
	Cut()
	End() (reusable bool)
	Close()
}

var (
	_ Conn = (*http1.ClientConn)(nil)
	_ Conn = (*h2Stream)(nil)
)
