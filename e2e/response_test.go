package e2e

import (
	"io"
	"net"
	"strings"
	"testing"
)

// What an upstream may answer, byte for byte, and what the client gets.
func TestResponses(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	for _, tt := range []struct {
		name, response string
		status         int
		body, kind     string // kind: of the Proxy-Status
	}{
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nok", 200, "ok", ""},
		{"until the end", "HTTP/1.1 200 OK\r\n\r\nok", 200, "ok", ""},
		{"no reason", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, "ok", ""},
		{"unknown status", "HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nok", 799, "ok", ""},
		{"chunked with everything", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1;a=b\r\no\r\n01\r\nk\r\n0\r\nX: y\r\n\r\n", 200, "ok", ""},
		{"large head", ok + "X: " + strings.Repeat("x", 60_000) + "\r\n\r\nok", 200, "ok", ""},
		{"many interim ones", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 10) + ok + "\r\nok", 200, "ok", ""},
		// A message with both "ought to be handled as an error" (RFC 9112
		// section 6.3).
		{"length and coding", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 502, "", "http_protocol_error"},
		{"two lengths", ok + "Content-Length: 3\r\n\r\nok", 502, "", "http_protocol_error"},
		{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 502, "", "http_protocol_error"},
		{"folded", ok + "X: y\r\n z\r\n\r\nok", 502, "", "http_protocol_error"},
		{"too large head", ok + "X: " + strings.Repeat("x", 70_000) + "\r\n\r\nok", 502, "", "http_response_header_section_size"},
		{"interim ones without end", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100), 502, "", "http_protocol_error"},
		{"version 2", "HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok", 502, "", "http_protocol_error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			up := script(t, func(c scripted) {
				if c.request() != nil {
					c.say(tt.response)
				}
			})
			s := start(t, setup{upstreams: []string{up}})
			c := s.dialTLS(t)
			c.get("/")
			resp := c.head("GET")
			for resp.StatusCode == 102 {
				resp = c.head("GET")
			}
			body, err := io.ReadAll(resp.Body)
			got := resp.Header.Get("Proxy-Status")
			if err != nil || resp.StatusCode != tt.status || tt.body != "" && string(body) != tt.body ||
				tt.kind == "" && got != "" || !strings.Contains(got, tt.kind) {
				t.Errorf("%d %.50q, error %v, Proxy-Status %q", resp.StatusCode, body, err, got)
			}
		})
	}
}

// Fields pass in their order and as they are spelt, but for those of the
// upstream's connection.
func TestResponseFields(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if c.request() != nil {
			c.say("HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd_Name: x\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n" +
				"Server: shop\r\nConnection: close, X-Hop\r\nX-Hop: secret\r\nKeep-Alive: timeout=1\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dial(t)
	c.send("GET / HTTP/1.1\r\n%s\r\n", site)
	var head strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\r\n" {
			break
		}
		head.WriteString(line)
	}
	text := head.String()
	if !strings.Contains(text, "\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd_Name: x\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: shop\r\n") {
		t.Errorf("the client got\n%s", text)
	}
	for _, bad := range []string{"secret", "close", "Keep-Alive"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q has reached the client:\n%s", bad, text)
		}
	}
}

// HTTP/1.0 clients: RFC 9112 appendix C.2.2 and section 9.3.
func TestOldClients(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		for r := c.request(); r != nil; r = c.request() {
			if r.URL.Path == "/chunked" {
				c.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
			} else {
				c.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			}
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	t.Run("close", func(t *testing.T) {
		c := s.dial(t)
		c.send("GET / HTTP/1.0\r\n%s\r\n", site)
		if a := c.answer(); a.body != "ok" || !a.Close {
			t.Errorf("%q, close %v", a.body, a.Close)
		}
		c.wantEnd()
	})
	t.Run("keep-alive", func(t *testing.T) {
		c := s.dial(t)
		for range 3 {
			c.send("GET / HTTP/1.0\r\n%sConnection: keep-alive\r\n\r\n", site)
			if a := c.answer(); a.body != "ok" || a.Header.Get("Connection") != "keep-alive" {
				t.Errorf("%q, %v", a.body, a.Header)
			}
		}
	})
	t.Run("without Host", func(t *testing.T) {
		c := s.dial(t) // the default Site answers
		c.send("GET / HTTP/1.0\r\n\r\n")
		if a := c.answer(); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	})
	t.Run("no chunks", func(t *testing.T) {
		c := s.dial(t)
		c.send("GET /chunked HTTP/1.0\r\n%sConnection: keep-alive\r\n\r\n", site)
		a := c.answer()
		if a.body != "ok" || len(a.TransferEncoding) > 0 {
			t.Errorf("%q, transfer coding %q", a.body, a.TransferEncoding)
		}
		c.wantEnd()
	})
}

// "Never forget a resolved address" (design.md section 1): a name of the
// machine's own, one of whose addresses may refuse.
func TestUpstreamByName(t *testing.T) {
	t.Parallel()
	if _, err := net.LookupHost("localhost"); err != nil {
		t.Skipf("skipped: localhost cannot be resolved here: %v", err)
	}
	up := serve(t, nil)
	_, port, err := net.SplitHostPort(up.address)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, setup{upstreams: []string{"localhost:" + port}})
	c := s.client()
	eventually(t, patience, "the name is resolved", func() bool { return get(t, c, secure+"/").StatusCode == 200 })
	for range 10 {
		if a := get(t, c, secure+"/"); a.StatusCode != 200 {
			t.Errorf("status %d, Proxy-Status %q", a.StatusCode, a.Header.Get("Proxy-Status"))
		}
	}
}
