// Package socket is one TCP connection as the data path wants it: deadlines
// that cost no timer per request, waiting that holds no buffer, and news of a
// peer that has gone while nobody reads.
//
//	caller          Conn                                  kernel, runtime
//	SetReadDeadline remembers it
//	Read, Await     tries a read first ------------------> bytes: done, no timer touched
//	                nothing there: arms the timer only
//	                if none is armed that ends in time
//	                waits without a buffer <-------------- timer too early: arms it anew
//	Write           tries, likewise ---------------------> taken: done, no timer touched
//
// A Conn has one reader and one writer at a time: Read, Await, Buffered,
// SetReadDeadline and RecordMode belong to the goroutine that reads. All
// others may be called from any goroutine; Write, Cork and Uncork wait for
// each other.
//
// What it does not do: it speaks neither TLS nor HTTP. RecordMode only knows
// where TLS records end.
package socket
