package http1

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/message"
)

// RFC 9112 section 6.3 for what a response's body is; section 9.3 for whether
// the connection persists.
func TestResponsesOfUpstreams(t *testing.T) {
	for _, tt := range []struct {
		name, method, in string
		want             outcome
	}{
		{"counted", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			outcome{status: 200, length: 5, body: "hello", reusable: true}},
		{"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			outcome{status: 200, reusable: true}},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
			outcome{status: 200, length: -1, body: "hello!", reusable: true}},
		{"trailers", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n" +
			"1\r\nx\r\n0\r\nA: b\r\nX-Hop: 1\r\nContent-Length: 7\r\nSet-Cookie: a\r\n\r\n",
			outcome{status: 200, length: -1, body: "x", trailers: "A: b\n", reusable: true}},
		{"to the close", "GET", "HTTP/1.1 200 OK\r\n\r\nhello",
			outcome{status: 200, length: -1, body: "hello"}},
		{"1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			outcome{status: 200, length: 5, body: "hello"}},
		{"1.0 keep-alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
			outcome{status: 200, length: 5, body: "hello", reusable: true}},
		{"1.0 keep-alive without length", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello",
			outcome{status: 200, length: -1, body: "hello"}},
		{"close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
			outcome{status: 200, length: 5, body: "hello"}},
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
			outcome{status: 200, length: 5, reusable: true}},
		{"HEAD chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			outcome{status: 200, length: -1, reusable: true}},
		{"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n",
			outcome{status: 200, length: -1, reusable: true}},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
			outcome{status: 304, length: 5, reusable: true}},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n",
			outcome{status: 204, reusable: true}},
		{"interim", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
			outcome{interim: []int{100, 103}, status: 200, length: 1, body: "x", reusable: true}},
		{"hop-by-hop fields", "GET", "HTTP/1.1 200 OK\r\nConnection: a, close\r\nA: 1\r\nKeep-Alive: 2\r\nTrailer: T\r\nUpgrade: h2c\r\n" +
			"Proxy-Connection: x\r\nTE: t\r\nB: 3\r\nContent-Length: 0\r\n\r\n",
			outcome{status: 200, fields: "B: 3\n"}},
	} {
		for _, step := range []int{len(tt.in), 1, 7} {
			c, _ := upstreamSaying(segments(tt.in, step)...)
			got := exchange(t, c, get(tt.method))
			want := tt.want
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s in pieces of %d:\ngot  %+v\nwant %+v", tt.name, step, got, want)
			}
		}
	}
}

// "If a client receives data on a connection that does not have any
// outstanding requests, the client MUST NOT consider that data to be a valid
// response; the client SHOULD close the connection" (RFC 9112 section 9.2).
// What came together with a response is seen at its end; what comes later
// makes the connection Stale.
func TestBytesBehindAResponseSpoilTheConnection(t *testing.T) {
	for _, tt := range []struct{ method, in string }{
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n"},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello"},
		{"GET", "HTTP/1.1 304 Not Modified\r\n\r\nH"},
		{"PUT", "HTTP/1.1 204 No Content\r\n\r\n\r\n"},
	} {
		c, _ := upstreamSaying([]byte(tt.in))
		if got := exchange(t, c, get(tt.method)); got.reusable || got.failure != nil {
			t.Errorf("%s, %q: %+v", tt.method, tt.in, got)
		}
	}
}

// "If the sender closes the connection or the recipient times out before the
// indicated number of octets are received, the recipient MUST consider the
// message to be incomplete and close the connection"; "A message body that
// uses the chunked transfer coding is incomplete if the zero-sized chunk that
// terminates the encoding has not been received"; "A message that uses a
// valid Content-Length is incomplete if the size of the message body received
// [...] is less than the value given"; "A response that has neither chunked
// transfer coding nor Content-Length is terminated by closure of the
// connection and, if the header section was received intact, is considered
// complete" (RFC 9112 section 6.3 and 8).
func TestAResponseCutAnywhere(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		toClose  bool
	}{
		{"counted", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", false},
		{"to the close", "HTTP/1.1 200 OK\r\n\r\nhello", true},
		{"after an interim", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false},
	} {
		whole := strings.LastIndex(tt.in, "HTTP/1.1 200")
		head := whole + strings.Index(tt.in[whole:], "\r\n\r\n") + 4
		for cut := range len(tt.in) {
			for _, reset := range []bool{false, true} {
				c, u := upstreamSaying([]byte(tt.in[:cut]))
				want := message.CauseResponseIncomplete
				if cut == 0 {
					u.in, want = nil, message.CauseConnectionTerminated
				}
				if reset {
					u.after = errors.New("connection reset by peer")
				}
				got := exchange(t, c, get("GET"))
				switch f := got.failure; {
				case tt.toClose && cut >= head && !reset:
					if f != nil {
						t.Errorf("%s cut at %d: %v", tt.name, cut, f)
					}
				case f == nil || f.Party != message.PartyUpstream || f.Cause != want:
					t.Errorf("%s cut at %d: %v", tt.name, cut, f)
				case (f.Phase == message.PhaseBody) != (cut >= head):
					t.Errorf("%s cut at %d: in phase %v", tt.name, cut, f.Phase)
				}
				if got.reusable {
					t.Errorf("%s cut at %d: the connection is to be used again", tt.name, cut)
				}
			}
		}
	}
}

