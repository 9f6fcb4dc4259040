// Package http2 is the server side of HTTP/2 (RFC 9113) for clients of a
// proxy, on the same message.Request and message.ResponseWriter as http1, so
// that the proxy cannot tell them apart.
//
// One goroutine reads a connection; each stream's Exchange runs on one of its
// own. What streams have to send is gathered: a stream appends its frames to
// the connection's outbox, and if nobody is writing it becomes the writer,
// gives the others a moment to append theirs, and writes all of it as one
// (see outbox). The reader never waits for a client that does not read.
//
// All memory that a client can make us hold is bounded (see inflow and
// Limits), and what a connection may do that brings nothing is budgeted (see
// guard): a client that uses its budgets up is sent ENHANCE_YOUR_CALM.
package http2
