package http1

import (
	"net"
	"os"
	"testing"
	"time"

	"sluice/message"
)

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
