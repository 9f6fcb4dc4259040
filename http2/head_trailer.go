package http2

import (
	"sluice/grammar"
	"sluice/message"
)

// finishTrailers judges a trailer section, the last of its stream. With nil
// fields holds those that may go on.
//
// Malformed is what RFC 9113 wants to be so in any section: invalid names and
// values, pseudo-fields, fields specific to a connection, a TE other than
// trailers. What RFC 9110 section 6.5.1 keeps out of trailers (Host,
// Content-Length, Content-Type, credentials and the like) is dropped, as http1
// does: it forbids to send and to merge them, and of forwarding it says that
// "in most cases, the trailers are simply discarded". A stream that is nearly
// done is not worth ending for them.
func (h *head) finishTrailers() *message.Failure {
	if h.bad == headFaultNone {
		h.bad = h.sortTrailers()
	}
	return h.verdict(&trailerFailures)
}

func (h *head) sortTrailers() headFault {
	for _, value := range h.pseudo {
		if value != nil {
			// "Pseudo-header fields MUST NOT appear in a trailer section"
			// (RFC 9113 section 8.3).
			return headFaultPseudoTrailer
		}
	}
	kept := h.fields[:0]
	for _, field := range h.fields {
		switch {
		case field.ID == message.TE:
			if bad := h.takeTE(field.Value); bad != headFaultNone {
				return bad
			}
		case field.ID == message.Trailer:
		case field.ID.HopByHop():
			return headFaultConnectionField
		case mayTrail(&field):
			kept = append(kept, field)
		}
	}
	h.fields = kept
	return headFaultNone
}

// mayTrail reports whether a field may come after the content (see
// grammar.MayTrail). Of those that Sluice decides on only Proxy-Status may
// (RFC 9209 section 2): the others frame or route the message, or tell the
// upstream who the client is.
func mayTrail(field *message.Field) bool {
	switch field.ID {
	case message.OtherName:
		return grammar.MayTrail(field.Name)
	case message.ProxyStatus:
		return true
	}
	return false
}
