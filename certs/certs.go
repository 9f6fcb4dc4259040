// Package certs keeps the certificates that the listeners present.
//
//	Source ──Certificates()──▶ Store ──compile──▶ set ──atomic swap──▶ GetCertificate
//	  │                          ▲
//	  └──Run: tell(Event)────────┘──▶ notify(Event), given by the caller
//
// A Source gets hold of certificates and keeps them fresh: File from disk,
// SelfSigned from nothing, Managed from CAs. The Store compiles what all its Sources have now
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
	// TLS is the chain, leaf first, with its key and its Leaf parsed. It is nil
	// when there is none yet for the names, but one is being obtained.
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

// News is what an Event is about.
type News string

// The News there are.
const (
	NewsNothing     News = ""
	NewsCertificate News = "certificate" // Info's certificate is new
	NewsFailure     News = "failure"     // a new one could not be had; Info's, if any, goes on being served
	NewsExpiring    News = "expiring"    // Info's certificate ends soon, or has ended, and nothing has replaced it
	NewsUnfit       News = "unfit"       // Info's Warnings say what clients will refuse
	NewsUnstored    News = "unstored"    // the disk does not take what it should keep
	NewsStored      News = "stored"      // now it has
	NewsFollowing   News = "following"   // another process orders certificates, and we serve what it obtains
	NewsTakenOver   News = "taken over"  // that other process has ended, and we order
	NewsEnded       News = "ended"       // a Source cannot go on; what it last had is served
)

// Event is something that happened to a Source.
type Event struct {
	News   News
	Info   Info   // describes the certificate that is served after the event
	Err    error  // why, where the News are bad
	Remedy string // what a person can do about Err; may be empty
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
