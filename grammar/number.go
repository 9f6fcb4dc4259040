package grammar

// MaxLength bounds every length and chunk size that a peer may name, in
// bytes, far from where sums of them could overflow.
const MaxLength = 1 << 62

// ParseLength reads a Content-Length: digits and nothing else, up to
// MaxLength. "a recipient MUST anticipate potentially large decimal numerals
// and prevent parsing errors due to integer conversion overflows" (RFC 9110
// section 8.6).
func ParseLength(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' || n > MaxLength/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0 && n <= MaxLength
}

// isPort reports whether b is a port: digits only, up to 65535, or empty
// ("port = *DIGIT", RFC 3986 section 3.2.3).
func isPort(b []byte) bool {
	n, ok := ParseLength(b)
	return len(b) == 0 || ok && n <= 65535
}

// IsDigit reports whether c is DIGIT of RFC 5234 appendix B.1.
func IsDigit(c byte) bool { return '0' <= c && c <= '9' }

// HexDigit returns the value of a hexadecimal digit (HEXDIG of RFC 5234
// appendix B.1, in either case as RFC 9110 section 2.1 has it), -1 if c is
// none.
func HexDigit(c byte) int64 {
	switch {
	case '0' <= c && c <= '9':
		return int64(c - '0')
	case 'a' <= c && c <= 'f':
		return int64(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int64(c-'A') + 10
	}
	return -1
}
