package policy

import (
	"sluice/grammar"
	"sluice/message"
)

// said is what a response says that decides on storing it, read in one pass.
type said struct {
	own      control // of Cache-Control
	targeted control // of CDN-Cache-Control

	controlled bool // has Cache-Control
	aimed      bool // has CDN-Cache-Control that is not empty
	missed     bool // and it is no structured field, so it doesn't count

	date, expires, lastModified, etag single
	age                               single
	varies                            varies

	setCookie, setCookie2, contentRange, encoded, pragma bool
}

// read reads the fields of a response.
func (s *said) read(fields message.Fields) {
	s.targeted.strict = true
	for i := range fields {
		f := &fields[i]
		switch nameOf(f) {
		case nameCacheControl:
			s.controlled = true
			s.own.read(f.Value)
		case nameCDNCacheControl:
			s.aim(f.Value)
		case nameDate:
			s.date.add(f.Value)
		case nameExpires:
			s.expires.add(f.Value)
		case nameLastModified:
			s.lastModified.add(f.Value)
		case nameETag:
			s.etag.add(f.Value)
		case nameAge:
			s.age.add(f.Value)
		case nameVary:
			s.varies.read(f.Value)
		case nameSetCookie:
			s.setCookie = true
		case nameSetCookie2:
			s.setCookie2 = true
		case nameContentRange:
			s.contentRange = true
		case nameContentEncoding:
			s.encoded = true
		case namePragma:
			s.pragma = s.pragma || hasNoCache(f.Value)
		}
	}
	s.settle()
}

// aim takes one line of CDN-Cache-Control into account. Of one that is no
// structured field at least what forbids is kept: it must be ignored, but
// nobody has to store what somebody tried to keep from being stored.
func (s *said) aim(line []byte) {
	s.aimed = s.aimed || len(line) > 0
	members := structured{b: line}
	for done := len(line) == 0; !done; {
		var d directive
		var ok bool
		if d, done, ok = members.member(); !ok {
			s.missed = true
			s.targeted.read(line)
			return
		}
		s.targeted.take(d)
	}
}

// settle draws the conclusions that need all fields.
func (s *said) settle() {
	if s.missed {
		s.own.restrict(&s.targeted)
	}
	// "Pragma: no-cache" has no meaning in a response (RFC 9111 section 5.4),
	// but whoever sends it and nothing else wants no cache.
	if s.pragma && !s.controlled && !s.aims() {
		s.own.noCache = true
	}
}

// aims reports that CDN-Cache-Control decides: "the cache MUST select the
// first (in target-list order) field with a valid, non-empty value and use its
// value to determine the caching policy for the response", and ignore
// Cache-Control and Expires (RFC 9213 section 2.2).
func (s *said) aims() bool { return s.aimed && !s.missed }

// control returns what decides.
func (s *said) control() *control {
	if s.aims() {
		return &s.targeted
	}
	return &s.own
}

// validator reports whether there is something to revalidate the response
// with.
func (s *said) validator() bool {
	if _, ok := s.lastModified.date(0); ok {
		return true
	}
	_, ok := parseTag(s.etag.value)
	return ok && !s.etag.clash
}

// ageSeconds returns the Age that a response came with. "a cache encountering
// a message with a list-based Age field value SHOULD use the first member of
// the field value, discarding subsequent ones" and ignore what is "something
// other than a non-negative integer" (RFC 9111 section 5.1). A parameter after
// the number takes nothing from it: older is the safe side.
func (s *said) ageSeconds() int64 {
	first, _ := grammar.NextItem(s.age.value)
	end := 0
	for end < len(first) && grammar.IsDigit(first[end]) {
		end++
	}
	if end < len(first) && first[end] != ';' {
		return 0
	}
	n, _ := parseDelta(first[:end])
	return n
}
