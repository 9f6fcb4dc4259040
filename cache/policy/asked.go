package policy

import (
	"math"
	"time"

	"sluice/message"
)

// Asked is what a request says that matters to a cache. Ask makes it; its zero
// value asks for max-age=0. Its directives are wishes: whoever does not want clients to reach past the cache may set them
// back (false, or -1) before passing Asked on.
type Asked struct {
	// Directives of the request's Cache-Control (RFC 9111 section 5.2.1).
	// Pragma: no-cache counts as NoCache where there is no Cache-Control
	// (section 5.4).
	NoStore      bool
	NoCache      bool
	OnlyIfCached bool // answer 504 rather than ask the upstream

	// The times that the request states, -1 without. What is no number counts
	// as not said; of several the strictest counts.
	MaxAge       time.Duration // no older answer
	MinFresh     time.Duration // fresh for that long yet
	MaxStale     time.Duration // no staler answer; the longest Duration if it doesn't matter
	StaleIfError time.Duration // RFC 5861 section 4

	Authorized bool // has Authorization
	Range      bool // has Range: see the function
	// Conditional reports If-None-Match or If-Modified-Since: see NotModified.
	Conditional bool
	// Precondition reports If-Match or If-Unmodified-Since. They are for the
	// origin to evaluate ("not applicable to a cache", RFC 9111 section
	// 4.3.2), so the request has to be passed on.
	Precondition bool
	// Content reports that the request has content, or asks for another
	// protocol. What a stored response would answer is another question, so
	// the request has to be passed on, and Judge says no.
	Content bool
}

// Ask reads a request in one pass. It allocates nothing.
func Ask(r *message.Request) Asked {
	a := Asked{MaxAge: -1, MinFresh: -1, MaxStale: -1, StaleIfError: -1, Content: r.Length != 0 || r.Upgrade != nil}
	controlled, pragma := false, false
	for i := range r.Fields {
		switch f := &r.Fields[i]; nameOf(f) {
		case nameCacheControl:
			controlled = true
			a.read(f.Value)
		case namePragma:
			pragma = pragma || hasNoCache(f.Value)
		case nameAuthorization:
			a.Authorized = true
		case nameRange:
			a.Range = true
		case nameIfNoneMatch, nameIfModifiedSince:
			a.Conditional = true
		case nameIfMatch, nameIfUnmodifiedSince:
			a.Precondition = true
		}
	}
	a.NoCache = a.NoCache || pragma && !controlled
	return a
}

// read takes one line of Cache-Control into account.
func (a *Asked) read(line []byte) {
	for line != nil {
		var d directive
		d, line, _ = nextDirective(line)
		switch d.kind {
		case kindNoStore:
			a.NoStore = true
		case kindNoCache:
			a.NoCache = true
		case kindOnlyIfCached:
			a.OnlyIfCached = true
		case kindMaxAge:
			least(&a.MaxAge, d)
		case kindMaxStale:
			if d.form != formNone {
				least(&a.MaxStale, d)
			} else if a.MaxStale < 0 {
				a.MaxStale = math.MaxInt64
			}
		case kindMinFresh:
			if t, ok := duration(d); ok {
				a.MinFresh = max(a.MinFresh, t)
			}
		case kindStaleIfError:
			least(&a.StaleIfError, d)
		}
	}
}

// least takes the smaller of what is said already and what d says.
func least(to *time.Duration, d directive) {
	if t, ok := duration(d); ok && (*to < 0 || t < *to) {
		*to = t
	}
}

func duration(d directive) (time.Duration, bool) {
	n, ok := parseDelta(d.value)
	return time.Duration(n) * time.Second, ok && (d.form == formToken || d.form == formQuoted)
}

// hasNoCache reports whether a Pragma line has no-cache.
func hasNoCache(line []byte) bool {
	for line != nil {
		var d directive
		if d, line, _ = nextDirective(line); d.kind == kindNoCache {
			return true
		}
	}
	return false
}
