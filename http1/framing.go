package http1

import (
	"sluice/grammar"
	"sluice/message"
)

// requestLength decides where a request's body ends (RFC 9112 section 6.3):
// 0 without one, n, or -1 for chunked. There is no third way to end a
// request, and no way to say both: "A server MAY reject a request that
// contains both Content-Length and Transfer-Encoding" (section 6.1); since
// others read such a message differently, we always do.
func requestLength(s *fieldSection, minor int) (int64, fault) {
	switch {
	case s.coding == nil && s.length == nil:
		return 0, faultNone
	case s.coding != nil:
		return -1, codingFault(s, minor)
	}
	n, ok := grammar.ParseLength(s.length)
	if !ok {
		return 0, faultLengthForm
	}
	return n, faultNone
}

// responseLength does the same for a response: -1 when there is no
// Content-Length, and then whether it is chunked. What a 304 or an answer to
// HEAD has is for the caller to know, who knows the request.
//
// 1xx and 204 have no body. "A server MUST NOT send a Transfer-Encoding
// header field in any response with a status code of 1xx (Informational) or
// 204 (No Content)" (RFC 9112 section 6.1), and likewise for Content-Length
// (RFC 9110 section 8.6). Many frameworks send "Content-Length: 0" with 204
// all the same, which can be read in one way only and is let through; any
// other length may be followed by bytes that are no response, and is not.
func responseLength(s *fieldSection, minor, status int) (n int64, chunked bool, bad fault) {
	bodiless := status < 200 || status == 204
	switch {
	case s.coding == nil && s.length == nil:
		return -1, false, faultNone
	case s.coding != nil && bodiless:
		return 0, false, faultCodingStatus
	case s.coding != nil:
		return -1, true, codingFault(s, minor)
	}
	n, ok := grammar.ParseLength(s.length)
	switch {
	case !ok:
		return 0, false, faultLengthForm
	case bodiless && n > 0:
		return 0, false, faultLengthStatus
	}
	return n, false, faultNone
}

// codingFault says what is wrong with a message that has Transfer-Encoding,
// unless that is "chunked" and nothing else, in HTTP/1.1 and without
// Content-Length.
//
// "A server or client that receives an HTTP/1.0 message containing a
// Transfer-Encoding header field MUST treat the message as if the framing is
// faulty" (RFC 9112 section 6.1).
func codingFault(s *fieldSection, minor int) fault {
	switch {
	case s.length != nil:
		return faultLengthAndCoding
	case minor == 0:
		return faultCodingVersion
	case message.EqualFold(s.coding, "chunked"):
		return faultNone
	}
	return codingListFault(s.coding)
}

// codingListFault tells codings that we could have been asked to know
// (gzip, chunked: 501) from those that leave the length open (400): "If a
// Transfer-Encoding header field is present in a request and the chunked
// transfer coding is not the final encoding, the message body length cannot
// be determined reliably; the server MUST respond with the 400 (Bad Request)
// status code" (RFC 9112 section 6.3), and "A server that receives a request
// message with a transfer coding it does not understand SHOULD respond with
// 501" (section 6.1). An empty element is garbled: no sender has a reason.
func codingListFault(list []byte) fault {
	for {
		var item []byte
		item, list = grammar.NextItem(list)
		last := list == nil
		chunked := message.EqualFold(item, "chunked")
		switch {
		case !grammar.IsToken(item):
			return faultCodingForm
		case chunked && !last:
			return faultCodingForm
		case last && !chunked:
			return faultCodingNotChunked
		case last:
			return faultCodingUnknown
		}
	}
}
