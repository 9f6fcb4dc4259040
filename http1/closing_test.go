package http1

import (
	"io"
	"strings"
	"testing"

	"sluice/message"
)

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
		{"counted", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 10, true, abort},
		{"chunked", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", -1, true, abort},
		{"to the close", "GET / HTTP/1.0\r\n\r\n", -1, true, abort},
		{"counted, complete", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 5, true, abort},
		{"not flushed", "GET / HTTP/1.0\r\n\r\n", -1, false, abort},
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
				w.Abort(nil)
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
			if string(r.Target) == "/" {
				w.Watch(cancel)
			}
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
			// Its answer is not the Exchange's end; that of the next one is.
			c.say("GET /unwatched HTTP/1.1\r\nHost: h\r\n\r\n")
			c.ok("")
			c.Close()
		}
		c.ended()
		if n := cancel.times.Load(); n != 0 {
			t.Errorf("canceled %d times", n)
		}
	}
}

func abort(w message.ResponseWriter) { w.Abort(nil) }
