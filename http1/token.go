package http1

import "bytes"

// The classes that charClass sorts bytes into.
const (
	// classToken: tchar of RFC 9110 section 5.6.2.
	classToken = 1 << iota
	// classHost: the unreserved characters of RFC 3986, of which alone a host
	// name may consist here (see checkAuthority).
	classHost
	// classPath and classQuery: what may stand raw in a request target before
	// and after its first '?'. RFC 3986 allows less, but Sluice must not
	// refuse what people's programs send and nobody reads in two ways:
	//
	//   - Browsers send | ^ [ ] { } ` ' and stray % raw (the URL standard's
	//     percent-encode sets leave them alone in one place or another), and
	//     a backslash in a query.
	//   - Older clients put JSON and quotes into queries as they are; Tomcat
	//     refused that and had to give way (relaxedQueryChars).
	//
	// A path has no backslash, because some servers take it for a slash and a
	// Route's prefix would then not be what decides, and no " < >, which
	// every browser encodes there. '#' never stands in a target: a fragment
	// is not sent, and those that find one disagree on where the path ends.
	// Space, controls and bytes from 0x80 are refused everywhere.
	classPath
	classQuery
)

const (
	classAlnum  = classToken | classHost | classPath | classQuery
	classTarget = classPath | classQuery
	classMark   = classToken | classPath | classQuery
)

// charClass is constant: bit classX of row c says that byte c is an X.
var charClass = [256]uint8{
	'0': classAlnum, '1': classAlnum, '2': classAlnum, '3': classAlnum, '4': classAlnum,
	'5': classAlnum, '6': classAlnum, '7': classAlnum, '8': classAlnum, '9': classAlnum,

	'A': classAlnum, 'B': classAlnum, 'C': classAlnum, 'D': classAlnum, 'E': classAlnum, 'F': classAlnum, 'G': classAlnum,
	'H': classAlnum, 'I': classAlnum, 'J': classAlnum, 'K': classAlnum, 'L': classAlnum, 'M': classAlnum, 'N': classAlnum,
	'O': classAlnum, 'P': classAlnum, 'Q': classAlnum, 'R': classAlnum, 'S': classAlnum, 'T': classAlnum, 'U': classAlnum,
	'V': classAlnum, 'W': classAlnum, 'X': classAlnum, 'Y': classAlnum, 'Z': classAlnum,

	'a': classAlnum, 'b': classAlnum, 'c': classAlnum, 'd': classAlnum, 'e': classAlnum, 'f': classAlnum, 'g': classAlnum,
	'h': classAlnum, 'i': classAlnum, 'j': classAlnum, 'k': classAlnum, 'l': classAlnum, 'm': classAlnum, 'n': classAlnum,
	'o': classAlnum, 'p': classAlnum, 'q': classAlnum, 'r': classAlnum, 's': classAlnum, 't': classAlnum, 'u': classAlnum,
	'v': classAlnum, 'w': classAlnum, 'x': classAlnum, 'y': classAlnum, 'z': classAlnum,

	'-': classAlnum, '.': classAlnum, '_': classAlnum, '~': classAlnum,

	'!': classMark, '$': classMark, '%': classMark, '&': classMark, '\'': classMark, '*': classMark,
	'+': classMark, '^': classMark, '`': classMark, '|': classMark,

	'#': classToken,

	'(': classTarget, ')': classTarget, ',': classTarget, '/': classTarget, ':': classTarget, ';': classTarget,
	'=': classTarget, '@': classTarget, '[': classTarget, ']': classTarget, '{': classTarget, '}': classTarget,

	'?': classQuery, '"': classQuery, '<': classQuery, '>': classQuery, '\\': classQuery,
}

// classEnd returns the index of the first byte from b[i] on that is not of
// the class, len(b) if there is none.
func classEnd(b []byte, i int, class uint8) int {
	for i < len(b) && charClass[b[i]]&class != 0 {
		i++
	}
	return i
}

// isToken reports whether b is a token (RFC 9110 section 5.6.2): not empty,
// and tchar only.
func isToken(b []byte) bool {
	return len(b) > 0 && classEnd(b, 0, classToken) == len(b)
}

// trimSpace cuts optional white space, SP and HTAB only, off both ends.
// (bytes.TrimSpace takes VT, FF and Unicode spaces as well, which is how
// "\x0bchunked" becomes chunked for some.)
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// nextItem cuts the first element off a comma-separated list whose elements
// hold no commas themselves. An empty item is not the end; an empty rest is:
// "A recipient MUST parse and ignore a reasonable number of empty list
// elements" (RFC 9110 section 5.6.1.2).
func nextItem(list []byte) (item, rest []byte) {
	if comma := bytes.IndexByte(list, ','); comma >= 0 {
		return trimSpace(list[:comma]), list[comma+1:]
	}
	return trimSpace(list), nil
}
