package grammar

// IsToken reports whether b is a token (RFC 9110 section 5.6.2): not empty,
// and tchar only.
func IsToken(b []byte) bool {
	return len(b) > 0 && Token.End(b, 0) == len(b)
}

// IsSpace reports whether c is optional white space (OWS, RFC 9110 section
// 5.6.3): SP or HTAB.
func IsSpace(c byte) bool { return c == ' ' || c == '\t' }

// TrimSpace cuts optional white space (RFC 9110 section 5.6.3), SP and HTAB
// only, off both ends. (bytes.TrimSpace takes VT, FF and Unicode spaces as
// well, which is how "\x0bchunked" becomes chunked for some.)
func TrimSpace(b []byte) []byte {
	for len(b) > 0 && IsSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && IsSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// EqualNames compares two names of fields (RFC 9110 section 5.1), options or
// hosts (RFC 3986 section 3.2.2) without regard to the case of ASCII letters,
// and of no others: U+212A KELVIN SIGN is not a k.
func EqualNames[T string | []byte](a []byte, b T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lowerByte(a[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
