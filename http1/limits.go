package http1

import (
	"bytes"

	"sluice/message"
)

// Limits bound what one head may hold. A bound of zero refuses everything:
// whoever builds a server states all three.
type Limits struct {
	// Head is how many bytes a head may have, its empty line included. More
	// is 431.
	Head int
	// Line is how many bytes a request line may have, without its CRLF. More
	// is 414. "It is RECOMMENDED that all HTTP senders and recipients
	// support, at a minimum, request-line lengths of 8000 octets" (RFC 9112
	// section 3).
	Line int
	// Fields is how many field lines a head may have. More is 431.
	Fields int
}

// tooLarge names the failure for a request head of which buf holds the
// beginning, and which is known to be longer than lim.Head: 414 when the
// request line alone is too long, 431 otherwise.
func (lim Limits) tooLarge(buf []byte) *message.Failure {
	if len(buf) >= 2 && buf[0] == '\r' && buf[1] == '\n' {
		buf = buf[2:]
	}
	if end := bytes.IndexByte(buf, '\n'); end < 0 || end-1 > lim.Line {
		return requestFailures[faultLineSize]
	}
	return requestFailures[faultHeadSize]
}
