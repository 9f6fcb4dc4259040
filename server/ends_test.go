package server

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// endsConfig has a route for each kind of end.
func endsConfig(t *testing.T, hold chan bool) string {
	truncated := app(t, func(c net.Conn) {
		readHead(c)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
	})
	silent := app(t, func(c net.Conn) {
		readHead(c)
		hold <- true
		io.Copy(io.Discard, c)
	})
	chat := app(t, func(c net.Conn) {
		readHead(c)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
		io.Copy(c, c)
	})
	garbage := app(t, func(c net.Conn) { readHead(c); io.WriteString(c, "220 smtp\r\n\r\n") })
	text := `
[[site]]
hosts = ["shop.example.com"]
tls = "off"
upstream = "ok"
`
	for _, route := range []string{"down", "truncated", "silent", "slow", "chat", "garbage"} {
		text += "[[site.route]]\npath = \"/" + route + "\"\nupstream = \"" + route + "\"\n"
	}
	return text + `
[[site]]
hosts = ["tls.example.com"]
tls = "self-signed"
upstream = "down"
` + pool("ok", app(t, answering(hello))) + pool("down", "127.0.0.1:1") + pool("truncated", truncated) +
		pool("silent", silent) + pool("chat", chat) + pool("garbage", garbage) +
		pool("slow", app(t, func(c net.Conn) { io.Copy(io.Discard, c) })) + "response_timeout = \"50ms\"\n"
}

// Each Exchange leaves one line, however it ends: status, who failed, in which
// phase and why.
func TestEachKindOfEndIsLogged(t *testing.T) {
	hold := make(chan bool, 1)
	s := serving(t, "", endsConfig(t, hold))
	to := func(path string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n"
	}
	for _, tt := range []struct {
		name, request string
		answer        string // begins with
		ends          string // of the answer
		line          string
	}{
		{"ok", to("/?a=b"), "HTTP/1.1 200 OK\r\n", "hello", "200 GET /?a=b shop.example.com"},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\n", "200 HEAD / shop.example.com"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\nHost: shop.example.com\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello", "200 GET / shop.example.com"},
		{"bad request", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 ", "}", "400 GET / client head request_invalid"},
		{"no HTTP", "\x16\x03\x01\x00\n\n", "HTTP/1.1 400 ", "}", "400 client head request_invalid"},
		{"head too large", "GET / HTTP/1.1\r\nHost: shop.example.com\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", "HTTP/1.1 431 ", "}", "431 client head request_head_size"},
		{"misdirected", "GET / HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n", "HTTP/1.1 421 ", "}", "421 GET / other.test client head misdirected"},
		{"redirect", "GET /x HTTP/1.1\r\nHost: tls.example.com\r\nConnection: close\r\n\r\n", "HTTP/1.1 301 ", "\r\n\r\n", "301 GET /x tls.example.com"},
		{"degraded", to("/down"), "HTTP/1.1 503 ", "}", "503 GET /down shop.example.com upstream dial destination_unavailable json"},
		{"slow", to("/slow"), "HTTP/1.1 504 ", "}", "504 GET /slow shop.example.com upstream wait connection_read_timeout json"},
		{"garbage", to("/garbage"), "HTTP/1.1 502 ", "}", "502 GET /garbage shop.example.com upstream wait http_protocol_error json"},
		{"truncated", to("/truncated"), "HTTP/1.1 200 OK\r\n", "", "200 GET /truncated shop.example.com upstream body http_response_incomplete"},
		{"options", "OPTIONS * HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n", "hello", "200 OPTIONS * shop.example.com"},
	} {
		answer := ask(t, s.HTTP(), tt.request)
		if tt.name == "truncated" && answer == "" {
			// the reset was faster than what was under way
		} else if !strings.HasPrefix(answer, tt.answer) || !strings.HasSuffix(answer, tt.ends) {
			t.Errorf("%s: answer %q", tt.name, answer)
		}
		defer func() {
			lines := s.logged()
			found := 0
			for _, l := range lines {
				if words(l) == tt.line {
					found++
				}
			}
			if found == 0 {
				t.Errorf("%s: no line %q", tt.name, tt.line)
			}
		}()
	}
	gone := dial(t, s.HTTP())
	io.WriteString(gone, to("/silent"))
	within(t, "the request", hold)
	gone.Close()

	chat := dial(t, s.HTTP())
	io.WriteString(chat, "GET /chat HTTP/1.1\r\nHost: shop.example.com\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n")
	if head := readHead(chat); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Errorf("chat: %q", head)
	}
	io.WriteString(chat, "ping")
	io.ReadFull(chat, make([]byte, 4))
	chat.(*net.TCPConn).CloseWrite()
	io.ReadAll(chat)

	if err := s.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	var all []string
	for _, l := range s.logged() {
		all = append(all, words(l))
		if l["id"] == "" || l["client"] != "127.0.0.1" || l["total_ms"] == nil {
			t.Errorf("line: %v", l)
		}
	}
	text := strings.Join(all, "\n")
	for _, want := range []string{"499 GET /silent shop.example.com client wait client_gone", "101 GET /chat shop.example.com"} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text)
		}
	}
	if len(all) != 15 {
		t.Errorf("%d lines, want 15:\n%s", len(all), text)
	}
}

// words are what a test compares of a line.
func words(l map[string]any) string {
	var w []string
	for _, key := range []string{"status", "method", "path", "host", "fail_who", "fail_phase", "fail_cause", "degraded"} {
		if v := l[key]; v != nil && v != "" {
			w = append(w, fmt.Sprint(v))
		}
	}
	return strings.Join(w, " ")
}
