package http1

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

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
		if took := time.Since(start); took > 2*lingerSilence {
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
