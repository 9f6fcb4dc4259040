package http2

import (
	"bytes"

	"sluice/grammar"
)

// defaultUrgency is that of a request that says nothing of it (RFC 9218
// section 4.1).
const defaultUrgency = headUrgency

// parsePriority reads a Priority field, or the value of a PRIORITY_UPDATE (RFC
// 9218 section 4): a dictionary of which u and i are known. Of a key that
// comes twice the last counts; what is then out of range or of the wrong type
// is ignored. "If parsing fails [...] the entire field value MUST be ignored"
// (RFC 8941 section 4.2). The work is one pass over the value.
func parsePriority(value []byte) (urgency uint8, incremental bool) {
	urgency = defaultUrgency
	s := structured{b: bytes.TrimLeft(value, " ")}
	for more := len(s.b) > 0; more; {
		key, v := s.member()
		more = s.comma()
		switch string(key) {
		case "u":
			urgency = defaultUrgency
			if v.kind == kindInteger && 0 <= v.n && v.n <= 7 {
				urgency = uint8(v.n)
			}
		case "i":
			incremental = v.kind == kindBoolean && v.n == 1
		}
	}
	if s.malformed {
		return defaultUrgency, false
	}
	return urgency, incremental
}

// structured is a structured field being parsed by the algorithms of RFC 8941
// section 4.2, which is the version that RFC 9218 refers to. Only what Priority
// makes use of is kept; the rest must be well formed, no more.
type structured struct {
	b         []byte // what is left; nothing, once malformed
	malformed bool
}

// bare is a bare item (section 3.3), or stands for an inner list.
type bare struct {
	kind uint8
	n    int64 // of an Integer; 1: the Boolean true
}

const (
	kindOther uint8 = iota // of no use to Priority
	kindInteger
	kindBoolean
)

func (s *structured) fail() { s.b, s.malformed = nil, true }

// first returns the next byte, 0 at the end: no syntax has a NUL.
func (s *structured) first() byte {
	if len(s.b) == 0 {
		return 0
	}
	return s.b[0]
}

// eat takes the next byte if it is c.
func (s *structured) eat(c byte) bool {
	if s.first() != c || c == 0 {
		return false
	}
	s.b = s.b[1:]
	return true
}

// member parses a member of a dictionary (section 4.2.2) with its parameters.
func (s *structured) member() (key []byte, v bare) {
	key = s.key()
	switch {
	case !s.eat('='):
		v = bare{kindBoolean, 1} // "its value is Boolean true"
	case s.eat('('):
		s.innerList()
	default:
		v = s.bare()
	}
	s.parameters()
	return key, v
}

// comma goes on to the next member and reports whether there is one. A comma
// behind the last is a fault (section 4.2.2).
func (s *structured) comma() bool {
	s.space()
	if len(s.b) == 0 {
		return false
	}
	if !s.eat(',') {
		s.fail()
		return false
	}
	if s.space(); len(s.b) == 0 {
		s.fail()
	}
	return len(s.b) > 0
}

// space takes optional white space.
func (s *structured) space() {
	for len(s.b) > 0 && grammar.IsSpace(s.b[0]) {
		s.b = s.b[1:]
	}
}

// key parses a key (section 4.2.3.3).
func (s *structured) key() (key []byte) {
	n := 0
	for n < len(s.b) && isKeyByte(s.b[n], n == 0) {
		n++
	}
	if n == 0 {
		s.fail()
		return nil
	}
	key, s.b = s.b[:n], s.b[n:]
	return key
}

func isKeyByte(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', c == '*':
		return true
	}
	return !first && (grammar.IsDigit(c) || c == '_' || c == '-' || c == '.')
}

// parameters parses the parameters of an item (section 4.2.3.2).
func (s *structured) parameters() {
	for s.eat(';') {
		for s.eat(' ') {
		}
		if s.key(); s.eat('=') {
			s.bare()
		}
	}
}

// innerList parses an inner list behind its parenthesis (section 4.2.1.2). It
// holds items only, so nothing nests.
func (s *structured) innerList() {
	for !s.malformed {
		for s.eat(' ') {
		}
		if s.eat(')') {
			return
		}
		s.bare()
		s.parameters()
		if c := s.first(); c != ' ' && c != ')' {
			s.fail()
		}
	}
}

// bare parses a bare item (section 4.2.3.1).
func (s *structured) bare() bare {
	switch c := s.first(); {
	case c == '-', grammar.IsDigit(c):
		return s.number()
	case c == '?':
		return s.boolean()
	case c == '"':
		s.text()
	case c == ':':
		s.binary()
	case 'a' <= c|0x20 && c|0x20 <= 'z', c == '*':
		s.token()
	default:
		s.fail()
	}
	return bare{}
}

// number parses an Integer of at most 15 digits, or a Decimal of at most 12
// and 3 (section 4.2.4).
func (s *structured) number() bare {
	negative := s.eat('-')
	n, digits := s.digits()
	if s.eat('.') {
		if _, behind := s.digits(); digits == 0 || digits > 12 || behind == 0 || behind > 3 {
			s.fail()
		}
		return bare{}
	}
	if digits == 0 || digits > 15 {
		s.fail()
	}
	if negative {
		n = -n
	}
	return bare{kindInteger, n}
}

// digits takes digits. The value of more than 15 is of no use: the caller
// refuses them.
func (s *structured) digits() (n int64, count int) {
	for ; count < len(s.b) && grammar.IsDigit(s.b[count]); count++ {
		if count < 15 {
			n = n*10 + int64(s.b[count]-'0')
		}
	}
	s.b = s.b[count:]
	return n, count
}

// boolean parses a Boolean (section 4.2.8).
func (s *structured) boolean() bare {
	s.eat('?')
	switch {
	case s.eat('1'):
		return bare{kindBoolean, 1}
	case s.eat('0'):
		return bare{kindBoolean, 0}
	}
	s.fail()
	return bare{}
}

// text parses a String (section 4.2.5).
func (s *structured) text() {
	for i := 1; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.b = s.b[i+1:]
			return
		case c < ' ' || c > '~':
			s.fail()
			return
		case c == '\\':
			if i++; i == len(s.b) || s.b[i] != '"' && s.b[i] != '\\' {
				s.fail()
				return
			}
		}
	}
	s.fail()
}

// binary parses a Byte Sequence (section 4.2.7) as far as its characters go.
func (s *structured) binary() {
	for i, c := range s.b[1:] {
		switch {
		case c == ':':
			s.b = s.b[i+2:]
			return
		case 'a' <= c|0x20 && c|0x20 <= 'z', grammar.IsDigit(c), c == '+', c == '/', c == '=':
		default:
			s.fail()
			return
		}
	}
	s.fail()
}

// token parses a Token (section 4.2.6), whose first byte the caller has seen.
func (s *structured) token() {
	n := 0
	for n < len(s.b) && (grammar.Token.Has(s.b[n]) || s.b[n] == ':' || s.b[n] == '/') {
		n++
	}
	s.b = s.b[n:]
}
