package http2

import (
	"net/netip"
	"sync"
	"time"

	"sluice/grammar"
	"sluice/message"
)

// Server serves HTTP/2 on clients' connections. Its fields are fixed before
// the first call of Serve.
type Server struct {
	// Handle answers one Exchange. Request and writer are valid until it
	// returns. It is called on a goroutine of the stream's own, many at a
	// time for a connection.
	Handle func(*message.Request, message.ResponseWriter)

	Limits        Limits
	Abuse         Abuse
	HeaderTimeout time.Duration // for a whole field section, and for the answer to a PING
	BodyTimeout   time.Duration // without progress in a body, either way
	IdleTimeout   time.Duration // without a stream; with streams, until a PING asks whether the client lives

	// MaxStreams is how many streams of one connection may be served at a
	// time; more are refused with REFUSED_STREAM.
	MaxStreams int
	// MaxWindow is the flow-control window of a whole connection, in bytes:
	// how much of its request bodies a client may send ahead of what the
	// Upstreams have taken, and so what it can make us hold.
	MaxWindow int

	// Shared reports that an address stands for many clients, such as that of
	// a proxy of ours: what one of them does is not held against the others.
	// Nil: none does.
	Shared func(netip.Addr) bool
	// Failed is told why a connection was ended that broke the protocol or
	// was abusive. Nil: nobody is.
	Failed func(client *message.Client, f *message.Failure)
	// Panicked is told of a panic in Handle. The stream is reset; the others
	// go on. Nil: the panic is not caught.
	Panicked func(value any, stack []byte)

	dates   grammar.DateCache
	counts  counts
	growth  growth
	workers workers

	offenders offenders
	streams   sync.Pool // of *stream; here and not in the package, because a stream keeps timers
}

// Serve serves one connection until it ends, and closes it; all of its
// Exchanges have ended when it returns. It is called on a goroutine of the
// connection's own. client describes the connection and must not change any
// more.
func (s *Server) Serve(nc Conn, client *message.Client) {
	s.counts.connections.Add(1)
	s.workers.enter()
	defer s.workers.leave()
	nc.SetWriteTimeout(s.BodyTimeout)
	c := newConn(s, nc, client)
	c.serve()
}