func TestInterimResponsesAreBounded(t *testing.T) {
	interim := "HTTP/1.1 103 Early Hints\r\nLink: <" + strings.Repeat("a", 3000) + ">\r\n\r\n"
	final := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	for n, want := range map[int]message.Cause{maxInterim: message.CauseNone, maxInterim + 1: message.CauseResponseInvalid} {
		for _, step := range []int{1000, 1 << 20} {
			c, _ := upstreamSaying(segments(strings.Repeat(interim, n)+final, step)...)
			got := exchange(t, c, get("GET"))
			cause := message.CauseNone
			if got.failure != nil {
				cause = got.failure.Cause
			}
			if cause != want || got.reusable != (want == message.CauseNone) {
				t.Errorf("%d interim responses: %+v", n, got)
			}
		}
	}
}

func TestResponseHeadsAreBounded(t *testing.T) {
	for size, fits := range map[int]bool{20 << 10: true, maxResponseHead: true, maxResponseHead + 1: false, 1 << 20: false} {
		head := "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: "
		in := head + strings.Repeat("a", size-len(head)-4) + "\r\n\r\nx"
		for _, step := range []int{1000, len(in)} {
			c, u := upstreamSaying(segments(in, step)...)
			got := exchange(t, c, get("GET"))
			if fits != (got.failure == nil && got.body == "x" && got.reusable) {
				t.Errorf("%d bytes: %v", size, got.failure)
			}
			if !fits && got.failure.Cause != message.CauseResponseHeadSize {
				t.Errorf("%d bytes: %v", size, got.failure)
			}
			if left := len(bytes.Join(u.in, nil)); !fits && len(in)-left > maxResponseHead {
				t.Errorf("%d bytes: %d were read", size, len(in)-left)
			}
		}
	}
}

// "A server MUST NOT switch to a protocol that was not indicated by the client
// in the corresponding request's Upgrade header field" (RFC 9110 section 7.8).
func TestAnUpstreamSwitchesOnlyToWhatWasOffered(t *testing.T) {
	for _, tt := range []struct {
		offered, fields string
		ok              bool
	}{
		{"websocket", "Connection: upgrade\r\nUpgrade: websocket\r\n", true},
		{"websocket", "Connection: upgrade\r\nUpgrade: WebSocket\r\n", true},
		{"a/1, websocket", "Connection: upgrade\r\nUpgrade: websocket\r\n", true},
		{"a/1, b", "Connection: upgrade\r\nUpgrade: b, a/1\r\n", true},
		{"a/1", "Connection: upgrade\r\nUpgrade: a/2\r\n", false},
		{"websocket", "Connection: upgrade\r\nUpgrade: h2c\r\n", false},
		{"websocket", "Connection: upgrade\r\nUpgrade: websocket, h2c\r\n", false},
		{"websocket", "Connection: upgrade\r\n", false},
		{"websocket", "Upgrade: websocket\r\n", false},
		{"websocket", "", false},
		{"", "Connection: upgrade\r\nUpgrade: websocket\r\n", false},
		{"", "", false},
	} {
		c, _ := upstreamSaying([]byte("HTTP/1.1 101 Switching Protocols\r\n" + tt.fields + "\r\n"))
		r := get("GET")
		if tt.offered != "" {
			r.Upgrade = []byte(tt.offered)
		}
		got := exchange(t, c, r)
		if ok := got.failure == nil; ok != tt.ok || !ok && got.failure.Cause != message.CauseUpgradeFailed || got.reusable {
			t.Errorf("%+v: got %+v", tt, got)
		}
	}
}

// A body that was not read to its end is still on the way.
func TestAnUnreadResponseSpoilsTheConnection(t *testing.T) {
	for _, in := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	} {
		for pieces := range 2 {
			c, _ := upstreamSaying([]byte(in))
			c.Begin([]byte("GET"), testSilence)
			c.SendHead(get("GET"))
			c.FinishSending(nil)
			resp, f := c.ReadHead(time.Now().Add(patience))
			if f != nil {
				t.Fatal(f)
			}
			for range pieces {
				resp.Body.Next()
			}
			if c.End() {
				t.Errorf("%q after %d pieces: to be used again", in, pieces)
			}
		}
	}
	c, _ := upstreamSaying()
	c.Begin([]byte("GET"), testSilence)
	for range 2 {
		if c.End() {
			t.Error("without a response: to be used again")
		}
	}
}
