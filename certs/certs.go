// Package certs keeps the certificates that the listeners present.
//
//	Source ──Certificates()──▶ Store ──compile──▶ set ──atomic swap──▶ GetCertificate
//	  │                          ▲
//	  └──Run: tell(Event)────────┘──▶ notify(Event), given by the caller
//
// A Source gets hold of certificates and keeps them fresh: File from disk,
// SelfSigned from nothing. The Store compiles what all its Sources have now
// into an immutable set, which handshakes read without a lock, and compiles it
// again whenever a Source tells of a new certificate. Connections that are open
// keep what they were given.
//
// The package does not log, does not count, and does not verify chains against
// a trust store: what it finds it hands out as errors, Events and Infos. It
// knows nothing of Sites: the caller says which names a Source is for.
package certs

import (
	"context"
	"crypto/tls"
	"time"
)

// Certificate is one certificate and the names it is to be served for. Neither
// changes once it is published.
type Certificate struct {
	// Names are host names in lower case without a trailing dot, wildcards of
	// one label ("*.example.com"), or addresses.
	Names []string
	// TLS is the chain, leaf first, with its key and its Leaf parsed.
	TLS *tls.Certificate
}

// Source is where certificates come from. Its methods may be called from
// several goroutines, except Run, which has one caller at a time.
type Source interface {
	// Certificates are those to be served now. A Source that has none yet
	// returns none.
	Certificates() []Certificate

	// Info describes the certificates as they are at now, and what went wrong
	// last. A Source that has no certificate yet gives one Info with its names
	// and its failure.
	Info(now time.Time) []Info

	// Run keeps the certificates fresh until ctx ends, and then returns nil
	// promptly. It calls tell, from its own goroutine and holding no lock,
	// after each change of Certificates and on each new failure. An error says
	// that it cannot go on; what it last had goes on being served.
	Run(ctx context.Context, tell func(Event)) error
}

// Event is something that happened to a Source.
type Event struct {
	// Info describes the certificate that is served after the event.
	Info Info
	// Err is nil when Info's certificate is new. Otherwise it is why a new one
	// could not be taken over; the old one goes on being served.
	Err error
	// Remedy is what a person can do about Err.
	Remedy string
}

// poll calls check every interval until ctx ends, and tells of its events.
func poll(ctx context.Context, interval time.Duration, check func(now time.Time) (Event, bool), tell func(Event)) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if e, ok := check(time.Now()); ok {
				tell(e)
			}
		}
	}
}
