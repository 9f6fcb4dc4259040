package policy

import (
	"bytes"
	"encoding/binary"

	"sluice/grammar"
	"sluice/message"
)

// A response that varies on more names, or with more bytes of names and
// values, is not stored: it would hardly ever be found again.
const (
	maxVaryNames = 16
	maxVaryBytes = 2048
)

// varies is what the Vary lines of a response say (RFC 9110 section 12.5.5).
type varies struct {
	star     bool // on more than fields
	unusable bool // on what is no name, or on what no two clients have in common
	encoding bool // on Accept-Encoding
	names    int
}

// read takes one line of Vary into account.
func (v *varies) read(line []byte) {
	for len(line) > 0 {
		var item []byte
		item, line = grammar.NextItem(line)
		switch {
		case len(item) == 0:
			continue
		case string(item) == "*":
			v.star = true
		case !grammar.IsToken(item) || len(item) > 255:
			v.unusable = true
		case message.EqualFold(item, acceptEncoding):
			v.encoding = true
		}
		switch message.NameOf(item) {
		case message.XForwardedFor, message.XRealIP, message.Forwarded, message.RequestID:
			v.unusable = true
		}
		v.names++
	}
}

// never reports that no request can be matched: "A stored response with a Vary
// header field value containing a member "*" always fails to match" (RFC 9111
// section 4.1).
func (v *varies) never() bool { return v.star || v.unusable || v.names > maxVaryNames }

const acceptEncoding = "accept-encoding"

// ours reports a field that Sluice sets itself, from what is part of the key, or
// drops. The same requests have the same there.
func ours(name []byte) bool {
	switch message.NameOf(name) {
	case message.XForwardedHost, message.XForwardedPort, message.XForwardedProto:
		return true
	}
	return false
}

// AppendVary appends to dst what tells this variant of a response apart: the
// names that its Vary lists, and what the request had there (RFC 9111 section
// 4.1). A response that varies on nothing appends nothing. It is a form of its
// own, for Matches; two variants are the same if their bytes are.
//
// Values are normalised as far as that is right whatever they mean: lines are
// combined, and white space around the members of a list goes. Accept-Encoding
// and Accept-Language are compared in any case too; their order is kept,
// because servers go by it.
//
// X-Forwarded-Host, -Proto and -Port tell nothing apart that the key does not.
//
// A response with Content-Encoding counts as varying on Accept-Encoding. Many
// applications forget to say so, and a client would get what it cannot read.
//
// ok is false, and dst as it was, for Vary: *, for more than 16 names or 2048
// bytes, for what is no name, and for names that differ with each client.
//
// r has to be in the state in which Matches will see it: if fields are added
// or dropped on the way to the upstream, both have to see it before, or both
// after.
func AppendVary(dst []byte, r *message.Request, resp message.Fields) (key []byte, ok bool) {
	var v varies
	encoded := false
	for i := range resp {
		switch nameOf(&resp[i]) {
		case nameVary:
			v.read(resp[i].Value)
		case nameContentEncoding:
			encoded = true
		}
	}
	if v.never() {
		return dst, false
	}
	key, ok = dst, true
	for i := range resp {
		if v.names == 0 || nameOf(&resp[i]) != nameVary {
			continue
		}
		for line := resp[i].Value; len(line) > 0; {
			var item []byte
			if item, line = grammar.NextItem(line); len(item) == 0 || ours(item) {
				continue
			}
			if key, ok = appendSelecting(key, len(dst), item, r); !ok {
				return dst, false
			}
		}
	}
	if encoded && !v.encoding {
		if key, ok = appendSelecting(key, len(dst), []byte(acceptEncoding), r); !ok {
			return dst, false
		}
	}
	return key, true
}

