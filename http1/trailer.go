package http1

import (
	"sluice/grammar"
	"sluice/message"
)

const (
	maxTrailerSize  = 8 << 10
	maxTrailerCount = 32
)

// stepTrailer takes one byte of the trailer section, up to the CR of the
// empty line. Lines are copied, because they need not come together.
func (d *chunked) stepTrailer(c byte) fault {
	if d.state == chunkTrailer && c == '\r' {
		d.state = chunkLastLF
		return faultNone
	}
	if len(d.section) == maxTrailerSize {
		return faultTrailerSize
	}
	d.state = chunkTrailerIn
	if c == '\n' {
		if last := len(d.section) - 1; last < 0 || d.section[last] != '\r' {
			return faultBareLF
		}
		d.state = chunkTrailer
	}
	d.section = append(d.section, c)
	return faultNone
}

// parseTrailers reads the whole trailer section, without its empty line.
func (d *chunked) parseTrailers() fault {
	d.trailers = d.trailers[:0]
	for i, count := 0, 0; i < len(d.section); count++ {
		var field message.Field
		next, bad := cutField(&field, d.section, i)
		switch {
		case bad != faultNone:
			return bad
		case count == maxTrailerCount:
			return faultTrailerCount
		}
		i = next
		if mayTrail(field) {
			d.trailers = append(d.trailers, field)
		}
	}
	if d.nominates != nil {
		d.trailers = d.nominates.strip(d.trailers)
	}
	return faultNone
}

// mayTrail reports whether a field may come after the body (RFC 9110 section
// 6.5.1; see grammar.MayTrail). The others are dropped, as are fields of one
// connection and those by which Sluice tells the upstream who the client is:
// whoever merges trailers into the header section must not find them there.
func mayTrail(field message.Field) bool {
	switch field.ID {
	case message.OtherName:
		return grammar.MayTrail(field.Name)
	case message.ProxyStatus:
		// It may be sent as a trailer field (RFC 9209 section 2).
		return true
	}
	return false
}
