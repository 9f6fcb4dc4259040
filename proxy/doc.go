// Package proxy is the life of one Exchange, from the head that a wire has
// parsed to the line in the access log.
//
//	Serve ── findRoute ── forward ──┬─ attempt ── relay
//	   │         │                  │     ↑ │
//	   │  refuse, redirect,      defeat   └─┘ another Upstream
//	   │  answerChallenge
//	   └────────────────── finish ────────────── always
//
// The goroutine of the client's connection does all of it. Only a request
// body that is not in the buffer already, and a tunnel, take a second one
// (pump), which ends before the Exchange does.
//
// proxy knows message, not the wires; Pools, not sockets. It keeps nothing
// between Exchanges but the Generation it was given.
package proxy
