package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// maxMethod is the longest method that is let through. The longest that IANA
// lists has 17 bytes.
const maxMethod = 32

// requestHead is the head of one request. Its slices point into the bytes
// that were parsed, except for target in one rare case (see reduce), and are
// valid as long as those are and until parse is called again.
type requestHead struct {
	minor     int            // HTTP/1.minor, 0 or 1; anything higher counts as 1
	method    []byte         // token, case-sensitive; never CONNECT or TRACE
	target    []byte         // origin form, or "*" with OPTIONS
	authority []byte         // host[:port]; empty with HTTP/1.0 only
	fields    message.Fields // end-to-end only, in order; the backing array is used again
	length    int64          // of the body: 0 none, n, or -1 for chunked
	close     bool           // the connection does not persist after this request
	keepAlive bool           // an HTTP/1.0 client asked for it, and is to be told so
	upgrade   []byte         // what the client wants to change to, nil if nothing
	trailers  bool           // TE: trailers
	expect    bool           // Expect: 100-continue, and there is a body to wait for

	section fieldSection
	spare   []byte // holds target when it is not a part of the head
}

// parse reads a head as scanHead found it. After a failure the members have
// no meaning, and the connection must be closed: where the next request
// begins is not known.
func (h *requestHead) parse(head []byte, lim Limits) *message.Failure {
	if len(head) > lim.Head {
		return lim.tooLarge(head)
	}
	i, bad := h.parseLine(head, lim.Line)
	if bad == faultNone {
		bad = h.section.parse(head, i, lim.Fields)
	}
	if bad == faultNone {
		bad = h.decide()
	}
	return requestFailures[bad]
}

// parseLine reads the request line: method SP request-target SP HTTP-version
// (RFC 9112 section 3), single spaces only. "recipients MAY instead parse on
// whitespace-delimited word boundaries [...] However, lenient parsing can result in
// request smuggling security vulnerabilities": so we do not.
func (h *requestHead) parseLine(b []byte, limit int) (next int, bad fault) {
	start := 0
	if crlfAt(b, 0) {
		start = 2
	}
	end := grammar.Token.End(b, start)
	switch {
	case crlfAt(b, start):
		return 0, faultRequestLineEmpty
	case end == start || end >= len(b) || b[end] != ' ':
		return 0, faultMethodByte
	case end-start > maxMethod:
		return 0, faultMethodSize
	}
	h.method = b[start:end:end]
	i := end + 1
	if end, bad = targetEnd(b, i); bad != faultNone {
		return 0, bad
	}
	h.target = b[i:end:end]
	i = end + 1
	major, minor, ok := cutVersion(b, i)
	i += len("HTTP/1.1")
	switch {
	case !ok || !crlfAt(b, i):
		return 0, faultVersionForm
	case i-start > limit:
		return 0, faultLineSize
	case major != 1:
		return 0, faultVersion
	}
	h.minor = minor
	return i + 2, faultNone
}

// cutVersion reads "HTTP/" DIGIT "." DIGIT at b[i]; it is case-sensitive. A
// higher minor version counts as the highest we know: "A recipient that
// receives a message with a major version number that it implements and a
// minor version number higher than what it implements SHOULD process the
// message as if it was in the highest minor version within that major version
// to which the recipient is conformant" (RFC 9110 section 2.5).
func cutVersion(b []byte, i int) (major, minor int, ok bool) {
	if i+8 > len(b) {
		return 0, 0, false
	}
	v := b[i : i+8]
	if string(v[:5]) != "HTTP/" || !grammar.IsDigit(v[5]) || v[6] != '.' || !grammar.IsDigit(v[7]) {
		return 0, 0, false
	}
	return int(v[5] - '0'), min(int(v[7]-'0'), 1), true
}

// decide settles what the request line and the fields mean together.
func (h *requestHead) decide() (bad fault) {
	s := &h.section
	if m := string(h.method); m == "CONNECT" || m == "TRACE" {
		return faultMethodRefused
	}
	if bad = h.decideHost(s.host); bad != faultNone {
		return bad
	}
	if h.length, bad = requestLength(s, h.minor); bad != faultNone {
		return bad
	}
	if h.upgrade, bad = requestUpgrade(s, h.minor); bad != faultNone {
		return bad
	}
	if s.expectElse {
		return faultExpect
	}
	h.fields = s.fields
	h.decideExpect()
	c := &s.connection
	h.keepAlive = h.minor == 0 && c.keepAlive && !c.close
	h.close = c.close || h.minor == 0 && !c.keepAlive
	h.trailers = h.minor == 1 && c.te && s.trailers
	return faultNone
}

// decideHost checks the Host field and brings the target into origin form.
//
// "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
// request message that lacks a Host header field and to any request message
// that contains more than one Host header field line or a Host header field
// with an invalid field value" (RFC 9112 section 3.2). An empty Host is
// for URIs without authority, which a gateway cannot serve.
func (h *requestHead) decideHost(host []byte) fault {
	h.authority = host
	switch {
	case host == nil && h.minor == 1:
		return faultHostMissing
	case len(host) > 0 || h.minor == 1:
		if bad := authorityFault(host); bad != faultNone {
			return bad
		}
	}
	switch {
	case h.target[0] == '/':
		return faultNone
	case h.target[0] == '*' && len(h.target) == 1:
		if string(h.method) != "OPTIONS" {
			return faultTargetAsterisk
		}
		return faultNone
	}
	return h.reduce()
}

// reduce brings an absolute target into origin form. RFC 9112 section 3.2.2
// lets its host win over the Host field; we refuse a request in which they
// differ, because whoever reads it after us may decide otherwise.
func (h *requestHead) reduce() fault {
	authority, rest, ok := absoluteForm(h.target)
	if !ok {
		return faultTargetForm
	}
	if bad := authorityFault(authority); bad != faultNone {
		return bad
	}
	switch {
	case len(h.authority) == 0:
		h.authority = authority // HTTP/1.0 without Host
	case !grammar.EqualNames(authority, h.authority):
		return faultTargetHost
	}
	switch {
	case len(rest) > 0 && rest[0] == '/':
		h.target = rest
	case len(rest) == 0 && string(h.method) == "OPTIONS":
		// "the last proxy on the request chain MUST send a request-target of
		// "*"" (RFC 9112 section 3.2.4).
		h.target = asterisk
	default:
		h.spare = append(append(h.spare[:0], '/'), rest...)
		h.target = h.spare
	}
	return faultNone
}

var asterisk = []byte{'*'}

// decideExpect: "A server that receives a 100-continue expectation in an
// HTTP/1.0 request MUST ignore that expectation" (RFC 9110 section 10.1.1),
// so the field must not reach the upstream as HTTP/1.1 either. Without a body
// there is nothing to continue with.
func (h *requestHead) decideExpect() {
	h.expect = h.section.expect && h.minor == 1 && h.length != 0
	if h.minor == 0 {
		h.fields = h.fields.Without(message.Expect)
	}
}
