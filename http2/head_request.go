package http2

import (
	"sluice/grammar"
	"sluice/message"
)

// finishRequest judges the section that opens a stream. endStream says that
// its frame has END_STREAM. With nil the results hold.
func (h *head) finishRequest(endStream bool) *message.Failure {
	h.method = h.pseudo[pseudoMethod]
	if h.bad == headFaultNone {
		h.bad = h.decide(endStream)
	}
	return h.verdict(&headFailures)
}

// verdict returns the failure that the section ends with, nil without a
// fault.
func (h *head) verdict(failures *[headFaults]*message.Failure) *message.Failure {
	h.malformed = h.bad != headFaultNone && !headFaultRows[h.bad].refused
	return failures[h.bad]
}

// decide settles what the lines mean together. Whatever is malformed is found
// before what is only refused.
func (h *head) decide(endStream bool) headFault {
	if bad := h.decideControl(); bad != headFaultNone {
		return bad
	}
	if bad := h.sortFields(); bad != headFaultNone {
		return bad
	}
	if bad := h.decideAuthority(); bad != headFaultNone {
		return bad
	}
	if bad := h.decideLength(endStream); bad != headFaultNone {
		return bad
	}
	return h.refusal()
}

// sortFields takes out the fields that do not go on, in place.
func (h *head) sortFields() headFault {
	kept := h.fields[:0]
	for i := range h.fields {
		field := &h.fields[i]
		if field.ID != message.OtherName {
			keep, bad := h.take(field, len(kept))
			switch {
			case bad != headFaultNone:
				return bad
			case !keep:
				continue
			}
		}
		if len(kept) == i {
			kept = kept[:i+1] // it is there already
		} else {
			kept = append(kept, *field)
		}
	}
	h.fields = kept
	h.cookie.store(kept)
	return headFaultNone
}

// take looks at one field whose name Sluice knows, and says whether it stays
// among the end-to-end fields, as the one at index at. Trailer does not: each
// hop announces its own (message.Name.HopByHop).
func (h *head) take(field *message.Field, at int) (keep bool, bad headFault) {
	switch field.ID {
	case message.Host:
		return false, once(&h.host, field.Value, headFaultHostTwice)
	case message.ContentLength:
		return false, once(&h.contentLength, field.Value, headFaultLengthTwice)
	case message.TE:
		return false, h.takeTE(field.Value)
	case message.Trailer:
		return false, headFaultNone
	case message.Expect:
		_, other := grammar.Expectations(field.Value)
		h.otherExpect = h.otherExpect || other
	case message.Priority:
		h.urgency, _ = parsePriority(field.Value)
	case message.Cookie:
		return h.cookie.join(h, field.Value, at), headFaultNone
	}
	if field.ID.HopByHop() {
		// "Any message containing connection-specific header fields MUST be
		// treated as malformed" (RFC 9113 section 8.2.2).
		return false, headFaultConnectionField
	}
	return true, headFaultNone
}

// once keeps the value of a field that may be sent once. Of two, even if they
// are equal, whoever reads the first and whoever reads the last must see the
// same.
func once(kept *[]byte, value []byte, twice headFault) headFault {
	if *kept != nil {
		return twice
	}
	*kept = value
	return headFaultNone
}

// takeTE reads TE, which "MAY be present in an HTTP/2 request; when it is, it
// MUST NOT contain any value other than "trailers"" (RFC 9113 section 8.2.2).
func (h *head) takeTE(value []byte) headFault {
	switch {
	case string(value) != "trailers":
		return headFaultTEForm
	case h.trailers:
		return headFaultTETwice
	}
	h.trailers = true
	return headFaultNone
}

// decideLength says how long the content is. A Content-Length is one number:
// "A request or response is also malformed if the value of a content-length
// header field does not equal the sum of the DATA frame payload lengths that
// form the content" (RFC 9113 section 8.1.1), which what is no number cannot,
// and neither can more than 0 when the stream has ended. "A CONNECT request
// message does not have content" (RFC 9110 section 9.3.6): what follows an
// extended one is the tunnel's.
func (h *head) decideLength(endStream bool) headFault {
	empty := endStream || h.connect
	if empty {
		h.length = 0
	}
	if h.contentLength == nil {
		return headFaultNone
	}
	n, ok := grammar.ParseLength(h.contentLength)
	switch {
	case !ok:
		return headFaultLengthForm
	case n > 0 && empty:
		return headFaultLengthEnd
	}
	h.length = n
	return headFaultNone
}
