package proxy

import (
	"hash/maphash"
	"net/netip"
	"slices"
	"time"

	"sluice/cache"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/upstream"
)

// Generation is all that decides about requests, built from one Config. It is
// immutable and replaced whole (Proxy.Use); an Exchange loads it once.
type Generation struct {
	Sites *Sites
	// Trusted are the peers whose forwarding fields are believed and who are
	// shown the details of failures.
	Trusted []netip.Prefix
	// Debug shows those details to everybody.
	Debug bool
	// HTTPSPort is where plain requests are redirected to.
	HTTPSPort uint16
	// Challenge returns the answer to a CA's validation of host by http-01, and
	// whether it knows the token: if not, the request is one like any other.
	// host is in lower case and without a port, and may be a host of no Site.
	// It is called by many goroutines; what it returns is not changed any more.
	// nil: no validation is answered here.
	Challenge func(host, token string) (keyAuthorization []byte, ok bool)
	// StreamTimeout is how long a response of unknown length and a tunnel may
	// be silent; BodyTimeout how long an upstream may take nothing of a
	// request body.
	StreamTimeout, BodyTimeout time.Duration
	// Cache has the copies of responses; nil: none are kept.
	Cache *cache.Cache
	// Panicked is told of a bug of ours in an Exchange that no client's
	// connection waits for.
	Panicked func(value any, stack []byte)
	// Refusals are the answers to requests that are not forwarded.
	Refusals *degraded.Refusals

	seed maphash.Seed // of numbers that stand for clients
}

// trusts reports whether a peer is one of ours.
func (g *Generation) trusts(a netip.Addr) bool {
	for _, p := range g.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// Site is a set of host names and all that is decided for them.
type Site struct {
	Name string
	// TLS reports that the Site has a certificate.
	TLS bool
	// Redirect sends plain requests to HTTPS. Without it a Site with TLS is
	// served on the plain port too.
	Redirect bool
	// HSTS is the value of Strict-Transport-Security in all final responses to
	// requests that came over TLS, in the place of whatever upstreams send.
	// Empty: the field is theirs alone.
	HSTS []byte
	// Limits are what each client may use of the Site.
	Limits []*Limit
	// Bandwidth is how many bytes of responses a second one connection gets;
	// 0: as many as it takes.
	Bandwidth int64
	// Passes are of people who were let in; nil: there are none. Keep gives one
	// to everybody whom a Pool has a place for.
	Passes *limiter.Passes
	Keep   bool
	// IgnoreCookies are those that no answer depends on, by name or by the
	// beginning of it and a star.
	IgnoreCookies []string
	// Room is where new visitors wait; nil: nowhere.
	Room *Room
	// Maintenance closes the Site, but for critical Routes; nil: nothing does.
	Maintenance *Maintenance
	// Routes are tried in order: longest prefix first. The last one is "/".
	Routes []Route
}

// Route is a path prefix and what is decided for requests there.
type Route struct {
	Prefix   string
	Pool     *upstream.Pool
	Degraded *degraded.Answer
	Form     degraded.Mode // of refusals
	// Admission is how many Exchanges the Pool bears; nil: any number.
	Admission *limiter.Admission
	Class     limiter.Class
	// Streams: answers may take their time on purpose, so they neither hold a
	// place of the Pool nor say how busy it is.
	Streams bool
	// Reuse says that copies answer while they are fresh; nil: they do not.
	Reuse *Reuse
	// LastGood is how old a copy may be that answers when the Pool cannot; 0:
	// none does.
	LastGood time.Duration
}

// reuses reports whether copies answer in one of the Site's Routes.
func (s *Site) reuses() bool {
	return slices.ContainsFunc(s.Routes, func(r Route) bool { return r.Reuse != nil })
}

// panicked reports a bug of ours.
func (g *Generation) panicked(m *mishap) {
	if g.Panicked != nil {
		g.Panicked(m.value, m.stack)
	}
}
