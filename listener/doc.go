// Package listener turns listening sockets into connections ready to be
// served: caps, PROXY protocol, TLS, ALPN, and an orderly end.
//
//	Serve: accept ── caps ──> goroutine of the connection
//	                            PROXY header ── TLS handshake ── handle(*Conn) ── gone
//	                                                  └─ a CA's validation: answered, gone
//	Shutdown: accepts no more, ends the idle, lets the busy finish
//	Wait:     until the last is gone, or its time is over and the rest is aborted
//
// Every connection has one goroutine at a time, started by Serve (after a TLS
// handshake the next one), that ends with handle, and is awaited by Wait. What it does not do: it speaks no HTTP,
// except to a client that speaks it on a TLS port, and it does not log.
package listener
