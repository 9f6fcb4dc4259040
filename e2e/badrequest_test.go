package e2e

import (
	"strings"
	"testing"
)

// site is the Host line of a good request.
const site = "Host: " + host + "\r\n"

// "Ambiguity [...] is a 400 and a closed connection. Never forward a byte that
// was not parsed." (design.md section 6)
func TestBadRequests(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{
		server:    "max_header = \"4KiB\"\nmax_fields = 20",
		upstreams: []string{up.address},
	})
	// The words of the access log for each status.
	causes := map[int]string{
		400: "request_invalid", 405: "request_method", 414: "request_target_size", 431: "request_head_size",
		501: "request_transfer_coding", 505: "request_version",
	}
	cases := []struct {
		name    string
		request string
		status  int
	}{
		// RFC 9112 section 6.1 and 6.3: framing.
		{"length and coding", "POST / HTTP/1.1\r\n" + site + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"two lengths", "POST / HTTP/1.1\r\n" + site + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n", 400},
		{"two equal lengths", "POST / HTTP/1.1\r\n" + site + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400},
		{"list of lengths", "POST / HTTP/1.1\r\n" + site + "Content-Length: 0, 40\r\n\r\n", 400},
		{"length with a sign", "POST / HTTP/1.1\r\n" + site + "Content-Length: +0\r\n\r\n", 400},
		{"negative length", "POST / HTTP/1.1\r\n" + site + "Content-Length: -1\r\n\r\n", 400},
		{"huge length", "POST / HTTP/1.1\r\n" + site + "Content-Length: 99999999999999999999\r\n\r\n", 400},
		{"empty length", "POST / HTTP/1.1\r\n" + site + "Content-Length:\r\n\r\n", 400},
		{"coding that is not chunked", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
		{"chunked is not last", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
		{"chunked twice", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
		{"two codings", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"control before chunked", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400},
		{"coding with HTTP/1.0", "POST / HTTP/1.0\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		{"unknown coding", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
		// RFC 9112 section 5.1: "No whitespace is allowed between the field
		// name and colon [...] A server MUST reject".
		{"space before the colon", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
		{"space before the first field", "GET / HTTP/1.1\r\n X: y\r\n" + site + "\r\n", 400},
		{"folded line", "GET / HTTP/1.1\r\n" + site + "X: y\r\n z\r\n\r\n", 400}, // section 5.2
		{"field without colon", "GET / HTTP/1.1\r\n" + site + "Nonsense\r\n\r\n", 400},
		{"empty field name", "GET / HTTP/1.1\r\n" + site + ": y\r\n\r\n", 400},
		{"bare LF", "GET / HTTP/1.1\n" + site + "\r\n", 400},
		{"bare LF in a field", "GET / HTTP/1.1\r\n" + site + "X: y\nZ: z\r\n\r\n", 400},
		{"bare CR in a field", "GET / HTTP/1.1\r\n" + site + "X: y\rZ: z\r\n\r\n", 400}, // section 2.2
		{"NUL in a field", "GET / HTTP/1.1\r\n" + site + "X: y\x00z\r\n\r\n", 400},      // RFC 9110 section 5.5
		// RFC 9112 section 3.2: Host.
		{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"two Hosts", "GET / HTTP/1.1\r\n" + site + site + "\r\n", 400},
		{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
		{"Host with a user", "GET / HTTP/1.1\r\nHost: evil@" + host + "\r\n\r\n", 400},
		{"Host with a path", "GET / HTTP/1.1\r\nHost: " + host + "/x\r\n\r\n", 400},
		{"two host names", "GET http://evil.test/ HTTP/1.1\r\n" + site + "\r\n", 400},
		// RFC 9112 section 3: the request line.
		{"two spaces", "GET  / HTTP/1.1\r\n" + site + "\r\n", 400},
		{"space in the target", "GET /a b HTTP/1.1\r\n" + site + "\r\n", 400},
		{"fragment", "GET /#x HTTP/1.1\r\n" + site + "\r\n", 400},
		{"no version", "GET /\r\n" + site + "\r\n", 400},
		{"version in lower case", "GET / http/1.1\r\n" + site + "\r\n", 400},
		{"version 2", "GET / HTTP/2.0\r\n" + site + "\r\n", 505},
		{"method that is no token", "GE(T / HTTP/1.1\r\n" + site + "\r\n", 400},
		{"CONNECT", "CONNECT " + host + ":443 HTTP/1.1\r\n" + site + "\r\n", 405},
		{"TRACE", "TRACE / HTTP/1.1\r\n" + site + "\r\n", 405},
		{"TLS on the plain port", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x00\x00\x00\x00", 400},
		// Sizes.
		{"long target", "GET /" + strings.Repeat("x", 5000) + " HTTP/1.1\r\n" + site + "\r\n", 414},
		{"large head", "GET / HTTP/1.1\r\n" + site + "X: " + strings.Repeat("x", 5000) + "\r\n\r\n", 431},
		{"many fields", "GET / HTTP/1.1\r\n" + site + strings.Repeat("X: y\r\n", 30) + "\r\n", 431},
		// RFC 9112 section 7.1: chunks.
		{"chunk size in C", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400},
		{"negative chunk size", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n", 400},
		{"chunk size out of range", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\na\r\n0\r\n\r\n", 400},
		{"chunk longer than its size", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
		{"chunk size ends in LF", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
		{"LF in a chunk extension", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n1;a\nb\r\na\r\n0\r\n\r\n", 400},
		{"folded trailer", "POST / HTTP/1.1\r\n" + site + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n", 400},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			c := s.dial(t)
			c.send("%s", tt.request+"GET /smuggled HTTP/1.1\r\n"+site+"\r\n")
			a := c.answer()
			if a.StatusCode != tt.status {
				t.Errorf("status %d, want %d", a.StatusCode, tt.status)
			}
			if !a.Close {
				t.Error("the response lacks Connection: close (RFC 9112 section 9.6)")
			}
			if !strings.HasPrefix(a.Header.Get("Proxy-Status"), "sluice; error=http_request_") {
				t.Errorf("Proxy-Status %q", a.Header.Get("Proxy-Status"))
			}
			c.wantEnd()
		})
	}
	if got := up.seen(); len(got) > 0 {
		t.Errorf("the upstream has got %q", got)
	}
	s.stop()
	lines := s.lines(t)
	if len(lines) != len(cases) {
		t.Fatalf("%d lines in the access log, want %d", len(lines), len(cases))
	}
	for i, tt := range cases {
		if l := lines[i]; l.Status != tt.status || l.Who != "client" || l.Cause != causes[tt.status] || l.BytesIn != 0 && !strings.Contains(tt.request, "chunked") {
			t.Errorf("%s: the access log has %+v", tt.name, l)
		}
	}
}

// "be conservative in what you do, be liberal in what you accept" where it
// can be read in one way only.
func TestOddButGoodRequests(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{upstreams: []string{up.address}})
	for _, tt := range []struct{ name, request, seen string }{
		// RFC 9112 section 2.2: "SHOULD ignore at least one empty line (CRLF)
		// received prior to the request-line".
		{"empty line before", "\r\nGET /a HTTP/1.1\r\n" + site + "\r\n", "GET /a"},
		// Section 3.2.2: "a server MUST accept the absolute-form in requests".
		{"absolute form", "GET http://" + host + "/b?c HTTP/1.1\r\n" + site + "\r\n", "GET /b?c"},
		{"absolute form without path", "GET http://" + host + " HTTP/1.1\r\n" + site + "\r\n", "GET /"},
		// RFC 9110 section 2.5: a higher minor version is processed as the
		// highest known one.
		{"HTTP/1.9", "GET /d HTTP/1.9\r\n" + site + "\r\n", "GET /d"},
		{"space around a value", "GET /e HTTP/1.1\r\nhOST:\t " + host + " \t\r\n\r\n", "GET /e"},
		{"chunk extension", "PUT /f HTTP/1.1\r\n" + site + "Transfer-Encoding: Chunked\r\n\r\n1;a=b;c=\"d\"\r\nx\r\n0\r\n\r\n", "PUT /f"},
		{"unknown method", "PURGE /g HTTP/1.1\r\n" + site + "\r\n", "PURGE /g"},
		{"body with GET", "GET /h HTTP/1.1\r\n" + site + "Content-Length: 1\r\n\r\nx", "GET /h"},
		{"bytes above ASCII in a value", "GET /i HTTP/1.1\r\n" + site + "X: \xe4\xb8\xad\r\n\r\n", "GET /i"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := s.dial(t)
			c.send("%s", tt.request)
			if a := c.answer(); a.StatusCode != 200 {
				t.Errorf("status %d", a.StatusCode)
			}
			if all := up.seen(); len(all) == 0 || all[len(all)-1] != tt.seen {
				t.Errorf("the upstream has got %q, want %q at the end", all, tt.seen)
			}
			c.get("/next") // the connection is in step
			if a := c.answer(); a.StatusCode != 200 {
				t.Errorf("the next request: status %d", a.StatusCode)
			}
		})
	}
}

// "the last proxy on the request chain MUST send a request-target of "*""
// (RFC 9112 section 3.2.4).
func TestOptionsAsterisk(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	for _, target := range []string{"*", "http://" + host} {
		c := s.dial(t)
		c.send("OPTIONS %s HTTP/1.1\r\n%s\r\n", target, site)
		if a := c.answer(); !strings.HasPrefix(a.body, "OPTIONS * HTTP/1.1\r\n") {
			t.Errorf("%s: %d, the upstream saw %q", target, a.StatusCode, a.body)
		}
	}
}
