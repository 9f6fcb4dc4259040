package http1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
	"sluice/socket"
)

// scriptUpstream is a peer whose bytes are known beforehand. It never waits.
type scriptUpstream struct {
	in     [][]byte // a Read takes from one of them at most
	after  error    // what a Read gets behind that
	got    bytes.Buffer
	refuse error // of Write
}

func (u *scriptUpstream) Read(p []byte) (int, error) {
	if len(u.in) == 0 {
		return 0, u.after
	}
	n := copy(p, u.in[0])
	if u.in[0] = u.in[0][n:]; len(u.in[0]) == 0 {
		u.in = u.in[1:]
	}
	return n, nil
}

func (u *scriptUpstream) Write(p []byte) (int, error) {
	if u.refuse != nil {
		return 0, u.refuse
	}
	return u.got.Write(p)
}

func (u *scriptUpstream) Close() error                     { return nil }
func (u *scriptUpstream) SetReadDeadline(time.Time) error  { return nil }
func (u *scriptUpstream) SetWriteDeadline(time.Time) error { return nil }
func (u *scriptUpstream) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u *scriptUpstream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (u *scriptUpstream) SetDeadline(time.Time) error      { return nil }

// upstreamSaying returns a connection to an upstream that answers so.
func upstreamSaying(in ...[]byte) (*ClientConn, *scriptUpstream) {
	u := &scriptUpstream{in: in, after: io.EOF}
	return NewClientConn(socket.New(u)), u
}

var testSilence = Silence{Counted: 5 * time.Second, Open: 20 * time.Second, Write: 3 * time.Second}

func get(method string) *message.Request {
	return &message.Request{Method: []byte(method), Target: []byte("/"), Authority: []byte("h")}
}

// outcome is all that an Exchange on an upstream's connection comes to.
type outcome struct {
	interim  []int
	status   int
	length   int64
	fields   string
	body     string
	trailers string
	failure  *message.Failure
	reusable bool
}

// exchange sends r, reads the response to its end and ends the Exchange.
func exchange(t testing.TB, c *ClientConn, r *message.Request) (o outcome) {
	t.Helper()
	c.Begin(r.Method, testSilence)
	defer func() { o.reusable = c.End() }()
	c.SendHead(r)
	if r.Length == 0 {
		if f := c.FinishSending(nil); f != nil {
			o.failure = f
			return o
		}
	}
	for {
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f != nil {
			o.failure = f
			return o
		}
		if resp.Status < 200 && resp.Status != 101 {
			o.interim = append(o.interim, resp.Status)
			continue
		}
		o.status, o.length, o.fields = resp.Status, resp.Length, fieldText(resp.Fields)
		if resp.Body == nil {
			return o
		}
		var err error
		o.body, err = slurp(resp.Body)
		if o.failure = failureOf(err); err != nil && o.failure == nil {
			t.Errorf("an error that is no Failure: %v", err)
		}
		o.trailers = fieldText(resp.Body.Trailers())
		return o
	}
}

func fieldText(fields message.Fields) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}

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

