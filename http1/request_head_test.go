package http1

import (
	"fmt"
	"strings"
	"testing"

	"sluice/message"
)

// request is a head of HTTP/1.1 with a Host and the given field lines.
func request(fields ...string) string {
	return string(lines(append([]string{"POST /a?b=c HTTP/1.1", "Host: h"}, fields...)...))
}

// requestFault returns why scanHead or parse refuses a head that begins in,
// faultNone if neither does.
func requestFault(t *testing.T, h *requestHead, in string) fault {
	t.Helper()
	end, _, f := scanHead([]byte(in), 0)
	if f == nil {
		if end == 0 {
			t.Fatalf("%q: not a whole head", in)
		}
		f = h.parse([]byte(in[:end]), testLimits)
	}
	return faultOf(t, requestFailures[:], f)
}

func faultOf(t *testing.T, all []*message.Failure, f *message.Failure) fault {
	t.Helper()
	for i := range all {
		if all[i] == f {
			return fault(i)
		}
	}
	t.Fatalf("%v is none of the failures", f)
	return faultNone
}

func (f fault) String() string { return fmt.Sprintf("%d %s", uint8(f), faultRows[f].words) }

// text writes a head so that tables can say what it must be.
func (h *requestHead) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s 1.%d length %d", h.method, h.target, h.authority, h.minor, h.length)
	for _, flag := range []struct {
		on   bool
		word string
	}{{h.close, "close"}, {h.keepAlive, "keep-alive"}, {h.trailers, "trailers"}, {h.expect, "expect"}} {
		if flag.on {
			b.WriteString(" " + flag.word)
		}
	}
	if h.upgrade != nil {
		fmt.Fprintf(&b, " upgrade %s", h.upgrade)
	}
	for _, f := range h.fields {
		fmt.Fprintf(&b, "|%s=%s", f.Name, f.Value)
	}
	return b.String()
}

