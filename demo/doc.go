// Package demo holds what `sluice demo` shows the proxy with: three small
// upstreams inside the process, each of which can be told to be slow, to fail,
// to die and to come back, and a page on loopback to tell them so.
//
//	curl, browser ──► proxy ──► Sample one    ◄─┐
//	                     ├────► Sample two    ◄─┼── control ◄── curl, browser
//	                     └────► Sample three  ◄─┘
//
// The control has a listener of its own: through the proxy a command would
// reach whichever sample is next in turn.
//
// New binds all sockets and starts nothing; Run serves until its context ends
// and returns when all goroutines of the package have. Nothing here is meant
// to be reached from another machine.
package demo
