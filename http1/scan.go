package http1

import (
	"bytes"

	"sluice/message"
)

// scanHead looks for the end of the request head that begins at buf[0]. from
// is next of an earlier call on a shorter buf, 0 at first, so that bytes are
// looked at once.
//
// With end > 0 the head is buf[:end], its empty line included. With end 0
// more bytes are needed. Two things fail at once and not after a time-out: a
// LF without CR, because a client that ends lines so would wait for us as
// long as we for it, and a NUL, because the TLS hello that a plain port is
// sent has one. The rest is for parse to find.
//
// One empty line before the request line belongs to the head and is skipped
// ("a server that is expecting to receive and parse a request-line SHOULD
// ignore at least one empty line (CRLF) received prior to the request-line",
// RFC 9112 section 2.2). A second one ends the head, and parse refuses it.
func scanHead(buf []byte, from int) (end, next int, f *message.Failure) {
	end, next, bad := headEnd(buf, from)
	return end, next, requestFailures[bad]
}

// scanResponseHead is scanHead for what an upstream sends: its failures name
// the upstream. An empty line before the status line is not an error here,
// but responseHead.parse refuses it.
func scanResponseHead(buf []byte, from int) (end, next int, f *message.Failure) {
	end, next, bad := headEnd(buf, from)
	return end, next, responseFailures[bad]
}

// (BenchmarkScanHead: bytes.IndexByte for each line, and once for NUL, takes
// two thirds of the time of looking at all bytes with grammar.ControlAt.)
func headEnd(buf []byte, from int) (end, next int, bad fault) {
	end = lineEnds(buf, from)
	looked := end
	if end == 0 {
		looked = len(buf)
	}
	switch {
	case end < 0:
		return 0, from, faultBareLF
	case bytes.IndexByte(buf[from:looked], 0) >= 0:
		return 0, from, faultControl
	}
	return end, looked, faultNone
}

// lineEnds returns where an empty line ends, 0 if there is none from buf[i]
// on, and -1 for a LF without CR before it.
func lineEnds(buf []byte, i int) int {
	for {
		n := bytes.IndexByte(buf[i:], '\n')
		if n < 0 {
			return 0
		}
		i += n
		switch {
		case i == 0 || buf[i-1] != '\r':
			return -1
		case i > 2 && buf[i-2] == '\n':
			// That LF ended a line, or we would not have got past it.
			return i + 1
		}
		i++
	}
}

// crlfAt reports whether b[i] begins a CRLF.
func crlfAt(b []byte, i int) bool {
	return uint(i)+1 < uint(len(b)) && b[i] == '\r' && b[i+1] == '\n'
}

// controlFault names what is wrong with a control character c that is not
// part of a CRLF.
func controlFault(c byte) fault {
	switch c {
	case '\r':
		return faultBareCR
	case '\n':
		return faultBareLF
	}
	return faultControl
}
