package policy

import "time"

// Use says what to do with a stored response that matches a request.
type Use uint8

// What Meta.Use says.
const (
	Validate  Use = iota // ask the upstream first
	Meanwhile            // it is stale: serve it, and revalidate it in the background
	Fresh                // serve it
)

// String returns the name in lower case.
func (u Use) String() string {
	switch u {
	case Fresh:
		return "fresh"
	case Meanwhile:
		return "meanwhile"
	}
	return "validate"
}

// Use says whether a stored response may answer a request now (RFC 9111
// section 4.2, with the request's max-age, min-fresh, max-stale and no-cache).
// It allocates nothing.
//
// A request's max-stale is obeyed as Fresh, because the client has permitted
// it; no-store as no-cache, because who wants nothing kept hardly wants what
// was kept before.
func (m *Meta) Use(a Asked, now time.Time) Use {
	if m.has(flagNoCache) || a.NoCache || a.NoStore || a.MaxAge == 0 {
		return Validate
	}
	age := m.Age(now)
	left := m.Lifetime - age
	switch {
	case a.MaxAge > 0 && age > a.MaxAge, a.MinFresh > 0 && left < a.MinFresh:
		return Validate
	case left > 0:
		return Fresh
	case m.has(flagRevalidate):
		return Validate
	case -left < time.Duration(m.StaleWhileRevalidate)*time.Second:
		// Also with s-maxage: whoever states both wants it. Without that,
		// s-maxage implies proxy-revalidate (section 5.2.2.10).
		return Meanwhile
	case a.MaxStale >= 0 && -left <= a.MaxStale && !m.has(flagSMaxAge):
		return Fresh
	}
	return Validate
}

// OnError reports whether the stored response may be served now because the
// upstream fails: it gave no answer, or 500, 502, 503 or 504 (RFC 5861 section
// 4, RFC 9111 section 4.2.4).
//
// A fresh one may, unless it has no-cache. A stale one may for the time that
// its stale-if-error states, else for MaxStale; never with must-revalidate,
// proxy-revalidate or no-cache, and with s-maxage, which implies the second,
// only if stale-if-error is stated. A stored error helps nobody.
func (m *Meta) OnError(now time.Time) bool {
	return m.OnErrorFor(Asked{StaleIfError: -1}, now)
}

// OnErrorFor is OnError for a request that may state stale-if-error itself: it
// may widen what the response states, and not what that forbids.
func (m *Meta) OnErrorFor(a Asked, now time.Time) bool {
	if m.has(flagNoCache) || m.Status >= 500 {
		return false
	}
	left := m.Left(now)
	if left > 0 {
		return true
	}
	if m.has(flagRevalidate) || m.has(flagSMaxAge) && !m.has(flagStaleIfError) {
		return false
	}
	window := MaxStale
	if m.has(flagStaleIfError) {
		window = time.Duration(m.StaleIfError) * time.Second
	}
	return -left < max(window, a.StaleIfError)
}
