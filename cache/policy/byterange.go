package policy

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// RangeOutcome says what part of a stored response a request gets.
type RangeOutcome uint8

// What Range finds.
const (
	Whole         RangeOutcome = iota // all of it: 200
	Part                              // one range: 206
	Unsatisfiable                     // 416
)

// Range says what part of a stored response the Range of a request asks for
// (RFC 9110 section 14.2), where its If-Range permits (section 13.1.5). The
// stored response is a complete 200 with content of size bytes; NotModified
// has said no already. With Part, 0 <= from, 0 < length and from+length <=
// size. It allocates nothing.
//
// Only one range is served: several, other units, and what is malformed get
// the whole, which "A server MAY ignore the Range header field" permits.
func Range(r *message.Request, stored message.Fields, size int64) (from, length int64, o RangeOutcome) {
	if string(r.Method) != "GET" || size < 0 {
		return 0, size, Whole
	}
	var asked, condition single
	for i := range r.Fields {
		switch f := &r.Fields[i]; nameOf(f) {
		case nameRange:
			asked.clash = asked.seen // two are none
			asked.add(f.Value)
		case nameIfRange:
			condition.clash = condition.seen
			condition.add(f.Value)
		}
	}
	if !asked.seen || asked.clash || condition.seen && !condition.permits(stored) {
		return 0, size, Whole
	}
	spec, ok := oneRange(asked.value)
	if !ok {
		return 0, size, Whole
	}
	return spec.within(size)
}

// permits evaluates an If-Range: it must be the stored entity tag, by strong
// comparison, or exactly the stored Last-Modified, if that is a strong
// validator: "at least one second" before the Date (RFC 9110 section 8.8.2.2).
func (s *single) permits(stored message.Fields) bool {
	if s.clash {
		return false
	}
	var v validators
	v.read(stored)
	if t, ok := parseTag(s.value); ok {
		return v.tag().strongly(t)
	}
	made, ok := v.date.date(0)
	if !ok {
		return false
	}
	modified, ok := v.lastModified.date(made)
	wanted, ok2 := s.date(made)
	return ok && ok2 && wanted == modified && modified < made
}

// byteRange is one range-spec of the unit bytes (RFC 9110 section 14.1.2). A
// number that doesn't fit is the greatest one: it lies beyond any size.
type byteRange struct {
	first int64
	last  int64 // the greatest number where none is given
	tail  bool  // the last bytes, as many as last says
}

// within returns what a range means for content of size bytes.
func (b byteRange) within(size int64) (from, length int64, o RangeOutcome) {
	switch {
	case b.tail && b.last == 0, !b.tail && b.first >= size:
		return 0, 0, Unsatisfiable
	case size == 0: // the last bytes of nothing, which no 206 can say
		return 0, 0, Whole
	case b.tail:
		length = min(b.last, size)
		return size - length, length, Part
	}
	return b.first, min(b.last, size-1) - b.first + 1, Part
}

// oneRange reads a Range that has one range-spec.
func oneRange(value []byte) (b byteRange, ok bool) {
	unit, set, found := bytes.Cut(value, []byte("="))
	if !found || !message.EqualFold(unit, "bytes") {
		return b, false
	}
	var spec []byte
	for len(set) > 0 {
		var item []byte
		item, set = grammar.NextItem(set)
		if len(item) == 0 {
			continue
		}
		if spec != nil {
			return b, false
		}
		spec = item
	}
	first, last, found := bytes.Cut(spec, []byte("-"))
	if !found {
		return b, false
	}
	if len(first) == 0 {
		b.tail = true
		b.last, ok = position(last)
		return b, ok
	}
	if b.first, ok = position(first); !ok {
		return b, false
	}
	if b.last = grammar.MaxLength; len(last) > 0 {
		b.last, ok = position(last)
	}
	return b, ok && b.first <= b.last
}

// position reads digits and nothing else. What is greater than any length
// counts as the greatest.
func position(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		if !grammar.IsDigit(c) {
			return 0, false
		}
		if n > grammar.MaxLength/10 {
			n = grammar.MaxLength
			continue
		}
		n = min(n*10+int64(c-'0'), grammar.MaxLength)
	}
	return n, len(digits) > 0
}
