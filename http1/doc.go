// Package http1 is HTTP/1.1 on the wire, in both directions: Server reads
// requests from clients and writes responses, ClientConn writes requests to
// upstreams and reads responses. It follows RFC 9112 to the letter and
// rejects rather than repairs; what it hands on was parsed.
//
//	client bytes → scanHead → requestHead.parse → message.Request → Handle
//	                                                    │
//	client bytes ← responseWriter ←──────────────── the handler ──→ ClientConn
//
// One goroutine serves a connection and does everything. Buffers belong to
// the Exchange (stream, exchangeBuffers), not to the connection: an idle
// connection holds none. Nothing is allocated for an Exchange in the steady
// state.
package http1
