package degraded

import (
	"bytes"

	"sluice/message"
)

// element is one element of a list with weights: of Accept or
// Accept-Language.
type element struct {
	value   []byte // before the first ";"
	q       uint16 // its weight in thousandths, 1000 without one
	special bool   // it has a parameter that is neither q nor charset
	valid   bool   // it is not empty and its weight can be read
}

// nextElement returns the first element of a list and what follows it. A comma
// inside a quoted string does not end an element.
//
// Both fields only tell what a client would like, so what cannot be read is
// passed over: nobody is refused for it.
func nextElement(list []byte) (element, []byte) {
	part, separator, rest := cut(list, ",;")
	e := element{value: bytes.Trim(part, " \t"), q: 1000}
	e.valid = len(e.value) > 0
	for separator == ';' {
		part, separator, rest = cut(rest, ",;")
		e.parameter(bytes.Trim(part, " \t"))
	}
	return e, rest
}

// parameter takes one parameter of the element into account: "Recipients
// SHOULD process any parameter named "q" as weight, regardless of parameter
// ordering." (RFC 9110 section 12.5.1)
func (e *element) parameter(p []byte) {
	name, value, _ := bytes.Cut(p, []byte("="))
	switch {
	case len(p) == 0:
	case equalFold(name, "q"):
		q, ok := weight(value)
		e.q, e.valid = q, e.valid && ok
	case !equalFold(name, "charset"):
		e.special = true
	}
}

// weight reads a qvalue (RFC 9110 section 12.4.2) as thousandths:
//
//	qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
//
// The zero may be missing (".2"), which Java clients make use of.
func weight(v []byte) (q uint16, ok bool) {
	whole, fraction, dotted := bytes.Cut(v, []byte("."))
	switch {
	case bytes.Equal(whole, []byte("1")):
		q = 1000
	case !bytes.Equal(whole, []byte("0")) && (len(whole) > 0 || !dotted):
		return 0, false
	}
	if len(fraction) > 3 {
		return 0, false
	}
	unit := uint16(100)
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		q += uint16(c-'0') * unit
		unit /= 10
	}
	return q, q <= 1000
}

// cut splits b at the first of the separators that is not inside a quoted
// string. separator is 0 when there is none.
func cut(b []byte, separators string) (before []byte, separator byte, after []byte) {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == separators[0] || c == separators[1]):
			return b[:i], c, b[i+1:]
		}
	}
	return b, 0, nil
}

// equalFold reports whether b is the ASCII string lower in any case.
func equalFold(b []byte, lower string) bool { return message.EqualFold(b, lower) }

// hasSuffixFold reports whether b ends with the ASCII string lower in any case.
func hasSuffixFold(b []byte, lower string) bool {
	return len(b) >= len(lower) && equalFold(b[len(b)-len(lower):], lower)
}
