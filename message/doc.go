// Package message is what both wires speak of: a request head, its fields, a
// body to read and a response to write.
//
// http1 (and http2) parse bytes into these types, proxy decides on them, and
// neither knows the other. Everything here is borrowed: slices point into the
// wire's buffers and are valid until the Exchange they belong to has ended,
// unless a comment gives a shorter time. Nothing here does I/O.
//
// Terms are those of RFC 9110 (semantics); the failure vocabulary is that of
// RFC 9209 (Proxy-Status).
package message
