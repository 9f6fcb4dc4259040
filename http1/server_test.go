package http1

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
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

// "The whole head within HeaderTimeout" holds however slowly its bytes come.
// "The 408 (Request Timeout) status code indicates that the server did not
// receive a complete request message within the time that it was prepared to
// wait" (RFC 9110 section 15.5.9).
func TestAHeadMustComeWholeInTime(t *testing.T) {
	bubble(t, newServer(ignore), func(t *testing.T, client net.Conn) {
		start := time.Now()
		go func() {
			for range 8 {
				client.Write([]byte("GET"))
				time.Sleep(3 * time.Second)
			}
		}()
		got := readAll(t, client)
		if !strings.HasPrefix(got, "HTTP/1.1 408 ") || connectionOf(got) != "close" || time.Since(start) != 10*time.Second {
			t.Errorf("got %q after %v", got, time.Since(start))
		}
		client.Close()
		time.Sleep(time.Minute)
	})
}

// A connection that says nothing, or nothing more, is closed without a word:
// a 408 might be taken for the answer to the next request. So is one that
// only sent the empty line that old clients send after a body (RFC 9112
// section 2.2).
func TestSilentConnectionsAreClosedWithoutAnAnswer(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, tt := range []struct {
		name, say string
		answers   int
		after     time.Duration
	}{
		{"fresh", "", 0, 10 * time.Second},
		{"idle", request, 1, 30 * time.Second},
		{"idle after two", request + request, 2, 30 * time.Second},
		{"an empty line", "\r\n", 0, 10 * time.Second},
		{"an empty line at the end", request + "\r\n", 1, 10 * time.Second},
	} {
		bubble(t, newServer(ignore), func(t *testing.T, client net.Conn) {
			start := time.Now()
			go client.Write([]byte(tt.say))
			got := readAll(t, client)
			if n := strings.Count(got, "HTTP/1.1 200 "); n != tt.answers || strings.Count(got, "HTTP/1.1 ") != n {
				t.Errorf("%s: got %q", tt.name, got)
			}
			if took := time.Since(start); took != tt.after {
				t.Errorf("%s: closed after %v, want %v", tt.name, took, tt.after)
			}
		})
	}
}

// A body may take as long as it likes as long as it goes on.
func TestABodyIsTimedByItsProgress(t *testing.T) {
	for _, tt := range []struct{ name, head, piece string }{
		{"counted", "Content-Length: 100", "x"},
		{"chunked", "Transfer-Encoding: chunked", "1\r\nx\r\n"},
	} {
		s := newServer(nil)
		var got string
		var err error
		s.Handle = func(r *message.Request, w message.ResponseWriter) {
			got, err = slurp(r.Body)
			if _, again := r.Body.Next(); again != err {
				t.Errorf("%s: the failure is not for good: %v", tt.name, again)
			}
			reply(w, failureOf(err).Status(), "")
		}
		bubble(t, s, func(t *testing.T, client net.Conn) {
			start := time.Now()
			go func() {
				client.Write([]byte("POST / HTTP/1.1\r\nHost: h\r\n" + tt.head + "\r\n\r\n"))
				for range 20 {
					time.Sleep(s.BodyTimeout - time.Millisecond)
					client.Write([]byte(tt.piece))
				}
			}()
			answer := readAll(t, client)
			synctest.Wait()
			if want := 20*(s.BodyTimeout-time.Millisecond) + s.BodyTimeout; time.Since(start) != want {
				t.Errorf("%s: ended after %v, want %v", tt.name, time.Since(start), want)
			}
			if f := failureOf(err); got != strings.Repeat("x", 20) || f == nil || f.Cause != message.CauseClientSlow || f.Party != message.PartyClient {
				t.Errorf("%s: got %q, %v", tt.name, got, err)
			}
			if !strings.HasPrefix(answer, "HTTP/1.1 408 ") || connectionOf(answer) != "close" {
				t.Errorf("%s: got %q", tt.name, answer)
			}
		})
	}
}

// A client that announces a body, is answered, and does not send it costs a
// moment and not the body timeout.
func TestAnUnreadBodyIsNotWaitedForLong(t *testing.T) {
	bubble(t, newServer(ignore), func(t *testing.T, client net.Conn) {
		start := time.Now()
		go client.Write([]byte("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n"))
		if got := readAll(t, client); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("got %q", got)
		}
		if took := time.Since(start); took > 2*lingerTime {
			t.Errorf("took %v", took)
		}
	})
}

