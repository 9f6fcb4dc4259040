package policy

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// tag is an entity tag (RFC 9110 section 8.8.3). Its zero value is none.
type tag struct {
	opaque []byte // with the quotes
	weak   bool
}

// parseTag reads a value that is one entity tag.
func parseTag(b []byte) (t tag, ok bool) {
	t, end := tagAt(b)
	if end == 0 || end != len(b) {
		return tag{}, false
	}
	return t, true
}

// tagAt reads the entity tag that b begins with and returns where it ends, 0
// if there is none. "W/" is case-sensitive, and a backslash is an octet like
// others (RFC 9110 section 8.8.3).
func tagAt(b []byte) (t tag, end int) {
	from := 0
	if len(b) >= 2 && b[0] == 'W' && b[1] == '/' {
		t.weak, from = true, 2
	}
	if from >= len(b) || b[from] != '"' {
		return tag{}, 0
	}
	for i := from + 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			t.opaque = b[from : i+1]
			return t, i + 1
		case c <= ' ', c == 0x7f:
			return tag{}, 0
		}
	}
	return tag{}, 0
}

// weakly reports whether two tags match by weak comparison, strongly by strong
// comparison (RFC 9110 section 8.8.3.2).
func (t tag) weakly(o tag) bool { return t.opaque != nil && bytes.Equal(t.opaque, o.opaque) }

func (t tag) strongly(o tag) bool { return !t.weak && !o.weak && t.weakly(o) }

// listed reports whether a line of If-None-Match has a tag that matches t by
// weak comparison. What is no tag is passed over.
func (t tag) listed(line []byte) bool {
	for len(line) > 0 {
		if line[0] == ',' || grammar.IsSpace(line[0]) {
			line = line[1:]
			continue
		}
		item, end := tagAt(line)
		line = line[end:]
		comma := bytes.IndexByte(line, ',')
		if comma < 0 {
			comma = len(line)
		}
		if end > 0 && len(grammar.TrimSpace(line[:comma])) == 0 && t.weakly(item) {
			return true
		}
		line = line[comma:]
	}
	return false
}

// validators are what a response can be revalidated with, and its Date.
type validators struct {
	etag, lastModified, date single
}

// read reads the fields of a stored response, or of a 304.
func (v *validators) read(fields message.Fields) {
	for i := range fields {
		switch f := &fields[i]; nameOf(f) {
		case nameETag:
			v.etag.add(f.Value)
		case nameLastModified:
			v.lastModified.add(f.Value)
		case nameDate:
			v.date.add(f.Value)
		}
	}
}

// tag returns the entity tag, none if there are two that don't agree.
func (v *validators) tag() tag {
	if v.etag.clash {
		return tag{}
	}
	t, _ := parseTag(v.etag.value)
	return t
}

// Validators returns what our own revalidation of a stored response sends: the
// value for If-None-Match and that for If-Modified-Since (RFC 9111 section
// 4.3.1), as the response spelt them; nil for what is absent, malformed, or
// contradicts itself.
func Validators(stored message.Fields) (etag, lastModified []byte) {
	var v validators
	v.read(stored)
	if v.tag().opaque != nil {
		etag = v.etag.value
	}
	if _, ok := v.lastModified.date(0); ok {
		lastModified = v.lastModified.value
	}
	return etag, lastModified
}
