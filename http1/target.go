package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// targetEnd returns the end of the request target that begins at b[i]. It
// looks at bytes only; targetFault and absolute look at the form.
func targetEnd(b []byte, i int) (end int, bad fault) {
	end = grammar.TargetEnd(b, i)
	switch {
	case end >= len(b):
		return end, faultUnfinished
	case b[end] == ' ' && end == i:
		return end, faultTargetEmpty
	case b[end] == ' ':
		return end, faultNone
	case b[end] == '#':
		return end, faultTargetFragment
	case crlfAt(b, end):
		return end, faultVersionMissing
	case b[end] == '\r' || b[end] == '\n':
		return end, controlFault(b[end])
	}
	return end, faultTargetByte
}

// absoluteForm takes an absolute http or https URI apart (RFC 9112 section
// 3.2.2). rest is its path and query, and may be empty or begin with '?'.
func absoluteForm(target []byte) (authority, rest []byte, ok bool) {
	switch {
	case len(target) >= 7 && message.EqualFold(target[:7], "http://"):
		target = target[7:]
	case len(target) >= 8 && message.EqualFold(target[:8], "https://"):
		target = target[8:]
	default:
		return nil, nil, false
	}
	end := 0
	for end < len(target) && target[end] != '/' && target[end] != '?' {
		end++
	}
	return target[:end], target[end:], true
}