func TestRequestHeadReads(t *testing.T) {
	var h requestHead
	for _, tt := range []struct{ in, want string }{
		{request(), "POST /a?b=c h 1.1 length 0"},
		{request("A: b", "C:d", "E:\t f \t", "G:", "H: \x80\xff\t~"), "POST /a?b=c h 1.1 length 0|A=b|C=d|E=f|G=|H=\x80\xff\t~"},
		{request("A: 1", "a: 2"), "POST /a?b=c h 1.1 length 0|A=1|a=2"},
		{"\r\n" + request(), "POST /a?b=c h 1.1 length 0"},

		// "The request method is case-sensitive" (RFC 9110 section 9.1).
		{"get / HTTP/1.1\r\nhOsT: H:80\r\n\r\n", "get / H:80 1.1 length 0"},
		{"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n", "M-SEARCH / h 1.1 length 0"},

		// Targets as programs send them (see grammar.Query).
		{"GET /a;b=c/%7e/:@!$&'()*+,;=|[]{}^`%?/?:@\"<>\\|{}[]^`% HTTP/1.1\r\nHost: h\r\n\r\n",
			"GET /a;b=c/%7e/:@!$&'()*+,;=|[]{}^`%?/?:@\"<>\\|{}[]^`% h 1.1 length 0"},
		{"GET //a/../b HTTP/1.1\r\nHost: h\r\n\r\n", "GET //a/../b h 1.1 length 0"},
		{"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * h 1.1 length 0"},

		// "a server MUST accept the absolute-form in requests" (RFC 9112
		// section 3.2.2); "If the target URI's path component is empty, the
		// client MUST send "/" as the path within the origin-form" (3.2.1).
		{"GET http://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /p?q h 1.1 length 0"},
		{"GET HTTPS://H:443/p HTTP/1.1\r\nHost: h:443\r\n\r\n", "GET /p h:443 1.1 length 0"},
		{"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "GET / h 1.1 length 0"},
		{"GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?q h 1.1 length 0"},
		{"OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * h 1.1 length 0"},
		{"GET http://h/ HTTP/1.0\r\n\r\n", "GET / h 1.0 length 0 close"},

		// "A recipient that receives a message with a major version number
		// that it implements and a minor version number higher than what it
		// implements SHOULD process the message as if it was in the highest
		// minor version" (RFC 9110 section 2.5).
		{"GET / HTTP/1.2\r\nHost: h\r\n\r\n", "GET / h 1.1 length 0"},
		{"GET / HTTP/1.9\r\nHost: h\r\n\r\n", "GET / h 1.1 length 0"},

		// Host may be absent with HTTP/1.0.
		{"GET / HTTP/1.0\r\n\r\n", "GET /  1.0 length 0 close"},
		{"GET / HTTP/1.0\r\nHost: h\r\n\r\n", "GET / h 1.0 length 0 close"},

		// Persistence (RFC 9112 section 9.3): "If the "close" connection
		// option is present [...], the connection will not persist".
		{request("Connection: close"), "POST /a?b=c h 1.1 length 0 close"},
		{request("Connection: keep-alive, CLOSE"), "POST /a?b=c h 1.1 length 0 close"},
		{request("Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: close"), "POST /a?b=c h 1.1 length 0"},
		{request("Connection: foo", "Connection: , ,\tclose ,"), "POST /a?b=c h 1.1 length 0 close"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /  1.0 length 0 keep-alive"},
		{"GET / HTTP/1.0\r\nConnection: Keep-Alive, close\r\n\r\n", "GET /  1.0 length 0 close"},

		// Framing (RFC 9112 section 6.3).
		{request("Content-Length: 0"), "POST /a?b=c h 1.1 length 0"},
		{request("Content-Length: 0012"), "POST /a?b=c h 1.1 length 12"},
		{request("content-length:\t7 "), "POST /a?b=c h 1.1 length 7"},
		{request("Transfer-Encoding: chunked"), "POST /a?b=c h 1.1 length -1"},
		{request("transfer-encoding:\tCHUNKED "), "POST /a?b=c h 1.1 length -1"},
		{"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", "POST /  1.0 length 3 close"},

		// "A sender of TE MUST also send a "TE" connection option" (RFC 9110
		// section 10.1.4).
		{request("TE: trailers", "Connection: TE"), "POST /a?b=c h 1.1 length 0 trailers"},
		{request("TE: deflate;q=0.5, Trailers", "Connection: te"), "POST /a?b=c h 1.1 length 0 trailers"},
		{request("TE: trailers"), "POST /a?b=c h 1.1 length 0"},
		{request("TE: gzip", "Connection: TE", "Trailer: A"), "POST /a?b=c h 1.1 length 0"},

		// Upgrade (RFC 9110 section 7.8).
		{request("Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Key: a"),
			"POST /a?b=c h 1.1 length 0 upgrade websocket|Sec-WebSocket-Key=a"},
		{request("Upgrade: IRC/6.9, RTA/x11", "Connection: upgrade"), "POST /a?b=c h 1.1 length 0 upgrade IRC/6.9, RTA/x11"},
		{request("Upgrade: websocket"), "POST /a?b=c h 1.1 length 0"},
		{request("Connection: upgrade"), "POST /a?b=c h 1.1 length 0"},
		{request("Upgrade:", "Connection: upgrade"), "POST /a?b=c h 1.1 length 0"},
		{request("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"), "POST /a?b=c h 1.1 length 0"},
		{request("Upgrade: websocket, H2C", "Connection: Upgrade"), "POST /a?b=c h 1.1 length 0"},
		{"GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "GET /  1.0 length 0 close"},

		// Expect (RFC 9110 section 10.1.1): "A server that receives a
		// 100-continue expectation in an HTTP/1.0 request MUST ignore that
		// expectation."
		{request("Expect: 100-Continue", "Content-Length: 1"), "POST /a?b=c h 1.1 length 1 expect|Expect=100-Continue"},
		{request("Expect: 100-continue"), "POST /a?b=c h 1.1 length 0|Expect=100-continue"},
		{"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", "POST /  1.0 length 1 close"},
	} {
		if bad := requestFault(t, &h, tt.in); bad != faultNone {
			t.Errorf("%q: refused: %v", tt.in, bad)
		} else if got := h.text(); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
}

// An unfinished head is a mistake of the caller, and no reason to panic.
func TestRequestHeadSurvivesEveryPrefix(t *testing.T) {
	var h requestHead
	for _, head := range [][]byte{browserHead, []byte("\r\nGET http://h?q HTTP/1.1\r\nHost: h\r\nConnection: a\r\n\r\n")} {
		for n := range head {
			if h.parse(head[:n], testLimits) == nil {
				t.Errorf("%q accepted", head[:n])
			}
		}
		if f := h.parse(append(head[:len(head):len(head)], 'X'), testLimits); f != requestFailures[faultUnfinished] {
			t.Errorf("a head and a byte: got %v", f)
		}
	}
}

func TestRequestHeadLimits(t *testing.T) {
	head := []byte("\r\nGET /234567890 HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n")
	line := len("GET /234567890 HTTP/1.1")
	for _, tt := range []struct {
		lim  Limits
		want int
	}{
		{Limits{len(head), line, 2}, 0},
		{Limits{len(head) - 1, line, 2}, 431},
		{Limits{len(head), line - 1, 2}, 414},
		{Limits{line, line - 1, 2}, 414}, // the line alone is to blame
		{Limits{len(head), line, 1}, 431},
		{Limits{}, 414},
	} {
		got := 0
		var h requestHead
		if f := h.parse(head, tt.lim); f != nil {
			got = f.Status()
		}
		if got != tt.want {
			t.Errorf("%+v: got %d, want %d", tt.lim, got, tt.want)
		}
	}
	lim := Limits{Head: 30, Line: 20, Fields: 1}
	for in, want := range map[string]int{
		"GET /2345678901234567890123456789":  414,
		"GET / HTTP/1.1\r\nA: bbbbbbbbbbbbb": 431,
	} {
		if got := lim.tooLarge([]byte(in)).Status(); got != want {
			t.Errorf("tooLarge(%q): got %d, want %d", in, got, want)
		}
	}
}

// parse is safe without scanHead before it.
func TestRequestHeadDoesNotRelyOnScanHead(t *testing.T) {
	var h requestHead
	for _, tt := range smuggling {
		if h.parse([]byte(tt.in), testLimits) == nil {
			t.Errorf("%s: %q accepted", tt.name, tt.in)
		}
	}
}

// A head is parsed into the place of the one before: nothing may be left.
func TestRequestHeadForgetsTheOneBefore(t *testing.T) {
	var used requestHead
	first := request("Connection: close, upgrade, te, x", "Upgrade: websocket", "TE: trailers", "X: y",
		"Transfer-Encoding: chunked", "Expect: 100-continue", "A: b")
	for _, second := range []string{
		request("B: c"), "GET / HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: g\r\n\r\n", "GET http://h?q HTTP/1.0\r\n\r\n",
	} {
		var fresh requestHead
		requestFault(t, &used, first)
		requestFault(t, &used, second)
		requestFault(t, &fresh, second)
		if got, want := used.text(), fresh.text(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", second, got, want)
		}
	}
}

func TestEveryFaultIsWorded(t *testing.T) {
	seen := map[string]fault{}
	for f := faultNone + 1; f < faults; f++ {
		words := faultRows[f].words
		if other, twice := seen[words]; words == "" || twice {
			t.Errorf("fault %d: words %q, also of %d", f, words, other)
		}
		seen[words] = f
		for _, all := range [][faults]*message.Failure{requestFailures, requestBodyFailures} {
			if all[f].Party != message.PartyClient || all[f].Again != message.AgainNever || all[f].Status()/100 > 5 || all[f].Status() < 400 {
				t.Errorf("%v", all[f])
			}
		}
		if r := responseFailures[f]; r.Party != message.PartyUpstream || r.Phase != message.PhaseWait ||
			r.Again != message.AgainIdempotent || r.Status() != 502 {
			t.Errorf("%v", r)
		}
		if r := responseBodyFailures[f]; r.Party != message.PartyUpstream || r.Phase != message.PhaseBody || r.Again != message.AgainNever {
			t.Errorf("%v", r)
		}
	}
	if requestFailures[faultNone] != nil || responseFailures[faultNone] != nil {
		t.Error("no fault has a failure")
	}
}