func TestWhatAnUpstreamIsSent(t *testing.T) {
	fields := message.Fields{field("A", "b"), field("C", "")}
	for _, tt := range []struct {
		name   string
		r      message.Request
		pieces []string
		want   string
	}{
		{"no body", message.Request{Method: []byte("GET")}, nil, "GET /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\n\r\n"},
		// "A user agent SHOULD send Content-Length in a request when the method
		// defines a meaning for enclosed content and it is not sending
		// Transfer-Encoding" (RFC 9110 section 8.6).
		{"POST without a body", message.Request{Method: []byte("POST")}, nil, "POST /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nContent-Length: 0\r\n\r\n"},
		{"counted", message.Request{Method: []byte("PUT"), Length: 5}, []string{"he", "", "llo"},
			"PUT /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nContent-Length: 5\r\n\r\nhello"},
		// An empty piece must not become the last chunk.
		{"chunked", message.Request{Method: []byte("PUT"), Length: -1}, []string{"he", "", "llo"},
			"PUT /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nT: u\r\n\r\n"},
		{"large pieces", message.Request{Method: []byte("PUT"), Length: -1}, []string{lettered(gather), lettered(3 * gather), "x"},
			"PUT /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n" + lettered(gather) + "\r\n3000\r\n" +
				lettered(3*gather) + "\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n"},
		// "A sender of TE MUST also send a "TE" connection option" (RFC 9110
		// section 10.1.4), and likewise of Upgrade (section 7.8).
		{"trailers", message.Request{Method: []byte("GET"), Trailers: true}, nil, "GET /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nConnection: TE\r\nTE: trailers\r\n\r\n"},
		{"upgrade", message.Request{Method: []byte("GET"), Upgrade: []byte("websocket")}, nil,
			"GET /p HTTP/1.1\r\nHost: h\r\nA: b\r\nC: \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
	} {
		tt.r.Target, tt.r.Authority, tt.r.Fields = []byte("/p"), []byte("h"), fields
		for _, flush := range []bool{false, true} {
			c, u := upstreamSaying()
			c.Begin(tt.r.Method, testSilence)
			c.SendHead(&tt.r)
			for _, p := range tt.pieces {
				if f := c.SendBody([]byte(p)); f != nil {
					t.Error(f)
				}
				if f := c.Flush(); flush && f != nil {
					t.Error(f)
				}
			}
			if f := c.FinishSending(message.Fields{field("T", "u")}); f != nil {
				t.Error(f)
			}
			c.End()
			if got := u.got.String(); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// Whether a request may be sent again depends on whether a byte of it may
// have arrived.
func TestSendFailures(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first bool // a write before it went well
		err   error
		want  message.Failure
	}{
		{"nothing was sent", false, net.ErrClosed, message.Failure{Cause: message.CauseConnectionTerminated, Again: message.AgainAlways}},
		{"something was sent", true, net.ErrClosed, message.Failure{Cause: message.CauseConnectionTerminated, Again: message.AgainIdempotent}},
		{"nothing was taken", false, os.ErrDeadlineExceeded, message.Failure{Cause: message.CauseConnectionWriteTimeout, Again: message.AgainAlways}},
	} {
		c, u := upstreamSaying()
		r := get("PUT")
		r.Length = 5
		c.Begin(r.Method, Silence{Write: time.Nanosecond})
		c.SendHead(r)
		if tt.first {
			if f := c.Flush(); f != nil {
				t.Fatal(f)
			}
		}
		u.refuse = tt.err
		c.SendBody([]byte("hello"))
		f := c.FinishSending(nil)
		if f == nil || f.Cause != tt.want.Cause || f.Again != tt.want.Again || f.Party != message.PartyUpstream || f.Phase != message.PhaseSend {
			t.Errorf("%s: got %+v", tt.name, f)
		}
		if c.End() {
			t.Errorf("%s: the connection is to be used again", tt.name)
		}
	}
}

// The upstream answers before it has the whole request: the connection can be
// used again only if the rest was sent after all (RFC 9112 section 9.3).
func TestAResponseBeforeTheRequestIsSent(t *testing.T) {
	for _, finish := range []bool{false, true} {
		c, _ := upstreamSaying([]byte("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"))
		r := get("POST")
		r.Length = 5
		c.Begin(r.Method, testSilence)
		c.SendHead(r)
		c.SendBody([]byte("he"))
		c.Flush()
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f != nil || resp.Status != 413 {
			t.Fatalf("got %v, %v", resp, f)
		}
		if body, err := slurp(resp.Body); body != "no" || err != nil {
			t.Errorf("got %q, %v", body, err)
		}
		if finish {
			c.SendBody([]byte("llo"))
			c.FinishSending(nil)
		}
		if got := c.End(); got != finish {
			t.Errorf("finished %v: to be used again: %v", finish, got)
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

// How long an upstream may be silent depends on what is known of its body.
func TestUpstreamSilence(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     time.Duration
		phase    message.Phase
	}{
		{"no head", "", time.Second, message.PhaseWait},
		{"half a head", "HTTP/1.1 200 OK\r\n", time.Second, message.PhaseWait},
		{"interim only", "HTTP/1.1 103 x\r\n\r\n", time.Second, message.PhaseWait},
		{"counted", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", testSilence.Counted, message.PhaseBody},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", testSilence.Open, message.PhaseBody},
		{"to the close", "HTTP/1.1 200 OK\r\n\r\nhel", testSilence.Open, message.PhaseBody},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				bufio.NewReader(theirs).ReadString(0)
			}()
			go theirs.Write([]byte(tt.in))
			c := NewClientConn(socket.New(ours))
			c.Begin([]byte("GET"), testSilence)
			c.SendHead(get("GET"))
			c.FinishSending(nil)
			start := time.Now()
			var f *message.Failure
			for f == nil {
				var resp *message.Response
				if resp, f = c.ReadHead(start.Add(time.Second)); f == nil && resp.Body != nil {
					_, err := slurp(resp.Body)
					f = failureOf(err)
				}
			}
			if took := time.Since(start); took != tt.want || f.Cause != message.CauseConnectionReadTimeout || f.Phase != tt.phase {
				t.Errorf("%s: %v after %v, want after %v", tt.name, f, took, tt.want)
			}
			if c.End() {
				t.Errorf("%s: to be used again", tt.name)
			}
			c.Close()
			theirs.Close()
		})
	}
}

// Cancel ends a wait, in the head and in the body; and a connection that was
// canceled too late is not used again either, because its reads fail.
func TestCancel(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"in the head", ""},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"},
		{"late", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
	} {
		s, peer := tcpPair(t)
		c := NewClientConn(s)
		io.WriteString(peer, tt.in)
		c.Begin([]byte("GET"), Silence{patience, patience, patience})
		c.SendHead(get("GET"))
		c.FinishSending(nil)
		var canceling sync.WaitGroup
		if tt.name != "late" {
			canceling.Go(c.Cancel)
		}
		var f *message.Failure
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f == nil {
			_, err := slurp(resp.Body)
			f = failureOf(err)
		}
		canceling.Wait()
		if tt.name == "late" {
			if f != nil {
				t.Errorf("%s: %v", tt.name, f)
			}
			c.Cancel()
		} else if f == nil || f.Cause != message.CauseClientGone || f.Party != message.PartyClient {
			t.Errorf("%s: %v", tt.name, f)
		}
		if c.End() {
			t.Errorf("%s: to be used again", tt.name)
		}
		c.Close()
	}
}

// Whatever the order of a Cancel and the Exchange's end, a connection that is
// to be used again was not canceled. The Watch is what orders them.
func TestCancelRacingWithCompletion(t *testing.T) {
	s, peer := tcpPair(t)
	upstream := make(chan struct{})
	go func() {
		defer close(upstream)
		r := bufio.NewReader(peer)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				io.WriteString(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			}
		}
	}()
	c := NewClientConn(s)
	for range 200 {
		w := &serverConn{}
		c.Begin([]byte("GET"), testSilence)
		w.watch(c)
		var hangup sync.WaitGroup
		hangup.Go(w.Hangup)
		c.SendHead(get("GET"))
		f := c.FinishSending(nil)
		resp, g := c.ReadHead(time.Now().Add(patience))
		if f == nil && g == nil {
			slurp(resp.Body)
		}
		w.watch(nil)
		reusable := c.End()
		hangup.Wait()
		if canceled := c.canceled.Load(); reusable && canceled {
			t.Fatal("a canceled connection is to be used again")
		} else if !canceled && !reusable {
			t.Fatalf("neither canceled nor of use: %v, %v", f, g)
		} else if canceled {
			break
		}
	}
	c.Close()
	await(t, "the upstream's end", upstream)
}

// The connection in between is asked when it is taken: an upstream that has
// closed it, or has said something unasked, is noticed.
func TestStale(t *testing.T) {
	for name, do := range map[string]func(*net.TCPConn) error{
		"closed":  func(p *net.TCPConn) error { return p.Close() },
		"talking": func(p *net.TCPConn) error { _, err := io.WriteString(p, "HTTP/1.1 408 x\r\n\r\n"); return err },
	} {
		s, peer := tcpPair(t)
		c := NewClientConn(s)
		if c.Stale() {
			t.Errorf("%s: a new connection is stale", name)
		}
		if err := do(peer); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); !c.Stale(); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not stale", name)
			}
		}
		c.Close()
	}
}
