package degraded

import "sluice/message"

// RoomAnswer is one rendered answer of a waiting room.
type RoomAnswer struct {
	Status int
	// Fields are Content-Type, Cache-Control and, for a page, its
	// Content-Security-Policy. They are shared: to be copied, not changed.
	Fields message.Fields
	// RetryAfter is the value of Retry-After, nil for an answer without one.
	RetryAfter []byte
	// Pieces are the parts of the body, to be written one after the other. The
	// first and the last are shared by all answers; the second is in the
	// buffer that Render was given, as RetryAfter is.
	Pieces [3][]byte
	Length int64 // of the pieces together
}

// IsJSON reports that the body is JSON and not a page.
func (a *RoomAnswer) IsJSON() bool { return string(a.Fields.Get(message.ContentType)) == typeJSON }
