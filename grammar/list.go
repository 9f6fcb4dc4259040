package grammar

import "bytes"

// NextItem cuts the first element off a comma-separated list whose elements
// hold no commas themselves. An empty item is not the end; an empty rest is:
// "A recipient MUST parse and ignore a reasonable number of empty list
// elements" (RFC 9110 section 5.6.1.2).
func NextItem(list []byte) (item, rest []byte) {
	if comma := bytes.IndexByte(list, ','); comma >= 0 {
		return TrimSpace(list[:comma]), list[comma+1:]
	}
	return TrimSpace(list), nil
}

// HasItem reports whether a comma-separated list (RFC 9110 section 5.6.1) has
// an element, in any case.
func HasItem(list []byte, item string) bool {
	for len(list) > 0 {
		var next []byte
		next, list = NextItem(list)
		if EqualNames(next, item) {
			return true
		}
	}
	return false
}

// Expectations reads "Expect = #expectation" (RFC 9110 section 10.1.1): it
// reports whether 100-continue is expected, and whether anything else is. The
// one expectation that is defined has no parameters.
func Expectations(list []byte) (proceed, other bool) {
	for len(list) > 0 {
		var item []byte
		item, list = NextItem(list)
		switch {
		case EqualNames(item, "100-continue"):
			proceed = true
		case len(item) > 0:
			other = true
		}
	}
	return proceed, other
}
