package http1

import (
	"fmt"
	"strings"
	"testing"
)

func (h *responseHead) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "1.%d %d %q length %d", h.minor, h.status, h.reason, h.length)
	if h.chunked {
		b.WriteString(" chunked")
	}
	if h.close {
		b.WriteString(" close")
	}
	if h.upgrade != nil {
		fmt.Fprintf(&b, " upgrade %s", h.upgrade)
	}
	for _, f := range h.fields {
		fmt.Fprintf(&b, "|%s=%s", f.Name, f.Value)
	}
	return b.String()
}

// responseFault returns why scanResponseHead or parse refuses a head.
func responseFault(t *testing.T, h *responseHead, in string) fault {
	t.Helper()
	end, _, f := scanResponseHead([]byte(in), 0)
	if f == nil {
		if end == 0 {
			t.Fatalf("%q: not a whole head", in)
		}
		f = h.parse([]byte(in[:end]), testLimits)
	}
	return faultOf(t, responseFailures[:], f)
}

func response(status string, fields ...string) string {
	return string(lines(append([]string{"HTTP/1.1 " + status}, fields...)...))
}

func TestResponseHeadReads(t *testing.T) {
	var h responseHead
	for _, tt := range []struct{ in, want string }{
		// "status-line = HTTP-version SP status-code SP [ reason-phrase ]"
		// (RFC 9112 section 4).
		{response("200 OK"), `1.1 200 "OK" length -1`},
		{response("200 "), `1.1 200 "" length -1`},
		{response("200"), `1.1 200 "" length -1`},
		{response("404 Not\tquite \xe4 there"), `1.1 404 "Not\tquite \xe4 there" length -1`},
		{response("200  two"), `1.1 200 " two" length -1`},
		{response("999 Odd"), `1.1 999 "Odd" length -1`},
		{"HTTP/1.0 200 OK\r\n\r\n", `1.0 200 "OK" length -1 close`},
		{"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n", `1.0 200 "OK" length 2`},
		{"HTTP/1.7 200 OK\r\n\r\n", `1.1 200 "OK" length -1`},

		{response("200 OK", "Content-Length: 0"), `1.1 200 "OK" length 0`},
		{response("200 OK", "Content-Length: 17", "A: b"), `1.1 200 "OK" length 17|A=b`},
		{response("200 OK", "Transfer-Encoding: Chunked"), `1.1 200 "OK" length -1 chunked`},
		{response("200 OK", "Connection: close, x", "X: y", "Keep-Alive: z"), `1.1 200 "OK" length -1 close`},
		{response("200 OK", "Trailer: Expires", "Set-Cookie: a", "Set-Cookie: b", "Host: h"), `1.1 200 "OK" length -1|Set-Cookie=a|Set-Cookie=b`},
		// Answers to HEAD, and 304, say what the length would have been (RFC
		// 9110 section 8.6); the caller knows.
		{response("304 Not Modified", "Content-Length: 5"), `1.1 304 "Not Modified" length 5`},
		{response("304 Not Modified", "Transfer-Encoding: chunked"), `1.1 304 "Not Modified" length -1 chunked`},

		{response("100 Continue"), `1.1 100 "Continue" length -1`},
		{response("103 Early Hints", "Link: a"), `1.1 103 "Early Hints" length -1|Link=a`},
		{response("204 No Content", "Content-Length: 0"), `1.1 204 "No Content" length 0`},
		{response("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"), `1.1 101 "Switching Protocols" length -1 upgrade websocket`},
		{response("426 Upgrade Required", "Connection: Upgrade", "Upgrade: TLS/1.3"), `1.1 426 "Upgrade Required" length -1`},
		{response("101 Switching Protocols", "Upgrade: websocket"), `1.1 101 "Switching Protocols" length -1`},
	} {
		if bad := responseFault(t, &h, tt.in); bad != faultNone {
			t.Errorf("%q: refused: %v", tt.in, bad)
		} else if got := h.text(); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

func TestResponseHeadRefuses(t *testing.T) {
	var h responseHead
	for _, tt := range []struct {
		in   string
		want fault
	}{
		{"\r\n\r\n", faultStatusLine},
		{"\r\nHTTP/1.1 200 OK\r\n\r\n", faultStatusLine},
		{" HTTP/1.1 200 OK\r\n\r\n", faultStatusLine},
		{"http/1.1 200 OK\r\n\r\n", faultStatusLine},
		{"HTTP/2.0 200 OK\r\n\r\n", faultStatusLine},
		{"HTTP/1.1\r\n\r\n", faultStatusLine},
		{"HTTP/1.1 \r\n\r\n\r\n", faultStatusLine},
		{"HTTP/1.1  200 OK\r\n\r\n", faultStatusCode},
		{"HTTP/1.1\t200 OK\r\n\r\n", faultStatusLine},
		{"HTTP/1.1 200OK\r\n\r\n", faultStatusLine},
		{"HTTP/1.1 2000\r\n\r\n", faultStatusLine},
		{"HTTP/1.1 20 OK\r\n\r\n", faultStatusCode},
		{"HTTP/1.1 099 OK\r\n\r\n", faultStatusCode},
		{"HTTP/1.1 +20 OK\r\n\r\n", faultStatusCode},
		{"HTTP/1.1 2x0 OK\r\n\r\n", faultStatusCode},
		{"HTTP/1.1 200 O\rK\r\n\r\n", faultBareCR},
		{"HTTP/1.1 200\rK\r\n\r\n", faultBareCR},
		{"HTTP/1.1 200 O\x01K\r\n\r\n", faultControl},
		{"HTTP/1.1 200 OK\n\r\n", faultBareLF},
		{"ICY 200 OK\r\n\r\n", faultStatusLine},
		{"<html><body>\r\n\r\n", faultStatusLine},
		{response("200 OK", "A : b"), faultFieldNameSpace},
		{response("200 OK", "A: b", " c"), faultFold},
		{response("200 OK", "<html>"), faultFieldNameByte},

		// The same ambiguities as in requests.
		{response("200 OK", "Content-Length: 1", "Transfer-Encoding: chunked"), faultLengthAndCoding},
		{response("200 OK", "Content-Length: 1", "Content-Length: 1"), faultLengthTwice},
		{response("200 OK", "Content-Length: 1, 1"), faultLengthForm},
		{response("200 OK", "Content-Length: x"), faultLengthForm},
		{response("200 OK", "Transfer-Encoding: gzip, chunked"), faultCodingUnknown},
		{response("200 OK", "Transfer-Encoding: identity"), faultCodingNotChunked},
		{response("200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), faultCodingTwice},
		{"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", faultCodingVersion},
		{response("200 OK", "Connection: Set-Cookie"), faultConnectionNominates},

		// "A server MUST NOT send a Transfer-Encoding header field in any
		// response with a status code of 1xx (Informational) or 204 (No
		// Content)" (RFC 9112 section 6.1); "A server MUST NOT send a
		// Content-Length header field in any response with a status code of
		// 1xx (Informational) or 204 (No Content)" (RFC 9110 section 8.6).
		{response("204 No Content", "Transfer-Encoding: chunked"), faultCodingStatus},
		{response("100 Continue", "Transfer-Encoding: chunked"), faultCodingStatus},
		{response("204 No Content", "Content-Length: 3"), faultLengthStatus},
		{response("103 Early Hints", "Content-Length: 3"), faultLengthStatus},
		{response("101 Switching Protocols", "Content-Length: 3"), faultLengthStatus},
	} {
		if got := responseFault(t, &h, tt.in); got != tt.want {
			t.Errorf("%q:\n got %v\nwant %v", tt.in, got, tt.want)
		}
	}
}

func TestResponseHeadSurvivesEveryPrefix(t *testing.T) {
	var h responseHead
	for n := range appResponseHead {
		if h.parse(appResponseHead[:n], testLimits) == nil {
			t.Errorf("%q accepted", appResponseHead[:n])
		}
	}
	if f := h.parse(appResponseHead, Limits{Head: 10, Line: 100, Fields: 100}); f.Status() != 502 || f != responseFailures[faultHeadSize] {
		t.Errorf("too large: got %v", f)
	}
}
