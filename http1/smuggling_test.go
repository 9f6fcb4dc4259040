package http1

import "testing"

// The smuggling corpus: heads that two readers have been known to read in two
// ways. All of them are refused, whichever reading would have been right.
// Names follow the literature: CL.TE is a front that believes Content-Length
// before a back that believes Transfer-Encoding.
var smuggling = []struct {
	name string
	in   string
	want fault
}{
	// "A sender MUST NOT send a Content-Length header field in any message
	// that contains a Transfer-Encoding header field" (RFC 9112 section 6.2).
	{"cl-te", request("Content-Length: 6", "Transfer-Encoding: chunked") + "0\r\n\r\nG", faultLengthAndCoding},
	{"te-cl", request("Transfer-Encoding: chunked", "Content-Length: 4") + "5c\r\n", faultLengthAndCoding},
	{"cl0-te", request("Content-Length: 0", "Transfer-Encoding: chunked"), faultLengthAndCoding},
	{"cl-te-nominated", request("Connection: Content-Length", "Content-Length: 6", "Transfer-Encoding: chunked"), faultConnectionNominates},
	{"cl-te-1.0", "POST / HTTP/1.0\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n", faultLengthAndCoding},
	{"te-1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", faultCodingVersion},
	{"cl-te-unknown", request("Content-Length: 6", "Transfer-Encoding: xchunked"), faultLengthAndCoding},

	// TE.TE: one of two readers does not see it.
	{"te-space-before-colon", request("Transfer-Encoding : chunked"), faultFieldNameSpace},
	{"te-tab-before-colon", request("Transfer-Encoding\t: chunked"), faultFieldNameSpace},
	{"te-vt", request("Transfer-Encoding: \x0bchunked"), faultControl},
	{"te-ff", request("Transfer-Encoding: chunked\x0c"), faultControl},
	{"te-nul", request("Transfer-Encoding: chunked\x00"), faultControl},
	{"te-nbsp", request("Transfer-Encoding: \xa0chunked"), faultCodingForm},
	{"te-x", request("Transfer-Encoding: xchunked"), faultCodingNotChunked},
	{"te-quoted", request(`Transfer-Encoding: "chunked"`), faultCodingForm},
	{"te-single-quoted", request("Transfer-Encoding: 'chunked'"), faultCodingNotChunked},
	{"te-comma-first", request("Transfer-Encoding: ,chunked"), faultCodingForm},
	{"te-comma-last", request("Transfer-Encoding: chunked,"), faultCodingForm},
	{"te-semicolon", request("Transfer-Encoding: chunked;foo=bar"), faultCodingForm},
	{"te-twice", request("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), faultCodingTwice},
	{"te-twice-x", request("Transfer-Encoding: chunked", "Transfer-encoding: x"), faultCodingTwice},
	{"te-twice-cow", request("Transfer-Encoding: cow", "Transfer-Encoding: chunked"), faultCodingTwice},
	{"te-list-twice", request("Transfer-Encoding: chunked, chunked"), faultCodingForm},
	{"te-chunked-identity", request("Transfer-Encoding: chunked, identity"), faultCodingForm},
	{"te-identity", request("Transfer-Encoding: identity"), faultCodingNotChunked},
	{"te-identity-chunked", request("Transfer-Encoding: identity, chunked"), faultCodingUnknown},
	{"te-gzip", request("Transfer-Encoding: gzip"), faultCodingNotChunked},
	{"te-gzip-chunked", request("Transfer-Encoding: gzip, chunked"), faultCodingUnknown},
	{"te-chunked-gzip", request("Transfer-Encoding: chunked, gzip"), faultCodingForm},
	{"te-empty", request("Transfer-Encoding:"), faultCodingForm},
	{"te-folded", request("Transfer-Encoding:", " chunked"), faultFold},
	{"te-folded-after", request("Transfer-Encoding: chunked", " , identity"), faultFold},
	{"te-after-fold", request("X: y", " Transfer-Encoding: chunked"), faultFold},
	{"te-bare-lf-in-value", request("X: y\nTransfer-Encoding: chunked"), faultBareLF},
	{"te-bare-cr-in-value", request("X: y\rTransfer-Encoding: chunked"), faultBareCR},
	{"te-bare-lf-after-name", request("Transfer-Encoding:\n chunked"), faultBareLF},
	{"te-bare-cr-before", "POST / HTTP/1.1\r\nHost: h\r\n\rTransfer-Encoding: chunked\r\n\r\n", faultBareCR},
	{"te-name-in-name", request("Foo: bar", "\x00Transfer-Encoding: chunked"), faultControl},
	{"te-no-colon", request("Transfer-Encoding chunked"), faultFieldNameSpace},
	{"te-equals", request("Transfer-Encoding= chunked"), faultFieldNameByte},
	{"te-backslash", request(`Transfer\Encoding: chunked`), faultFieldNameByte},
	{"te-kelvin", request("Transfer-Encoding: chun\xe2\x84\xaaed"), faultCodingForm},
	{"te-first-line-folded", "POST / HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h\r\n\r\n", faultFold},

	// "a recipient of a Content-Length header field value consisting of the
	// same decimal value repeated as a comma-separated list (for example,
	// "Content-Length: 42, 42") MAY either reject the message as invalid or
	// replace that invalid field value" (RFC 9110 section 8.6): reject.
	{"cl-cl", request("Content-Length: 8", "Content-Length: 7"), faultLengthTwice},
	{"cl-cl-equal", request("Content-Length: 8", "content-length: 8"), faultLengthTwice},
	{"cl-list", request("Content-Length: 8, 7"), faultLengthForm},
	{"cl-list-equal", request("Content-Length: 8,8"), faultLengthForm},
	{"cl-plus", request("Content-Length: +8"), faultLengthForm},
	{"cl-minus", request("Content-Length: -8"), faultLengthForm},
	{"cl-hex", request("Content-Length: 0x8"), faultLengthForm},
	{"cl-empty", request("Content-Length:"), faultLengthForm},
	{"cl-space", request("Content-Length: 1 2"), faultLengthForm},
	{"cl-underscore", request("Content-Length: 1_2"), faultLengthForm},
	{"cl-overflow", request("Content-Length: 18446744073709551624"), faultLengthForm},
	{"cl-quoted", request(`Content-Length: "8"`), faultLengthForm},
	{"cl-vt", request("Content-Length: 8\x0b"), faultControl},
	{"cl-space-before-colon", request("Content-Length : 8"), faultFieldNameSpace},
	{"cl-folded", request("Content-Length: 8", "\t7"), faultFold},

	// Whose request is it?
	{"host-host", request("Host: evil.example"), faultHostTwice},
	{"host-list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", faultHostByte},
	{"host-userinfo", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", faultHostUserinfo},
	{"host-folded", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", faultFold},
	{"host-space-before-colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", faultFieldNameSpace},
	{"host-absolute", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", faultTargetHost},
	{"host-absolute-userinfo", "GET http://b@a/ HTTP/1.1\r\nHost: b\r\n\r\n", faultHostUserinfo},
	{"host-absolute-backslash", "GET http://b\\@a/ HTTP/1.1\r\nHost: b\r\n\r\n", faultTargetByte},
	{"host-path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", faultHostByte},

	// The request line.
	{"line-0.9", "GET /\r\n\r\n", faultVersionMissing},
	{"line-0.9-host", "GET /\r\nHost: h\r\n\r\n", faultVersionMissing},
	{"line-two-requests", "GET / HTTP/1.1 GET /b HTTP/1.1\r\nHost: h\r\n\r\n", faultVersionForm},
	{"line-bare-lf", "GET / HTTP/1.1\nHost: h\r\n\r\n", faultBareLF},
	{"line-bare-cr", "GET / HTTP/1.1\rHost: h\r\n\r\n", faultVersionForm},
	{"line-crlf-in-target", "GET /\r\nX: HTTP/1.1\r\nHost: h\r\n\r\n", faultVersionMissing},
	{"line-encoded-twice", "GET /\x85 HTTP/1.1\r\nHost: h\r\n\r\n", faultTargetByte},
	{"line-tab", "GET\t/\tHTTP/1.1\r\nHost: h\r\n\r\n", faultMethodByte},
	{"line-empty-lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", faultRequestLineEmpty},
	{"line-lf-first", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", faultBareLF},
	{"line-version-2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", faultVersion},

	// The end of the head.
	{"end-lf-lf", "GET / HTTP/1.1\r\nHost: h\n\n", faultBareLF},
	{"end-crlf-lf", "GET / HTTP/1.1\r\nHost: h\r\n\n", faultBareLF},
	{"end-cr-cr-lf", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n\r\n", faultBareCR},
	{"end-space", "GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n", faultFold},
	{"end-cr-space", "GET / HTTP/1.1\r\nHost: h\r\n\r \r\n\r\n", faultBareCR},

	// Hop-by-hop header abuse.
	{"hop-cookie", request("Connection: close, Cookie", "Cookie: a=b"), faultConnectionNominates},
	{"hop-forwarded-for", request("Connection: X-Forwarded-For", "X-Forwarded-For: 127.0.0.1"), faultConnectionNominates},
	{"hop-content-length", request("Connection: Content-Length", "Content-Length: 5"), faultConnectionNominates},
}

func TestSmugglingIsRefused(t *testing.T) {
	var h requestHead
	for _, tt := range smuggling {
		if got := requestFault(t, &h, tt.in); got != tt.want {
			t.Errorf("%s %q:\n got %v\nwant %v", tt.name, tt.in, got, tt.want)
		}
	}
}

// "If a Transfer-Encoding header field is present in a request and the
// chunked transfer coding is not the final encoding [...] the server MUST
// respond with the 400 (Bad Request) status code" (RFC 9112 section 6.3). "A
// server that receives a request message with a transfer coding it does not
// understand SHOULD respond with 501 (Not Implemented)" (section 6.1).
func TestUnknownCodingsAre501(t *testing.T) {
	var h requestHead
	for _, tt := range smuggling {
		want := 400
		switch tt.want {
		case faultCodingUnknown:
			want = 501
		case faultVersion:
			want = 505
		}
		if got := requestFailures[requestFault(t, &h, tt.in)].Status(); got != want {
			t.Errorf("%s: got %d, want %d", tt.name, got, want)
		}
	}
}