// appendSelecting appends one name and what the request has there:
//
//	length of the name (1 byte), name in lower case, 0
//	length of the name (1 byte), name in lower case, 1, length of the value (2 bytes), value
//
// 0 is for a field that is absent: it "can only match another request if it is
// also absent there" (RFC 9111 section 4.1). from is where the key begins.
func appendSelecting(key []byte, from int, name []byte, r *message.Request) ([]byte, bool) {
	key = append(key, byte(len(name)))
	at := len(key)
	key = append(key, name...)
	lower(key[at:])
	s := selecting(r, key[at:])
	fold := s.folds()
	element, ok := s.next()
	if !ok {
		return append(key, 0), len(key)+1-from <= maxVaryBytes
	}
	key = append(key, 1, 0, 0)
	value := len(key)
	for ; ok; element, ok = s.next() {
		if s.began {
			key = append(key, s.separator())
		}
		s.began = true
		at := len(key)
		key = append(key, element...)
		if fold {
			lower(key[at:])
		}
		if len(key)-from > maxVaryBytes {
			return key, false
		}
	}
	binary.BigEndian.PutUint16(key[value-2:], uint16(len(key)-value))
	return key, true
}

// Matches reports whether a request selects the variant that AppendVary has
// described. Values are compared in full. It allocates nothing.
func Matches(vary []byte, r *message.Request) bool {
	for len(vary) > 0 {
		n := 1 + int(vary[0])
		if len(vary) <= n {
			return false
		}
		s := selecting(r, vary[1:n])
		present, rest := vary[n] == 1, vary[n+1:]
		var value []byte
		if present {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				return false
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			value, rest = rest[2:end], rest[end:]
		}
		if !s.equals(value, present) {
			return false
		}
		vary = rest
	}
	return true
}

// selector goes through the members of all lines of one field of a request,
// as if they were one list ("a recipient MAY combine multiple field lines",
// RFC 9110 section 5.3).
type selector struct {
	fields message.Fields
	name   []byte // in lower case
	line   []byte // what is left of the line
	inside bool   // there is something left of it
	began  bool   // a member was seen
}

// selecting returns the selector of a name, in lower case. Host is not among
// a request's fields: the wire has it as the authority.
func selecting(r *message.Request, name []byte) selector {
	if string(name) == "host" {
		return selector{line: r.Authority, inside: len(r.Authority) > 0}
	}
	return selector{fields: r.Fields, name: name}
}

// folds reports a field whose values have no case: content codings (RFC 9110
// section 8.4.1) and language tags (section 8.5.1).
func (s *selector) folds() bool {
	return string(s.name) == acceptEncoding || string(s.name) == "accept-language"
}

// next returns the next member.
func (s *selector) next() (element []byte, ok bool) {
	for !s.inside {
		if len(s.fields) == 0 {
			return nil, false
		}
		f := &s.fields[0]
		s.fields = s.fields[1:]
		if grammar.EqualNames(f.Name, s.name) {
			s.line, s.inside = f.Value, true
		}
	}
	if s.separator() == ';' {
		s.inside = false
		return s.line, true
	}
	element, s.line, _ = cutElement(s.line)
	s.inside = s.line != nil
	return element, true
}

// separator returns what joins members. Cookie is no list: its lines are
// joined by semicolons (RFC 9113 section 8.2.3), and a comma is part of a
// value.
func (s *selector) separator() byte {
	if string(s.name) == "cookie" {
		return ';'
	}
	return ','
}

// equals reports whether the members, joined, are value; or, if present is
// false, that there are none.
func (s *selector) equals(value []byte, present bool) bool {
	fold := s.folds()
	for element, ok := s.next(); ok; element, ok = s.next() {
		if !present {
			return false
		}
		if s.began {
			if len(value) == 0 || value[0] != s.separator() {
				return false
			}
			value = value[1:]
		}
		s.began = true
		if len(value) < len(element) {
			return false
		}
		same := value[:len(element)]
		if !bytes.Equal(element, same) && !(fold && grammar.EqualNames(element, same)) {
			return false
		}
		value = value[len(element):]
	}
	return s.began == present && len(value) == 0
}

// lower turns ASCII letters into lower case, in place.
func lower(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}
