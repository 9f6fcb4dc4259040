package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// cutField parses the field line that begins at b[i] into field, and says
// where the line after it begins.
//
//	field-line = field-name ":" OWS field-value OWS
//
// The name is a token ("No whitespace is allowed between the field name and
// colon", RFC 9112 section 5.1), the value has no control character but HTAB
// (RFC 9110 section 5.5: CR, LF and NUL are "invalid and dangerous"), and a
// line never continues on the next one (RFC 9112 section 5.2).
func cutField(field *message.Field, b []byte, i int) (next int, bad fault) {
	colon := grammar.Token.End(b, i)
	if colon == i || colon >= len(b) || b[colon] != ':' {
		return i, nameFault(b, i, colon)
	}
	start := colon + 1
	for start < len(b) && grammar.IsSpace(b[start]) {
		start++
	}
	end := grammar.ControlAt(b, start)
	if !crlfAt(b, end) {
		if end >= len(b) {
			return i, faultUnfinished
		}
		return i, controlFault(b[end])
	}
	next = end + 2
	for end > start && grammar.IsSpace(b[end-1]) {
		end--
	}
	field.Name = b[i:colon:colon]
	field.Value = b[start:end:end]
	field.ID = message.NameOf(field.Name)
	return next, faultNone
}

// nameFault says what is wrong with a field line that begins at b[i] and has
// at b[end] the first byte that no field name has, where a colon should be.
func nameFault(b []byte, i, end int) fault {
	switch {
	case end >= len(b):
		return faultUnfinished
	case grammar.IsSpace(b[end]) && end == i:
		return faultFold
	case grammar.IsSpace(b[end]):
		return faultFieldNameSpace
	case b[end] == ':':
		return faultFieldNameEmpty
	case crlfAt(b, end):
		return faultFieldNoColon
	case b[end] == '\r' || b[end] == '\n':
		return controlFault(b[end])
	}
	return faultFieldNameByte
}
