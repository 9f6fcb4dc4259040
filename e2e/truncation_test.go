package e2e

import (
	"io"
	"strings"
	"testing"
)

// "upstream abort mid-body aborts the client's response (never a clean end of
// a truncated body)" (design.md section 6). "A client that receives an
// incomplete response message [...] MUST record the message as incomplete"
// (RFC 9112 section 8): we must not make it look complete.
func TestTruncatedBodies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, response, cause string }{
		{"length", "Content-Length: 10\r\n\r\nfour", "http_response_incomplete"},
		{"large length", "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 100_000), "http_response_incomplete"},
		{"chunk", "Transfer-Encoding: chunked\r\n\r\na\r\nfour", "http_response_incomplete"},
		{"between chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n", "http_response_incomplete"},
		{"trailers", "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\nX: y\r\n", "http_response_incomplete"},
		{"bad chunk", "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\nxyz\r\n", "http_response_transfer_coding"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			up := script(t, func(c scripted) {
				if c.request() != nil {
					c.say("HTTP/1.1 200 OK\r\n" + tt.response)
				}
			})
			s := start(t, setup{upstreams: []string{up}})
			for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
				c := dial(t)
				c.get("/" + kind)
				resp, err := c.tryHead()
				if err != nil { // broken off before the head had left: broken off all the same
					continue
				}
				if body, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("%s: the body %.50q has ended cleanly", kind, body)
				}
				// To HTTP/1.0, whose bodies end with the connection, only a
				// broken connection says it.
				c = dial(t)
				c.send("GET /%s-old HTTP/1.0\r\nHost: %s\r\n\r\n", kind, host)
				c.wantBroken()
			}
			l := s.line(t, "/plain")
			if l.Who != "upstream" || l.Phase != "body" || l.Cause != tt.cause {
				t.Errorf("the access log has %s %s %s, want upstream body %s", l.Who, l.Phase, l.Cause, tt.cause)
			}
		})
	}
}

// A body without length or chunks that ends in a reset is no whole one.
func TestResetInsteadOfEnd(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	up := script(t, func(c scripted) {
		if c.request() == nil {
			return
		}
		c.say("HTTP/1.1 200 OK\r\n\r\nfour")
		<-read
		c.reset()
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dialTLS(t)
	c.get("/")
	resp := c.head("GET")
	if _, err := io.ReadFull(resp.Body, make([]byte, 4)); err != nil {
		t.Error(err)
	}
	close(read)
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the body has ended cleanly")
	}
}

// "A client MUST NOT process, cache, or forward such extra data as a separate
// response" (RFC 9112 section 6.3).
func TestBytesAfterAResponse(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		for c.request() != nil {
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dialTLS(t)
	for range 20 {
		c.get("/")
		if a := c.answer(); a.body != "good" {
			t.Fatalf("got %q", a.body)
		}
	}
}
