package policy

import (
	"time"

	"sluice/message"
)

// Judge says whether a response may be stored (RFC 9111 section 3, as a shared
// cache), and what is to be remembered of it; with another Why than WhyNone
// the Meta is empty. sent is when the request went to the upstream, received
// when the response's head came.
//
// A response that was freshened by a 304 is judged again: see Freshen. Judge
// does not look at the request's cookies and other credentials (Anonymous), at
// fields that applications take for its target (Poisonable), nor at the
// response's size. It allocates nothing.
//
// It is stricter than the RFC in these points: only GET without content; never
// with Set-Cookie (section 7.3 would permit it), because what sets a cookie is
// one person's; not the statuses that another field of the request may have
// caused; not what is neither ever fresh nor can be revalidated. 206 is not
// stored.
//
// For a last good copy (rules.LastGood) the response must be one that anybody
// may be shown again when it is stale, without asking: see lastGood. Its
// freshness is that of the RFC all the same.
func Judge(r *message.Request, a Asked, resp *message.Response, sent, received time.Time, rules Rules) (m Meta, why Why) {
	switch {
	case string(r.Method) != "GET":
		return m, WhyMethod
	case a.Content:
		return m, WhyContent
	case !storable(resp.Status):
		return m, WhyStatus
	case a.NoStore:
		return m, WhyNoStore
	}
	var s said
	s.read(resp.Fields)
	if rules.LastGood {
		why = s.lastGood(a, resp.Status)
	} else {
		why = s.forbids(a, resp.Status)
	}
	if why != WhyNone {
		return m, why
	}
	found := s.remember(resp.Status, sent, received, rules)
	if !rules.LastGood {
		if why = s.useless(&found, resp.Status); why != WhyNone {
			return m, why
		}
	}
	return found, WhyNone
}

// forbids says what keeps a response from being stored at all (RFC 9111
// sections 3 and 3.5).
func (s *said) forbids(a Asked, status int) Why {
	c := s.control()
	switch {
	case c.mustUnderstand && !understood(status):
		return WhyStatus
	case c.noStore && !c.mustUnderstand:
		return WhyNoStore // else it is for caches that don't understand (section 5.2.2.3)
	case s.setCookie:
		return WhySetCookie
	case c.broken:
		return WhyMalformed
	case c.private:
		return WhyPrivate
	case a.Authorized && !c.public && !c.mustRevalidate && !c.statesSMaxAge():
		return WhyAuthorization
	case s.varies.never():
		return WhyVary
	}
	return WhyNone
}

// lastGood says what keeps a response from being a last good copy. What
// forbids counts wherever it stands, in Cache-Control or CDN-Cache-Control,
// and must-revalidate, proxy-revalidate and no-cache forbid too: "A cache MUST
// NOT generate a stale response if it is prohibited by an explicit in-protocol
// directive" (RFC 9111 section 4.2.4).
func (s *said) lastGood(a Asked, status int) Why {
	c := s.own
	c.restrict(&s.targeted)
	switch {
	case !worthSeeingAgain(status):
		return WhyStatus
	case c.noStore:
		return WhyNoStore
	case s.setCookie, s.setCookie2:
		return WhySetCookie
	case c.broken:
		return WhyMalformed
	case c.private, c.partlyPrivate:
		return WhyPrivate
	case a.Authorized:
		return WhyAuthorization
	case s.varies.never():
		return WhyVary
	case s.contentRange:
		return WhyPartial
	case c.mustRevalidate, c.proxyRevalidate:
		return WhyRevalidate
	case c.noCache:
		return WhyNoCache
	}
	return WhyNone
}

// useless says why storing a response would gain nothing, or would reuse what
// nobody has said may be reused: section 3 asks for an explicit statement or a
// status that is cacheable by default.
func (s *said) useless(m *Meta, status int) Why {
	c := s.control()
	explicit := c.maxAge.stated || c.sMaxAge.stated || s.expires.seen && !s.aims()
	switch {
	case !explicit && !c.public && !heuristicallyCacheable(status):
		return WhyStatus
	case s.validator():
		return WhyNone
	case c.noCache:
		return WhyNoCache
	case m.Lifetime <= m.InitialAge && m.StaleWhileRevalidate == 0 && m.StaleIfError == 0:
		return WhyFreshness
	}
	return WhyNone
}

// statesSMaxAge reports a valid s-maxage.
func (c *control) statesSMaxAge() bool { return c.sMaxAge.stated && !c.sMaxAge.invalid }
