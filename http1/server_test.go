package http1

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sluice/message"
)

func TestKeepAliveOverLoopback(t *testing.T) {
	c := connect(t, newServer(echo))
	for range 3 {
		c.say("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
		c.ok("hi")
	}
	c.Close()
	c.ended()
}

func TestAPanicEndsItsConnectionOnly(t *testing.T) {
	panicked := make(chan any, 1)
	s := newServer(func(*message.Request, message.ResponseWriter) { panic("oops") })
	s.Panicked = func(v any, stack []byte) {
		if !strings.Contains(string(stack), "TestAPanicEndsItsConnectionOnly") {
			t.Errorf("the stack does not show the handler:\n%s", stack)
		}
		panicked <- v
	}
	c := connect(t, s)
	c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := c.end(); !isReset(err) {
		t.Errorf("got %v, want a reset", err)
	}
	if v := await(t, "Panicked", panicked); v != "oops" {
		t.Errorf("got %v", v)
	}
}

// What belongs to the client's connection is never handed on: "Intermediaries
// MUST parse a received Connection header field before a message is forwarded
// and, for each connection-option in this field, remove any header or trailer
// field(s) from the message with the same name as the connection-option" (RFC
// 9110 section 7.6.1).
func TestFieldsOfTheClientsConnectionStayThere(t *testing.T) {
	in := "POST / HTTP/1.1\r\nHost: h\r\nConnection: x-Hop, te, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n" +
		"Proxy-Connection: x\r\nTrailer: X-Hop, X-End\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n" +
		"1\r\nx\r\n0\r\nX-Hop: 2\r\nX-End: 3\r\nContent-Length: 9\r\nHost: evil\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"
	got := ""
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		slurp(r.Body)
		for _, f := range append(r.Fields, r.Body.Trailers()...) {
			got += string(f.Name) + ": " + string(f.Value) + "\n"
		}
		if !r.Trailers {
			t.Error("TE: trailers was not seen")
		}
		reply(w, 200, "")
	})
	play(t, s, []byte(in))
	if want := "A: b\nX-End: 3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// BytesIn is the Exchange's, not that of whoever used the buffers before.
func TestBytesInIsOfThisExchange(t *testing.T) {
	var got []int64
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		slurp(r.Body)
		if r.Upgrade != nil {
			w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade})
			slurp(w.Tunnel(time.Second))
			w.Finish(nil)
		} else {
			reply(w, 200, "")
		}
		got = append(got, w.BytesIn())
	})
	for range 2 {
		play(t, s, []byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: h\r\n\r\n"+
			"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\nhello"))
	}
	want := []int64{3, 0, 5, 3, 0, 5}
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// Every place where a client may break off: no answer to half a request, and
// no body that looks whole.
func TestAClientThatBreaksOffAnywhere(t *testing.T) {
	for _, body := range []string{"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n"} {
		in := "POST / HTTP/1.1\r\nHost: h\r\n" + body
		for cut := range len(in) {
			called := false
			s := newServer(func(r *message.Request, w message.ResponseWriter) {
				called = true
				got, err := slurp(r.Body)
				if f := failureOf(err); f == nil || f.Cause != message.CauseClientGone || !errors.Is(err, io.EOF) {
					t.Errorf("cut at %d: body %q, %v; want that the client is gone", cut, got, err)
				}
				w.Abort(nil)
			})
			c := play(t, s, []byte(in[:cut]))
			if c.out.Len() > 0 || called != strings.Contains(in[:cut], "\r\n\r\n") {
				t.Errorf("cut at %d: handled %v, got %q", cut, called, c.out.String())
			}
		}
	}
}
