package e2e

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// mirror starts an upstream that answers with the request head as it came,
// byte for byte.
func mirror(t *testing.T) string {
	t.Helper()
	return script(t, func(c scripted) {
		for {
			var head strings.Builder
			for {
				line, err := c.r.ReadString('\n')
				if err != nil {
					return
				}
				if line == "\r\n" {
					break
				}
				head.WriteString(line)
			}
			c.say("HTTP/1.1 200 OK\r\nContent-Length: " + strconv.Itoa(head.Len()) + "\r\n\r\n" + head.String())
		}
	})
}

// seen is a request head as an upstream saw it.
type seen struct {
	*http.Request
	text string
}

// ask sends a GET with these field lines and returns what the upstream saw.
func (c *rawClient) ask(path string, fields ...string) (seen, answer) {
	c.t.Helper()
	c.send("GET %s HTTP/1.1\r\n%s\r\n\r\n", path, strings.Join(append([]string{"Host: " + host}, fields...), "\r\n"))
	a := c.answer()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(a.body + "\r\n")))
	if err != nil {
		c.t.Fatalf("%d, the upstream saw %q: %v", a.StatusCode, a.body, err)
	}
	return seen{r, a.body}, a
}

// want compares the one value of a field; "" means that there is none.
func (s seen) want(t *testing.T, name, value string) {
	t.Helper()
	got := s.Header.Values(name)
	if value == "" && len(got) == 0 || len(got) == 1 && got[0] == value {
		return
	}
	t.Errorf("%s: the upstream got %q, want %q", name, got, value)
}

// "A forwarded Host of the wrong name sent every request through a partner's
// servers. [...] Keep Host right" (design.md section 1).
func TestForwardingFields(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	for _, tt := range []struct {
		proto string
		dial  func(*testing.T) *rawClient
	}{{"http", s.dial}, {"https", s.dialTLS}} {
		t.Run(tt.proto, func(t *testing.T) {
			c := tt.dial(t)
			c.send("GET /a?b=%%2F HTTP/1.1\r\nHost: Shop.Test:8443\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-lower: Kept As It Is\r\n\r\n")
			a := c.answer()
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(a.body + "\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			saw := seen{r, a.body}
			if !strings.Contains(saw.text, "Host: Shop.Test:8443\r\n") || !strings.HasPrefix(saw.text, "GET /a?b=%2F HTTP/1.1\r\n") {
				t.Errorf("the upstream saw\n%s", saw.text)
			}
			saw.want(t, "X-Forwarded-For", "127.0.0.1")
			saw.want(t, "X-Forwarded-Proto", tt.proto)
			saw.want(t, "X-Forwarded-Host", "Shop.Test:8443")
			saw.want(t, "X-Real-Ip", "127.0.0.1")
			saw.want(t, "Forwarded", `for=127.0.0.1;host="Shop.Test:8443";proto=`+tt.proto)
			saw.want(t, "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
			if !strings.Contains(saw.text, "x-lower: Kept As It Is\r\n") {
				t.Errorf("a field that is not ours was changed:\n%s", saw.text)
			}
			id := saw.Header.Get("Request-Id")
			if len(id) < 16 || a.Header.Get("Request-Id") != id {
				t.Errorf("Request-Id %q to the upstream, %q to the client", id, a.Header.Get("Request-Id"))
			}
		})
	}
}

// "What an untrusted client says of that is dropped: an application that
// believes X-Forwarded-For must not be made to believe a stranger."
// (package proxy; CGI makes one variable of X_Forwarded_For and
// X-Forwarded-For.)
func TestStrangersForwardingFieldsAreDropped(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	saw, _ := s.dialTLS(t).ask("/",
		"X-Forwarded-For: 6.6.6.6", "x-forwarded-for: 6.6.6.6", "X_Forwarded_For: 6.6.6.6", "X-Forwarded_For: 6.6.6.6",
		"X-Forwarded-Proto: evil", "X_FORWARDED_PROTO: evil", "X-Forwarded-Host: evil", "X_Forwarded_Host: evil",
		"X-Forwarded-Port: 666", "X_Forwarded_Port: 666",
		"X-Real-IP: 6.6.6.6", "X_Real_IP: 6.6.6.6", "Forwarded: for=6.6.6.6;proto=evil")
	for _, bad := range []string{"6.6.6.6", "evil", "666"} {
		if strings.Contains(saw.text, bad) {
			t.Errorf("%q has reached the upstream:\n%s", bad, saw.text)
		}
	}
	saw.want(t, "X-Forwarded-For", "127.0.0.1")
	saw.want(t, "X-Forwarded-Proto", "https")
	saw.want(t, "X-Real-Ip", "127.0.0.1")
}

// What a trusted proxy says is kept and added to (RFC 7239 section 4), and the
// client is the last address that is not trusted.
func TestTrustedForwardingFieldsAreKept(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: `trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]`, upstreams: []string{mirror(t)}})
	saw, _ := s.dial(t).ask("/trusted",
		"X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-For: 10.1.1.1",
		"X-Forwarded-Proto: https", "X-Forwarded-Host: www.shop.test", "Forwarded: for=203.0.113.7")
	saw.want(t, "X-Forwarded-For", "6.6.6.6, 203.0.113.7, 10.1.1.1, 127.0.0.1")
	saw.want(t, "X-Forwarded-Proto", "https")
	saw.want(t, "X-Forwarded-Host", "www.shop.test")
	saw.want(t, "Forwarded", `for=203.0.113.7, for=127.0.0.1;host="shop.test";proto=https`)
	saw.want(t, "X-Real-Ip", "203.0.113.7")
	if l := s.line(t, "/trusted"); l.Client != "203.0.113.7" {
		t.Errorf("the access log has client %q", l.Client)
	}
}

// "The answer carries [...] a Request-Id, and the access log carries the same
// words" (design.md section 7).
func TestRequestID(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	for _, tt := range []struct {
		path, id string
		passed   bool
	}{
		{"/none", "", false},
		{"/passed", "abc-DEF_1.2", true},
		{"/bad", `"><script>`, false},
		{"/long", strings.Repeat("x", 300), false},
	} {
		var fields []string
		if tt.id != "" {
			fields = append(fields, "Request-Id: "+tt.id)
		}
		saw, a := s.dialTLS(t).ask(tt.path, fields...)
		id := a.Header.Get("Request-Id")
		saw.want(t, "Request-Id", id)
		if (id == tt.id) != tt.passed || id == "" {
			t.Errorf("%s: Request-Id %q, was %q", tt.path, id, tt.id)
		}
		if l := s.line(t, tt.path); l.ID != id {
			t.Errorf("%s: the access log has %q, the response %q", tt.path, l.ID, id)
		}
	}
}

// "for each connection-option in this field, remove any header or trailer
// field(s) from the message with the same name" (RFC 9110 section 7.6.1); and a
// client cannot have ours removed that way.
func TestConnectionFields(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	saw, _ := s.dial(t).ask("/", "Connection: X-Private, keep-alive", "X-Private: secret", "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: gzip")
	for _, name := range []string{"X-Private", "Connection", "Keep-Alive", "Proxy-Connection", "Te"} {
		saw.want(t, name, "")
	}
	c := s.dial(t)
	c.send("GET / HTTP/1.1\r\nHost: %s\r\nConnection: X-Forwarded-For\r\n\r\n", host)
	if a := c.answer(); a.StatusCode != 400 {
		t.Errorf("a nomination of X-Forwarded-For: %d", a.StatusCode)
	}
}
