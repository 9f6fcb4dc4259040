package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Await returns nil once every name server of the record's zone that can be
// asked shows the record. It asks the servers themselves, without a resolver
// whose cache could hold what was, and each address of a server on its own: they
// may be different machines.
//
// Servers that do not answer, or say that they do not serve the zone, are left
// out: the CA's resolver turns to another then. Where none is left, as behind a
// firewall that lets no DNS out, it is enough that one of the resolvers shows
// the record. Their caches may hold for a while that there is none, so that this
// may take longer than the timeout.
//
// An error is a *FinderError that says what was seen last.
func (f *Finder) Await(ctx context.Context, r Record) error {
	within, cancel := context.WithTimeout(ctx, f.options.Timeout)
	defer cancel()
	var servers []nameServer
	var last sight
	for pause := f.pause; ; pause = min(pause*3/2, f.pauseMax) {
		var failure error
		if !allFound(servers) {
			found, err := f.nameServers(within, r.Zone)
			if failure = err; err == nil {
				servers = found
			}
		}
		s := f.look(within, r, servers)
		s.err = failure
		if within.Err() != nil {
			return f.late(ctx, r, last) // a look that was cut off is none: who lacks it may not have answered
		}
		if s.shown() {
			return nil
		}
		last = s
		if !finderWaited(within, pause) {
			return f.late(ctx, r, last)
		}
	}
}

// late is the error of a record that was not seen everywhere in time.
func (f *Finder) late(ctx context.Context, r Record, last sight) error {
	why := ctx.Err()
	if why == nil {
		why = fmt.Errorf("not seen everywhere within %v", f.options.Timeout)
	}
	e := &FinderError{Name: r.Name, Cause: why}
	if text := last.String(); text != "" {
		e.Cause = fmt.Errorf("%w: %s", why, text)
	}
	switch {
	case errors.Is(why, context.Canceled):
	case last.err != nil:
		e.Remedy = "check that the resolvers can be reached and that the zone's name servers are set"
	case last.direct():
		e.Remedy = "check that the provider has published the record and that these servers are still meant to serve the zone, or allow more time"
	default:
		e.Remedy = "let DNS (port 53, UDP and TCP) out to the zone's name servers, or allow more time than caches keep that there was no record"
	}
	return e
}

// finderWaited reports whether the pause passed before ctx ended.
func finderWaited(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
