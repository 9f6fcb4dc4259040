package degraded

import (
	"bytes"
	"fmt"

	"sluice/message"
)

// Marker stands in an owner's HTML or JSON where the Request-Id is to be
// shown. It may be missing, and may not stand there twice.
const Marker = "{{request_id}}"

// Body is one rendered body with the fields that describe it. It is immutable
// and shared by all Exchanges that it answers.
type Body struct {
	// Fields are Content-Type, Cache-Control and, for a page of our own, its
	// Content-Security-Policy. They are to be copied, not changed.
	Fields message.Fields

	head, tail []byte // what stands before and after the Request-Id
	marked     bool   // there is a place for the id between them
}

// Pieces returns the parts of the body to be written one after the other, and
// their length together. The id appears where the body has a place for it;
// one that is not made of [A-Za-z0-9._-] only is left out, because it stands
// unescaped between HTML or JSON and may have been chosen by the client.
func (b *Body) Pieces(id []byte) (pieces [3][]byte, length int64) {
	if !b.marked || !safe(id) {
		id = nil
	}
	return [3][]byte{b.head, id, b.tail}, int64(len(b.head) + len(id) + len(b.tail))
}

// ContentType returns the value of the Content-Type field.
func (b *Body) ContentType() []byte { return b.Fields.Get(message.ContentType) }

// IsJSON reports that the body is JSON and not a page.
func (b *Body) IsJSON() bool { return string(b.ContentType()) == typeJSON }

// newBody splits text at the Marker.
func newBody(text []byte, fields message.Fields) (*Body, error) {
	head, tail, marked := bytes.Cut(text, []byte(Marker))
	if bytes.Contains(tail, []byte(Marker)) {
		return nil, fmt.Errorf("%s stands there twice; it may stand there once", Marker)
	}
	return &Body{Fields: fields, head: bytes.Clone(head), tail: bytes.Clone(tail), marked: marked}, nil
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
	return true
}
