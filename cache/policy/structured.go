package policy

import "sluice/grammar"

// structured reads a Dictionary of RFC 8941, which is what a targeted field
// is: "If a targeted field in a given response is empty, or a parsing error is
// encountered, that field MUST be ignored by the cache" (RFC 9213 section
// 2.1). Parameters are checked and left out of account, as it says too.
type structured struct {
	b []byte
	i int
}

// member reads the next member. ok is false when it is none, which makes the
// whole field invalid; done is true when it was the last one.
func (s *structured) member() (d directive, done, ok bool) {
	key, ok := s.key()
	if !ok {
		return d, false, false
	}
	d.kind = kindOf(key)
	if s.skip('=') {
		if d.form, d.value, ok = s.value(); !ok {
			return d, false, false
		}
	}
	if !s.parameters() {
		return d, false, false
	}
	s.space()
	if s.i == len(s.b) {
		return d, true, true
	}
	comma := s.skip(',')
	s.space()
	return d, false, comma && s.i < len(s.b)
}

// value reads an item or an inner list.
func (s *structured) value() (f form, value []byte, ok bool) {
	if !s.skip('(') {
		return s.item()
	}
	for {
		s.spaces()
		if s.skip(')') {
			return formOther, nil, true
		}
		if _, _, ok := s.item(); !ok || !s.parameters() {
			return formOther, nil, false
		}
		if c := s.peek(); c != ' ' && c != ')' {
			return formOther, nil, false
		}
	}
}

// parameters reads *( ";" *SP key [ "=" item ] ).
func (s *structured) parameters() bool {
	for s.skip(';') {
		s.spaces()
		if _, ok := s.key(); !ok {
			return false
		}
		if s.skip('=') {
			if _, _, ok := s.item(); !ok {
				return false
			}
		}
	}
	return true
}

// key reads ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" ).
func (s *structured) key() ([]byte, bool) {
	from := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case 'a' <= c && c <= 'z', c == '*':
		case s.i > from && (grammar.IsDigit(c) || c == '_' || c == '-' || c == '.'):
		default:
			return s.b[from:s.i], s.i > from
		}
		s.i++
	}
	return s.b[from:], s.i > from
}

// item reads a bare item. Of those that are no directive's argument it says
// formOther.
func (s *structured) item() (f form, value []byte, ok bool) {
	switch c := s.peek(); {
	case c == '"':
		return s.text()
	case c == '-' || grammar.IsDigit(c):
		return s.numeral()
	case c == '*' || 'a' <= c|0x20 && c|0x20 <= 'z':
		return s.token()
	case c == ':':
		return s.bytes()
	case c == '?' && s.i+1 < len(s.b) && (s.b[s.i+1] == '0' || s.b[s.i+1] == '1'):
		f = formNone // ?1 is what a key without a value says
		if s.b[s.i+1] == '0' {
			f = formOther
		}
		s.i += 2
		return f, nil, true
	}
	return formOther, nil, false
}

func (s *structured) text() (form, []byte, bool) {
	from := s.i + 1
	for i := from; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return formQuoted, s.b[from:i], true
		case c == '\\':
			i++
			if i == len(s.b) || s.b[i] != '"' && s.b[i] != '\\' {
				return formOther, nil, false
			}
		case c < 0x20 || c > 0x7e:
			return formOther, nil, false
		}
	}
	return formOther, nil, false
}

// numeral reads an integer of up to 15 digits, or a decimal of up to 12 and 3.
func (s *structured) numeral() (form, []byte, bool) {
	from := s.i
	s.skip('-')
	whole := s.digits()
	if !s.skip('.') {
		return formToken, s.b[from:s.i], 1 <= whole && whole <= 15
	}
	part := s.digits()
	return formOther, nil, 1 <= whole && whole <= 12 && 1 <= part && part <= 3
}

func (s *structured) digits() int {
	from := s.i
	for s.i < len(s.b) && grammar.IsDigit(s.b[s.i]) {
		s.i++
	}
	return s.i - from
}

func (s *structured) token() (form, []byte, bool) {
	from := s.i
	for s.i < len(s.b) && (grammar.Token.Has(s.b[s.i]) || s.b[s.i] == ':' || s.b[s.i] == '/') {
		s.i++
	}
	return formToken, s.b[from:s.i], true
}

// bytes reads a byte sequence: base64 between colons.
func (s *structured) bytes() (form, []byte, bool) {
	for s.i++; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == ':':
			s.i++
			return formOther, nil, true
		case !grammar.IsDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '+' && c != '/' && c != '=':
			return formOther, nil, false
		}
	}
	return formOther, nil, false
}

func (s *structured) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *structured) skip(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// spaces skips SP, space skips OWS.
func (s *structured) spaces() {
	for s.skip(' ') {
	}
}

func (s *structured) space() {
	for s.i < len(s.b) && grammar.IsSpace(s.b[s.i]) {
		s.i++
	}
}
