package grammar

// Class is a set of bytes. A byte may be of several.
type Class uint8

// The classes.
const (
	// Token is tchar of RFC 9110 section 5.6.2: what methods and the names of
	// fields consist of.
	Token Class = 1 << iota
	// LowerToken is Token without the upper-case letters: what field names
	// consist of in HTTP/2 (RFC 9113 section 8.2).
	LowerToken
	// HostName is the unreserved characters of RFC 3986 section 2.3, of which
	// alone a host name may consist here (see CheckAuthority).
	HostName
	// Path and Query are what may stand raw in a request target before and
	// after its first '?'. RFC 3986 sections 3.3 and 3.4 allow less, but
	// Sluice must not refuse what people's programs send and nobody reads in
	// two ways:
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
	Path
	Query
)

const (
	classLower  = Token | LowerToken | HostName | Path | Query
	classUpper  = classLower &^ LowerToken
	classTarget = Path | Query
	classMark   = Token | LowerToken | Path | Query
)

// classes is constant: row c holds the classes that byte c is of.
var classes = [256]Class{
	'0': classLower, '1': classLower, '2': classLower, '3': classLower, '4': classLower,
	'5': classLower, '6': classLower, '7': classLower, '8': classLower, '9': classLower,

	'A': classUpper, 'B': classUpper, 'C': classUpper, 'D': classUpper, 'E': classUpper, 'F': classUpper, 'G': classUpper,
	'H': classUpper, 'I': classUpper, 'J': classUpper, 'K': classUpper, 'L': classUpper, 'M': classUpper, 'N': classUpper,
	'O': classUpper, 'P': classUpper, 'Q': classUpper, 'R': classUpper, 'S': classUpper, 'T': classUpper, 'U': classUpper,
	'V': classUpper, 'W': classUpper, 'X': classUpper, 'Y': classUpper, 'Z': classUpper,

	'a': classLower, 'b': classLower, 'c': classLower, 'd': classLower, 'e': classLower, 'f': classLower, 'g': classLower,
	'h': classLower, 'i': classLower, 'j': classLower, 'k': classLower, 'l': classLower, 'm': classLower, 'n': classLower,
	'o': classLower, 'p': classLower, 'q': classLower, 'r': classLower, 's': classLower, 't': classLower, 'u': classLower,
	'v': classLower, 'w': classLower, 'x': classLower, 'y': classLower, 'z': classLower,

	'-': classLower, '.': classLower, '_': classLower, '~': classLower,

	'!': classMark, '$': classMark, '%': classMark, '&': classMark, '\'': classMark, '*': classMark,
	'+': classMark, '^': classMark, '`': classMark, '|': classMark,

	'#': Token | LowerToken,

	'(': classTarget, ')': classTarget, ',': classTarget, '/': classTarget, ':': classTarget, ';': classTarget,
	'=': classTarget, '@': classTarget, '[': classTarget, ']': classTarget, '{': classTarget, '}': classTarget,

	'?': Query, '"': Query, '<': Query, '>': Query, '\\': Query,
}

// Has reports whether b is of the class.
func (c Class) Has(b byte) bool { return classes[b]&c != 0 }

// End returns the index of the first byte from b[i] on that is not of the
// class, len(b) if there is none.
func (c Class) End(b []byte, i int) int {
	for i < len(b) && classes[b[i]]&c != 0 {
		i++
	}
	return i
}