// A client that does not take its response is given up.
func TestAClientThatDoesNotReadIsSlow(t *testing.T) {
	s := newServer(nil)
	var failed error
	s.Handle = func(r *message.Request, w message.ResponseWriter) {
		start := time.Now()
		w.Start(&message.Response{Status: 200, Length: -1})
		err := w.Flush()
		if time.Since(start) != s.BodyTimeout {
			t.Errorf("gave up after %v", time.Since(start))
		}
		for _, again := range []error{w.Write([]byte("x")), w.Flush(), w.Finish(nil), w.Inform(&message.Response{Status: 103})} {
			if again != err {
				t.Errorf("a later call: %v, want %v", again, err)
			}
		}
		failed = err
	}
	bubble(t, s, func(t *testing.T, client net.Conn) {
		client.Write([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
		time.Sleep(2 * s.BodyTimeout)
		synctest.Wait()
		if f := failureOf(failed); f == nil || f.Cause != message.CauseClientSlow {
			t.Errorf("got %v", f)
		}
	})
}

// "Never a clean end of a truncated body": of a counted or chunked body the
// end is missing, and of one that ends with the connection the connection is
// reset.
func TestAbortIsNeverACleanEnd(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		length   int64
		flush    bool
		by       func(w message.ResponseWriter)
	}{
		{"counted", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 10, true, message.ResponseWriter.Abort},
		{"chunked", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", -1, true, message.ResponseWriter.Abort},
		{"to the close", "GET / HTTP/1.0\r\n\r\n", -1, true, message.ResponseWriter.Abort},
		{"counted, complete", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 5, true, message.ResponseWriter.Abort},
		{"not flushed", "GET / HTTP/1.0\r\n\r\n", -1, false, message.ResponseWriter.Abort},
		{"not finished", "GET / HTTP/1.0\r\n\r\n", -1, true, func(message.ResponseWriter) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
				w.Start(&message.Response{Status: 200, Length: tt.length})
				w.Write([]byte("hello"))
				if tt.flush {
					w.Flush()
				}
				tt.by(w)
			}))
			c.say(tt.in)
			_, err := io.ReadAll(c.r)
			if !isReset(err) {
				t.Errorf("the connection ended with %v, want a reset", err)
			}
		})
	}
}

// A handler that never answers leaves nothing that looks like an answer.
func TestWithoutAResponseTheConnectionIsReset(t *testing.T) {
	c := connect(t, newServer(func(*message.Request, message.ResponseWriter) {}))
	c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := c.end(); !isReset(err) {
		t.Errorf("got %v, want a reset", err)
	}
}

// "If a server performs an immediate close of a TCP connection, there is a
// significant risk that the client will not be able to read the last HTTP
// response. [...] To avoid the TCP reset problem, servers typically close a
// connection in stages" (RFC 9112 section 9.6). The client here sends all of
// its body before it reads.
func TestTheLastAnswerSurvivesWhatTheClientStillSends(t *testing.T) {
	body := lettered(2 << 20)
	for _, tt := range []struct{ name, in, status string }{
		{"refused head", "POST / HTTP/1.1\r\nContent-Length: 2097152\r\n\r\n" + body, "400"},
		{"large unread body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2097152\r\n\r\n" + body, "200"},
		{"unread body, close", "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2097152\r\n\r\n" + body, "200"},
		{"unread chunked body", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body, 60000), "200"},
		{"pipelined after 1.0", "GET / HTTP/1.0\r\n\r\n" + strings.Repeat("GET / HTTP/1.0\r\n\r\n", 10000), "200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, newServer(ignore))
			c.say(tt.in)
			c.CloseWrite()
			resp, _, err := c.response("POST")
			if err != nil || resp.Status[:3] != tt.status {
				t.Fatalf("got %v, %v; want %s", resp, err, tt.status)
			}
			if err := c.end(); err != io.EOF {
				t.Errorf("the connection ended with %v", err)
			}
		})
	}
}

// A response whose end is the connection's, to a client that has pipelined.
func TestADrainSurvivesPipelining(t *testing.T) {
	c := connect(t, newServer(ignore))
	c.conn.draining.Store(true)
	c.say(strings.Repeat("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 5000))
	c.CloseWrite()
	if resp, _, err := c.response("GET"); err != nil || !resp.Close {
		t.Fatalf("got %v, %v; want an answer with close", resp, err)
	}
	if err := c.end(); err != io.EOF {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestTheWatchTellsOfAClientThatGoes(t *testing.T) {
	for _, tt := range []struct {
		name string
		goes func(c *rawClient)
	}{
		{"close", func(c *rawClient) { c.Close() }},
		{"reset", func(c *rawClient) { c.SetLinger(0); c.Close() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cancel, started := newCanceler(), make(chan struct{})
			c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
				w.Watch(cancel)
				close(started)
				await(t, "Cancel", cancel.canceled)
				late := newCanceler()
				w.Watch(late) // "at once if it has gone already"
				if late.times.Load() != 1 {
					t.Error("a Watch after the client had gone was not told at once")
				}
				w.Watch(nil)
				w.Abort()
			}))
			c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			await(t, "the request", started)
			tt.goes(c)
			c.ended()
			if n := cancel.times.Load(); n != 1 {
				t.Errorf("canceled %d times", n)
			}
		})
	}
}

// "Watch(nil) ends that: when it has returned, Cancel is not running and will
// not be called"; and the Exchange's end is the watch's.
func TestNobodyIsCanceledAfterTheWatchHasEnded(t *testing.T) {
	for _, unwatch := range []bool{true, false} {
		cancel, started, goOn := newCanceler(), make(chan struct{}), make(chan struct{})
		c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
			w.Watch(cancel)
			if unwatch {
				w.Watch(nil)
				close(started)
				await(t, "the close", goOn)
			}
			reply(w, 200, "")
		}))
		c.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if unwatch {
			await(t, "the request", started)
			c.Close()
			close(goOn)
		} else {
			c.ok("")
			c.Close()
		}
		c.ended()
		if n := cancel.times.Load(); n != 0 {
			t.Errorf("canceled %d times", n)
		}
	}
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
				w.Abort()
			})
			c := play(t, s, []byte(in[:cut]))
			if c.out.Len() > 0 || called != strings.Contains(in[:cut], "\r\n\r\n") {
				t.Errorf("cut at %d: handled %v, got %q", cut, called, c.out.String())
			}
		}
	}
}
