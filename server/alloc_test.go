package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"

	"sluice/config"
)

// performance.md: "Nothing allocated per request in the steady state."
func TestAProxiedExchangeAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget at random")
	}
	upstream := fixedUpstream(t)
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			exchange := exchanges(t, dialServer(t, upstream, secure), browserRequest)
			// Date and log are renewed each second, so one in thousands may
			// allocate: the average is what counts.
			want := 0.0
			if secure {
				want = 2 // crypto/tls makes one for each record read, here on both sides
			}
			if n := testing.AllocsPerRun(2000, exchange); n != want {
				t.Errorf("%v allocations per exchange, want %v", n, want)
			}
		})
	}
}

// exchanges returns a function that sends a request and reads the answer, and has
// done so often enough for everything to be there that is needed.
func exchanges(t *testing.T, client net.Conn, request []byte) func() {
	answer := make([]byte, 4<<10)
	exchange := func() {
		if _, err := client.Write(request); err != nil {
			t.Fatal(err)
		}
		for n := 0; !bytes.HasSuffix(answer[:n], fixedBody); {
			m, err := client.Read(answer[n:])
			if err != nil {
				t.Fatal(err)
			}
			n += m
		}
	}
	for range 200 {
		exchange()
	}
	return exchange
}

var browserRequest = []byte("GET /cart?item=42 HTTP/1.1\r\n" +
	"Host: shop.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n" +
	"Accept-Language: zh-CN,zh;q=0.9,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br\r\n" +
	"Cookie: session=0123456789abcdef; theme=dark\r\n" +
	"X-Forwarded-For: 203.0.113.7\r\n\r\n")

var (
	fixedBody   = []byte(`{"ok":true}`)
	fixedAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + string(fixedBody))
)

// fixedUpstream answers every head with fixedAnswer and allocates nothing.
func fixedUpstream(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 8<<10)
				for n := 0; ; {
					m, err := c.Read(buf[n:])
					if err != nil {
						return
					}
					if n += m; bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
						n = 0
						if _, err := c.Write(fixedAnswer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// dialServer runs a server with its access log on and connects to it.
func dialServer(t *testing.T, upstream string, secure bool, protocols ...string) net.Conn {
	t.Helper()
	return dialServerWith(t, upstream, "", secure, protocols...)
}

// dialServerWith is dialServer with more to say about the Site.
func dialServerWith(t *testing.T, upstream, more string, secure bool, protocols ...string) net.Conn {
	file := filepath.Join(t.TempDir(), "access.log")
	s := startServer(t, fmt.Sprintf(`
		[server]
		http  = "127.0.0.1:0"
		https = "127.0.0.1:0"
		admin = "127.0.0.1:0"
		[log]
		access = %q
		[[site]]
		hosts    = ["shop.example.com"]
		tls      = "self-signed"
		redirect = false
		upstream = %q
		%s`, file, upstream, more))
	var c net.Conn
	var err error
	if secure {
		c, err = tls.Dial("tcp", s.HTTPS().String(), &tls.Config{ServerName: "shop.example.com", InsecureSkipVerify: true, NextProtos: protocols})
	} else {
		c, err = net.Dial("tcp", s.HTTP().String())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// startServer runs a server with this config until the test ends.
func startServer(t *testing.T, text string) *Server {
	t.Helper()
	cfg, err := config.Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	if err := s.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}
