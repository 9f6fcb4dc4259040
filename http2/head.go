package http2

import (
	"sluice/grammar"
	"sluice/message"
)

const (
	// lineOverhead is what each field line counts besides its name and value,
	// in bytes (RFC 9113 section 6.5.2).
	lineOverhead = 32
	// headUrgency is that of a request that says nothing of its priority
	// (RFC 9218 section 4.1).
	headUrgency = 3

	// What a head holds without memory of its own on the heap. A browser's
	// has 1 to 2 KiB and 15 to 30 lines.
	headText   = 4 << 10
	headFields = 64
)

// head collects one decoded field section and says what it means. It is used
// again and again, by one goroutine at a time: reset, add for each line in
// the order sent, then finishRequest or finishTrailers, once. All slices it
// gives out point into its own memory and are valid until the next reset.
//
//	HPACK → add: is the line one that may be sent?
//	             → finishRequest: what do the lines say together?
//	             → finishTrailers
//
// add looks at a line by itself, so that nothing malformed is kept; what a
// field means depends on which kind of section it stands in, and is decided
// when that is known.
type head struct {
	// What the section says, once finishRequest or finishTrailers has
	// returned nil. Of a trailer section there are fields only. After a
	// Failure method is what was sent, if anything was (an answer to HEAD
	// must have no content, whatever it says), and length is -1 unless it is
	// known; the rest has no meaning.
	method    []byte         // token; never CONNECT or TRACE
	authority []byte         // host[:port] as received, never empty
	target    []byte         // path and query, or "*" with OPTIONS
	fields    message.Fields // end-to-end only, names in lower case, in order
	length    int64          // of the content: 0 none, n, or -1 unknown
	upgrade   []byte         // of an extended CONNECT: the value of :protocol
	connect   bool           // an extended CONNECT (RFC 8441), of which method has become GET
	trailers  bool           // TE: trailers
	urgency   uint8          // RFC 9218, from the priority field

	// malformed says, after a Failure, that the section was malformed, so
	// that the stream must end with PROTOCOL_ERROR whatever is answered (RFC
	// 9113 section 8.1.1). Without it the section was well formed and is
	// refused all the same.
	malformed bool

	limits Limits
	total  int       // see size
	lines  int       // as Limits.Fields counts them
	bad    headFault // the first that add has found; nothing is kept after it

	pseudo        [pseudos][]byte // nil: not sent
	host          []byte          // the Host field, nil: not sent
	contentLength []byte          // the Content-Length field, nil: not sent
	otherExpect   bool            // Expect has a member that is not 100-continue
	cookie        cookie

	grown       bool   // text is on the heap
	text        []byte // where the next line goes: in fixedText, or a larger piece on the heap
	fixedText   [headText]byte
	fixedFields [headFields]message.Field
}

// reset makes h ready for another section and drops what it has grown to. It
// leaves the fixed memory as it is: zeroing 8 KiB took 3 % of the CPU of a
// request.
func (h *head) reset(limits Limits) {
	h.method, h.authority, h.target = nil, nil, nil
	h.length, h.urgency = -1, headUrgency
	h.upgrade, h.connect, h.trailers, h.malformed = nil, false, false, false
	h.limits, h.total, h.lines, h.bad = limits, 0, 0, headFaultNone
	h.pseudo = [pseudos][]byte{}
	h.host, h.contentLength, h.otherExpect = nil, nil, false
	h.cookie = cookie{}
	if h.grown {
		clear(h.fixedFields[:]) // they point into what it has grown to
		h.grown = false
	}
	h.text = h.fixedText[:0]
	h.fields = h.fixedFields[:0]
}

// size is the section's size so far in bytes, counted as Limits.Head is, also
// when nothing has been kept for long.
func (h *head) size() int { return h.total }

// add takes one field line, in the order sent; HPACK's emit function calls
// it. Both strings are copied. After a fault nothing more is kept, but the
// size goes on being counted.
func (h *head) add(name, value string) {
	h.total += len(name) + len(value) + lineOverhead
	switch {
	case h.bad != headFaultNone:
	case h.total > h.limits.Head:
		h.bad = headFaultSize
	case len(name) > 0 && name[0] == ':':
		h.bad = h.addPseudo(name, value)
	default:
		h.bad = h.addField(name, value)
	}
}

// addField takes the line of a field. "A request or response that contains a
// field that violates any of these conditions MUST be treated as malformed"
// (RFC 9113 section 8.2.1), whatever the field is for.
func (h *head) addField(name, value string) (bad headFault) {
	var field message.Field
	field.Name = h.keep(name)
	if bad = nameFault(field.Name); bad != headFaultNone {
		return bad
	}
	if field.Value, bad = h.keepValue(value); bad != headFaultNone {
		return bad
	}
	field.ID = message.NameOf(field.Name)
	if field.ID != message.Cookie || h.cookie.count(field.Value) {
		if h.lines == h.limits.Fields {
			return headFaultCount
		}
		h.lines++
	}
	h.fields = append(h.fields, field)
	return headFaultNone
}

// nameFault says what is wrong with a field name.
func nameFault(name []byte) headFault {
	end := grammar.LowerToken.End(name, 0)
	switch {
	case len(name) == 0:
		return headFaultNameEmpty
	case end == len(name):
		return headFaultNone
	case 'A' <= name[end] && name[end] <= 'Z':
		return headFaultNameUpper
	}
	return headFaultNameByte
}

// keepValue copies the value of a field or pseudo-field that may be sent: one
// without control characters, "A field value MUST NOT start or end with an
// ASCII whitespace character" (RFC 9113 section 8.2.1).
func (h *head) keepValue(value string) ([]byte, headFault) {
	b := h.keep(value)
	switch last := len(b) - 1; {
	case last < 0:
	case grammar.ControlAt(b, 0) <= last:
		return nil, headFaultControl
	case grammar.IsSpace(b[0]) || grammar.IsSpace(b[last]):
		return nil, headFaultValueSpace
	}
	return b, headFaultNone
}

// keep copies s. What it returns is never nil.
func (h *head) keep(s string) []byte { return append(h.room(len(s)), s...) }

// room returns an empty slice with place for n bytes. When the place that is
// left is too short the rest of it is given up and a piece on the heap, twice
// as large, takes its place; slices into what was before stay good.
func (h *head) room(n int) []byte {
	if cap(h.text)-len(h.text) < n {
		h.text = make([]byte, 0, max(n, 2*cap(h.text)))
		h.grown = true
	}
	start := len(h.text)
	h.text = h.text[:start+n]
	return h.text[start : start : start+n]
}
