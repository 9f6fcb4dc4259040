package http1

import (
	"io"
	"strings"
	"testing"

	"sluice/message"
)

// RFC 9112 section 9.3: "If the "close" connection option is present, the
// connection will not persist after the current response; else, if the
// received protocol is HTTP/1.1 (or later), the connection will persist after
// the current response; else, if the received protocol is HTTP/1.0, the
// "keep-alive" connection option is present, either the recipient is not a
// proxy or the message is a response, and the recipient wishes to honor the
// HTTP/1.0 "keep-alive" mechanism, the connection will persist after the
// current response; otherwise, the connection will close after the current
// response."
func TestPersistence(t *testing.T) {
	const again = "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, tt := range []struct {
		head       string
		connection string // of the response
		persists   bool
	}{
		{"GET / HTTP/1.1\r\nHost: h\r\n", "", true},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n", "", true},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n", "close", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: CLOSE\r\n", "close", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n", "close", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: te\r\nConnection: close\r\n", "close", false},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n", "", true},
		{"GET / HTTP/1.2\r\nHost: h\r\n", "", true},
		{"GET / HTTP/1.0\r\nHost: h\r\n", "close", false},
		{"GET / HTTP/1.0\r\n", "close", false},
		{"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n", "keep-alive", true},
		{"GET / HTTP/1.0\r\nHost: h\r\nConnection: Keep-Alive\r\n", "keep-alive", true},
		{"GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive, close\r\n", "close", false},
		{"POST / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 0\r\n", "keep-alive", true},
		{"HEAD / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n", "keep-alive", true},
	} {
		c := play(t, newServer(ignore), []byte(tt.head+"\r\n"+again))
		got := c.text()
		first, _, _ := strings.Cut(got, "\r\n\r\n")
		if want := tt.connection; connectionOf(first) != want {
			t.Errorf("%q: got Connection %q, want %q", tt.head, connectionOf(first), want)
		}
		if persists := strings.Contains(got, "/2"); persists != tt.persists {
			t.Errorf("%q: persists %v, want %v", tt.head, persists, tt.persists)
		}
		if c.aborted {
			t.Errorf("%q: aborted", tt.head)
		}
	}
}

// connectionOf returns the Connection field of a head.
func connectionOf(head string) string {
	_, rest, ok := strings.Cut(head, "\r\nConnection: ")
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

// "A server that does not support persistent connections MUST send the
// "close" connection option in every response message"; one that drains says
// so with the last. A request that was on its way when the drain began is
// answered all the same.
func TestADrainingServerAnnouncesTheClose(t *testing.T) {
	in := []byte("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
	c := playOn(t, newServer(ignore), &scriptConn{in: [][]byte{in}, after: io.EOF, draining: true})
	if got, want := c.text(), "HTTP/1.1 200 OK\r\nSeen: GET /1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	late := &scriptConn{after: errSilent}
	late.in = [][]byte{[]byte("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"), []byte("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")}
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		ignore(r, w)
		late.draining = true // after the first response was begun
	})
	s.IdleTimeout = s.HeaderTimeout
	playOn(t, s, late)
	if got := late.text(); !strings.HasSuffix(got, "Seen: GET /2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") {
		t.Errorf("a request during the drain: got %q", got)
	}
}

// What is refused is answered, and the connection ends: where the next
// request would begin is not known.
func TestErrorAnswersClose(t *testing.T) {
	long := strings.Repeat("a", testLimits.Head)
	for _, tt := range []struct {
		name, in string
		status   string
	}{
		{"bare LF", "GET / HTTP/1.1\nHost: h\n\n", "400"},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"both framings", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{"unknown coding", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		// "A server that receives a request-target longer than any URI it
		// wishes to parse MUST respond with a 414 (URI Too Long) status code"
		// (RFC 9112 section 3).
		{"long request line", "GET /" + long + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
		{"request line over its own limit", "GET /" + long[:testLimits.Line] + " HTTP/1.1\r\nHost: h\r\n\r\n", "414"},
		{"request line without an end", "GET /" + long + long, "414"},
		{"long field", "GET / HTTP/1.1\r\nHost: h\r\nA: " + long + "\r\n\r\n", "431"},
		{"fields without an end", "GET / HTTP/1.1\r\nHost: h\r\nA: " + long + long, "431"},
		{"many fields", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n", "431"},
	} {
		for _, step := range []int{len(tt.in), 1000, 7} {
			c := play(t, newServer(ignore), append(segments(tt.in, step), []byte("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"))...)
			got := c.text()
			if !strings.HasPrefix(got, "HTTP/1.1 "+tt.status+" ") || connectionOf(got) != "close" || strings.Count(got, "HTTP/1.1 ") != 1 {
				t.Errorf("%s in pieces of %d: got %q, want one %s with close", tt.name, step, got, tt.status)
			}
			if !c.writeEnded || c.aborted {
				t.Errorf("%s: not closed in stages", tt.name)
			}
		}
	}
}

// A head that is refused says nothing about the one before it on the same
// connection, nor about any connection that used the buffers earlier.
func TestARefusedRequestHasNothingOfAnEarlierOne(t *testing.T) {
	requests := 0
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		requests++
		if r.Refused == nil {
			slurp(r.Body)
			reply(w, 200, "")
			return
		}
		if len(r.Fields) != 0 || r.Length != 0 || r.Body != nil || r.Upgrade != nil || r.Trailers || w.BytesIn() != 0 {
			t.Errorf("refused request: %+v, %d bytes in", r, w.BytesIn())
		}
		if r.Client != testClient || r.Start.IsZero() {
			t.Errorf("refused request without its client or start: %+v", r)
		}
		reply(w, r.Refused.Status(), "")
	})
	good := "POST /secret HTTP/1.1\r\nHost: h\r\nCookie: secret\r\nConnection: te\r\nTE: trailers\r\nContent-Length: 5\r\n\r\nhello"
	for _, bad := range []string{"GET\n", "GET / HTTP/1.1\r\n\r\n", "BAD\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA b\r\n\r\n"} {
		play(t, s, []byte(good+bad))
	}
	if requests != 8 {
		t.Errorf("%d requests, want 8", requests)
	}
}
