package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// responseHead is the head of one response. Its slices point into the bytes
// that were parsed and are valid as long as those are.
type responseHead struct {
	minor   int // HTTP/1.minor, 0 or 1; anything higher counts as 1
	status  int // 100 to 999
	reason  []byte
	fields  message.Fields // end-to-end only, in order; the backing array is used again
	length  int64          // Content-Length, -1 without one
	chunked bool           // the body is chunked; if not, and length is -1, it ends with the connection
	close   bool           // the connection does not persist after this response, however its body ends
	upgrade []byte         // the protocol changed to, with 101 only

	section fieldSection
}

// parse reads a head as scanResponseHead found it. After a failure the
// members have no meaning, and the connection must be closed.
func (h *responseHead) parse(head []byte, lim Limits) *message.Failure {
	if len(head) > lim.Head {
		return responseFailures[faultHeadSize]
	}
	i, bad := h.parseLine(head)
	if bad == faultNone {
		bad = h.section.parse(head, i, lim.Fields)
	}
	if bad == faultNone {
		bad = h.decide()
	}
	return responseFailures[bad]
}

// parseLine reads the status line: HTTP-version SP status-code SP [ reason ]
// (RFC 9112 section 4). The second space may be missing with the reason: many
// servers leave it out, and it can be read in one way only. Status codes from
// 600 are invalid (RFC 9110 section 15) but in use, and frame nothing; they
// go through.
func (h *responseHead) parseLine(b []byte) (next int, bad fault) {
	major, minor, ok := cutVersion(b, 0)
	if !ok || major != 1 || len(b) < len("HTTP/1.1 200\r\n") || b[8] != ' ' {
		return 0, faultStatusLine
	}
	h.minor = minor
	if b[9] == '0' || !grammar.IsDigit(b[9]) || !grammar.IsDigit(b[10]) || !grammar.IsDigit(b[11]) {
		return 0, faultStatusCode
	}
	h.status = int(b[9]-'0')*100 + int(b[10]-'0')*10 + int(b[11]-'0')
	start := 12
	if b[start] == ' ' {
		start++
	} else if b[start] != '\r' {
		return 0, faultStatusLine
	}
	end := grammar.ControlAt(b, start)
	if !crlfAt(b, end) {
		if end >= len(b) {
			return 0, faultUnfinished
		}
		return 0, controlFault(b[end])
	}
	h.reason = b[start:end:end]
	return end + 2, faultNone
}

// decide settles what the status line and the fields mean together.
func (h *responseHead) decide() (bad fault) {
	s := &h.section
	h.length, h.chunked, bad = responseLength(s, h.minor, h.status)
	if bad != faultNone {
		return bad
	}
	h.fields = s.fields
	c := &s.connection
	h.close = c.close || h.minor == 0 && !c.keepAlive
	h.upgrade = nil
	if h.status == 101 && h.minor == 1 && c.upgrade && len(s.upgrade) > 0 {
		h.upgrade = s.upgrade
	}
	return faultNone
}
