package degraded

import (
	"fmt"
	"strings"

	"sluice/message"
)

// Marker stands in an owner's HTML or JSON where the Request-Id is to be
// shown. It may be missing, and may not stand there twice.
const Marker = "{{request_id}}"

// maxID is how long a Request-Id may be to be shown.
const maxID = 64

// leastCoded is how long a text must be to be compressed. A shorter one leaves
// in one packet, together with its head, either way.
const leastCoded = 1 << 10

// Body is one rendered body with the fields that describe it. It is immutable
// and shared by all Exchanges that it answers.
type Body struct {
	// Fields are Content-Type, Cache-Control and, where they apply, Vary,
	// Content-Encoding and Content-Security-Policy. They are to be copied, not
	// changed.
	Fields message.Fields

	first, head, tail *stretch // the Request-Id stands before the tail
	marked            bool     // there is a place for it
	coded             *Body    // its compressed form, nil without one
	gzip              bool     // this is a compressed form
	sum               uint32   // CRC-32 of first and head, of a compressed form
}

// For returns the form of the body for a client with this value of
// Accept-Encoding, nil if it sent none: the body itself, or its compressed
// form. It allocates nothing.
func (b *Body) For(acceptEncoding []byte) *Body {
	if b.coded != nil && prefersGzip(acceptEncoding) {
		return b.coded
	}
	return b
}

// Scratch is memory for what is one answer's own in a Body.
type Scratch [maxID + storedHead + gzipTrailer]byte

// Pieces returns the parts of the body to be written one after the other, and
// their length together. What of them is this answer's own stands in s, until s
// is used again. It allocates nothing.
//
// The id appears where the body has a place for it. One of more than 64 bytes,
// or not made of [A-Za-z0-9._-] only, is left out, because it stands unescaped
// between HTML or JSON and may have been chosen by the client.
func (b *Body) Pieces(s *Scratch, id []byte) (pieces [6][]byte, length int64) {
	if !b.marked || !safe(id) {
		id = nil
	}
	if b.gzip {
		pieces = b.gzipped(s, id)
	} else {
		pieces = [6][]byte{b.first.text, b.head.text, id, b.tail.text}
	}
	for _, p := range pieces {
		length += int64(len(p))
	}
	return pieces, length
}

// ContentType returns the value of the Content-Type field.
func (b *Body) ContentType() []byte { return b.Fields.Get(message.ContentType) }

// IsJSON reports that the body is JSON and not a page.
func (b *Body) IsJSON() bool { return string(b.ContentType()) == typeJSON }

// newBody makes a body of a text, which is split at the Marker. first is how
// much of it many bodies begin with.
func (c *Common) newBody(text string, first int, contentType, policy string) (*Body, error) {
	head, tail, marked := strings.Cut(text[first:], Marker)
	if strings.Contains(tail, Marker) {
		return nil, fmt.Errorf("%s stands there twice; it may stand there once", Marker)
	}
	b := &Body{
		Fields: fieldsFor(contentType, policy),
		first:  c.stretch(text[:first]), head: c.stretch(head), tail: c.stretch(tail), marked: marked,
	}
	if len(text) >= leastCoded {
		c.compress(b)
	}
	return b, nil
}

// safe reports whether an id may stand in HTML and JSON as it is.
func safe(id []byte) bool {
	for _, c := range id {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return len(id) <= maxID
}
