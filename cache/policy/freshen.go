package policy

import (
	"bytes"

	"sluice/message"
)

// Updates reports whether a 304 is about the stored response whose validators
// were sent (RFC 9111 section 4.3.4). With an entity tag it must be the stored
// one: with another strong validator, it must not update what is stored. If
// either is weak, weak comparison will do: servers that compress
// weaken the tag of the 200 and forget to with the 304. Else a Last-Modified
// must be the stored one. A 304 without either is believed to be the answer to
// what was asked.
//
// If it is not about it, the upstream is to be asked without conditions.
func Updates(stored, update message.Fields) bool {
	var old, new validators
	old.read(stored)
	new.read(update)
	switch {
	case new.etag.seen:
		was, is := old.tag(), new.tag()
		return was.strongly(is) || (was.weak || is.weak) && was.weakly(is)
	case new.lastModified.seen && old.lastModified.seen:
		return !new.lastModified.clash && bytes.Equal(old.lastModified.value, new.lastModified.value)
	}
	return true
}

// HeadUpdates reports whether a 200 to HEAD is about the stored response to
// GET, whose content is size bytes long, so that its fields may be used with
// Freshen; otherwise the stored response is out of date (RFC 9111 section
// 4.3.5).
func HeadUpdates(stored message.Fields, size int64, head *message.Response) bool {
	if head.Status != 200 || head.Length >= 0 && head.Length != size {
		return false
	}
	var old, new validators
	old.read(stored)
	new.read(head.Fields)
	return old.etag.agrees(&new.etag) && old.lastModified.agrees(&new.lastModified)
}

// agrees reports that new doesn't contradict s.
func (s *single) agrees(new *single) bool {
	return !new.seen || s.seen && !s.clash && !new.clash && bytes.Equal(s.value, new.value)
}

// Freshen appends to dst the fields of a stored response as updated by a 304
// (RFC 9111 section 3.2): those of the 304 take the place of all lines of
// their name. dst must not overlap stored. Values are not copied.
//
// What StoredFields leaves out is not taken from the 304, nor is what says how
// the stored bytes are to be read: Content-Encoding, Content-Range and
// Content-Length. Servers do send those of another variant with a 304.
//
// The stored Date goes even if the 304 has none: that was made when it came
// (RFC 9110 section 6.6.1), and counting from the stored one would leave the
// response stale for ever. See StoredFields for what takes its place.
//
// Age alone is taken from the 304, for Judge: the result goes, with the stored
// status, through Judge and then through StoredFields. A Set-Cookie of the 304
// is not in the result; it is for the client whose request was validated, and
// for the caller to pass on.
func Freshen(dst, stored, update message.Fields) message.Fields {
	for i := range stored {
		if f := &stored[i]; nameOf(f) != nameAge && !replaced(f, update) {
			dst = append(dst, *f)
		}
	}
	for i := range update {
		if replaces(&update[i]) {
			dst = append(dst, update[i])
		}
	}
	return dst
}

// replaced reports whether an update has a field in place of f. It goes
// through the update once for each field: a head has 512 at most.
func replaced(f *message.Field, update message.Fields) bool {
	if f.ID == message.Date {
		return true
	}
	for i := range update {
		if sameName(f, &update[i]) {
			return replaces(f)
		}
	}
	return false
}

// replaces reports whether a 304 may update fields of this name.
func replaces(f *message.Field) bool {
	if passing(f) || f.ID == message.ContentLength {
		return false
	}
	switch nameOf(f) {
	case nameContentEncoding, nameContentRange:
		return false
	}
	return true
}
