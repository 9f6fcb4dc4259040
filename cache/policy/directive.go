package policy

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// form is how the argument of a directive is written (RFC 9111 section 5.2).
type form uint8

const (
	formNone   form = iota // there is none
	formToken              // a token; an integer or a token in a structured field
	formQuoted             // a quoted-string; value is what stands between the quotes
	formOther              // none of them: value is the whole element
)

// directive is one member of a Cache-Control field.
type directive struct {
	kind  kind
	form  form
	value []byte
}

// kind is a directive that somebody here acts on.
type kind uint8

const (
	kindOther kind = iota
	kindMaxAge
	kindMaxStale
	kindMinFresh
	kindMustRevalidate
	kindMustUnderstand
	kindNoCache
	kindNoStore
	kindOnlyIfCached
	kindPrivate
	kindProxyRevalidate
	kindPublic
	kindSMaxAge
	kindStaleIfError
	kindStaleWhileRevalidate
)

// kinds holds, by length, the names of directives in lower case.
var kinds = [...][]struct {
	lower string
	kind  kind
}{
	6:  {{"public", kindPublic}},
	7:  {{"max-age", kindMaxAge}, {"private", kindPrivate}},
	8:  {{"no-cache", kindNoCache}, {"no-store", kindNoStore}, {"s-maxage", kindSMaxAge}},
	9:  {{"max-stale", kindMaxStale}, {"min-fresh", kindMinFresh}},
	14: {{"only-if-cached", kindOnlyIfCached}, {"stale-if-error", kindStaleIfError}},
	15: {{"must-revalidate", kindMustRevalidate}, {"must-understand", kindMustUnderstand}},
	16: {{"proxy-revalidate", kindProxyRevalidate}},
	22: {{"stale-while-revalidate", kindStaleWhileRevalidate}},
}

// kindOf recognises the name of a directive: "Cache directives are identified
// by a token, to be compared case-insensitively" (RFC 9111 section 5.2).
func kindOf(b []byte) kind {
	if len(b) >= len(kinds) {
		return kindOther
	}
	for _, k := range kinds[len(b)] {
		if message.EqualFold(b, k.lower) {
			return k.kind
		}
	}
	return kindOther
}

// nextDirective cuts the first directive off the value of a Cache-Control
// line. open reports that a quote was not closed, so that nobody can say what
// the rest of the line was meant to be.
func nextDirective(list []byte) (d directive, rest []byte, open bool) {
	element, rest, open := cutElement(list)
	eq := bytes.IndexByte(element, '=')
	switch {
	case eq < 0 && grammar.IsToken(element):
		return directive{kind: kindOf(element)}, rest, open
	case eq < 0 || !grammar.IsToken(element[:eq]):
		return directive{form: formOther, value: element}, rest, open
	}
	d.kind = kindOf(element[:eq])
	switch value := element[eq+1:]; {
	case grammar.IsToken(value):
		d.form, d.value = formToken, value
	case isQuoted(value):
		d.form, d.value = formQuoted, value[1:len(value)-1]
	default:
		d.form, d.value = formOther, element
	}
	return d, rest, open
}

// cutElement cuts the first element off a list whose elements may hold commas
// in quoted strings (RFC 9110 sections 5.6.1 and 5.6.4), without the white
// space around it. rest is nil after the last one.
func cutElement(list []byte) (element, rest []byte, open bool) {
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			open = !open
		case c == '\\' && open:
			i++
		case c == ',' && !open:
			return grammar.TrimSpace(list[:i]), list[i+1:], false
		}
	}
	return grammar.TrimSpace(list), nil, open
}

// isQuoted reports whether b is one quoted-string and nothing else.
func isQuoted(b []byte) bool {
	if len(b) < 2 || b[0] != '"' {
		return false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i == len(b)-1
		}
	}
	return false
}

// maxDelta is the longest time in seconds that anybody can name: "If a cache
// receives a delta-seconds value greater than the greatest integer it can
// represent, or if any of its subsequent calculations overflows, the cache
// MUST consider the value to be 2147483648 (2^31) or the greatest positive
// integer it can conveniently represent" (RFC 9111 section 1.2.2).
const maxDelta = 1 << 31

// parseDelta reads delta-seconds: digits and nothing else.
func parseDelta(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !grammar.IsDigit(c) {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), maxDelta)
	}
	return n, len(b) > 0
}
