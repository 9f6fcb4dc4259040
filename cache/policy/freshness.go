package policy

import "time"

// remember puts together what is to be known of a response later.
func (s *said) remember(status int, sent, received time.Time, rules Rules) Meta {
	c := s.control()
	m := Meta{
		Received:             received.UnixNano(),
		InitialAge:           s.initialAge(sent, received),
		StaleWhileRevalidate: uint32(c.staleWhileRevalidate.seconds),
		StaleIfError:         uint32(c.staleIfError.seconds),
		Status:               uint16(status),
	}
	m.Lifetime = s.lifetime(status, m.InitialAge, received, rules)
	m.set(flagNoCache, c.noCache)
	m.set(flagRevalidate, c.mustRevalidate || c.proxyRevalidate)
	m.set(flagSMaxAge, c.sMaxAge.stated)
	m.set(flagStaleIfError, c.staleIfError.stated)
	m.set(flagShared, c.public || c.statesSMaxAge() || s.aims() && c.maxAge.stated && !c.maxAge.invalid)
	return m
}

// lifetime returns how long a response is fresh (RFC 9111 section 4.2.1).
// What it states badly makes it stale, and so do two Dates that don't agree.
func (s *said) lifetime(status int, age time.Duration, received time.Time, rules Rules) time.Duration {
	c := s.control()
	switch {
	case s.date.clash:
		return 0
	case c.sMaxAge.stated:
		return time.Duration(c.sMaxAge.seconds) * time.Second
	case c.maxAge.stated:
		return time.Duration(c.maxAge.seconds) * time.Second
	case s.expires.seen && !s.aims():
		return s.untilExpires(received)
	case !c.public && !heuristicallyCacheable(status):
		return 0
	case rules.TTL > 0:
		// The owner counts from now, whatever the upstream's clock says.
		return min(rules.TTL, maxDelta*time.Second) + age
	}
	return s.guess(received)
}

// untilExpires returns the time from Date to Expires. "A cache recipient MUST
// interpret invalid date formats, especially the value "0", as representing a
// time in the past" (RFC 9111 section 5.3).
func (s *said) untilExpires(received time.Time) time.Duration {
	at, ok := s.expires.date(received.Unix())
	if !ok {
		return 0
	}
	return time.Duration(min(max(at-s.dated(received), 0), maxDelta)) * time.Second
}

// guess returns the heuristic freshness (RFC 9111 section 4.2.2).
func (s *said) guess(received time.Time) time.Duration {
	modified, ok := s.lastModified.date(received.Unix())
	if !ok {
		return 0
	}
	since := min(max(s.dated(received)-modified, 0), guessShare*int64(maxGuess/time.Second))
	return time.Duration(since) * time.Second / guessShare
}

// initialAge returns corrected_initial_age (RFC 9111 section 4.2.3): how old a
// response already was when it came.
func (s *said) initialAge(sent, received time.Time) time.Duration {
	apparent := min(max(received.Unix()-s.dated(received), 0), maxDelta)
	delay := min(max(received.Sub(sent), 0), maxDelta*time.Second)
	corrected := time.Duration(s.ageSeconds())*time.Second + delay
	return min(max(time.Duration(apparent)*time.Second, corrected), maxDelta*time.Second)
}

// dated returns when the response was made, in seconds. One without a Date
// was made when it came (RFC 9110 section 6.6.1).
func (s *said) dated(received time.Time) int64 {
	if at, ok := s.date.date(received.Unix()); ok {
		return at
	}
	return received.Unix()
}
