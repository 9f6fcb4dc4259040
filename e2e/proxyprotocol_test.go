package e2e

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// The headers of the PROXY protocol, for a client 203.0.113.7:56324.
const (
	proxyV1      = "PROXY TCP4 203.0.113.7 192.0.2.1 56324 443\r\n"
	proxyV1IPv6  = "PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n"
	proxyUnknown = "PROXY UNKNOWN\r\n"
	signatureV2  = "\r\n\r\n\x00\r\nQUIT\n"
	proxyV2      = signatureV2 + "\x21\x11\x00\x0c" + "\xcb\x00\x71\x07" + "\xc0\x00\x02\x01" + "\xdc\x04" + "\x01\xbb"
	proxyLocal   = signatureV2 + "\x20\x00\x00\x00"
)

// "PROXY-protocol policy" (design.md section 3): connections from
// trusted_proxies begin with a PROXY header.
func TestProxyProtocolOfATrustedPeer(t *testing.T) {
	t.Parallel()
	s := start(t, setup{
		server:    "proxy_protocol = true\ntrusted_proxies = [\"127.0.0.1\"]",
		upstreams: []string{mirror(t)},
	})
	for _, tt := range []struct{ name, header, client string }{
		{"v1", proxyV1, "203.0.113.7"},
		{"v1-IPv6", proxyV1IPv6, "2001:db8::7"},
		{"v1-unknown", proxyUnknown, "127.0.0.1"},
		{"v2", proxyV2, "203.0.113.7"},
		{"v2-local", proxyLocal, "127.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := s.dial(t)
			io.WriteString(c.conn, tt.header)
			// The one who was announced is a stranger, and is not believed.
			fields := []string{"X-Forwarded-For: 6.6.6.6"}
			if tt.client == "127.0.0.1" {
				fields = nil
			}
			saw, _ := c.ask("/"+tt.name, fields...)
			saw.want(t, "X-Forwarded-For", tt.client)
			saw.want(t, "X-Real-Ip", tt.client)
			if l := s.line(t, "/"+tt.name); l.Client != tt.client {
				t.Errorf("the access log has client %q", l.Client)
			}
		})
	}
	t.Run("in pieces", func(t *testing.T) {
		for _, header := range []string{proxyV1, proxyV2} {
			c := s.dial(t)
			for i := range len(header) {
				io.WriteString(c.conn, header[i:i+1])
			}
			saw, _ := c.ask("/")
			saw.want(t, "X-Forwarded-For", "203.0.113.7")
		}
	})
	t.Run("before TLS", func(t *testing.T) {
		conn, err := net.Dial("tcp", s.https)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		io.WriteString(conn, proxyV2)
		saw, _ := newRawClient(t, tlsClient(conn, s)).ask("/")
		saw.want(t, "X-Forwarded-For", "203.0.113.7")
		saw.want(t, "X-Forwarded-Proto", "https")
	})
	t.Run("none", func(t *testing.T) {
		c := s.dial(t)
		c.get("/")
		c.wantEnd()
	})
	t.Run("bad", func(t *testing.T) {
		c := s.dial(t)
		c.send("PROXY TCP4 somebody 192.0.2.1 1 2\r\nGET / HTTP/1.1\r\nHost: %s\r\n\r\n", host)
		c.wantEnd()
	})
}

// "only they may send one" (docs/configuration.md): from others it is a bad
// request.
func TestProxyProtocolOfAStranger(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{
		server:    "proxy_protocol = true\ntrusted_proxies = [\"192.0.2.9\"]",
		upstreams: []string{up.address},
	})
	for name, header := range map[string]string{"v1": proxyV1, "v2": proxyV2} {
		c := s.dial(t)
		c.send("%sGET / HTTP/1.1\r\nHost: %s\r\n\r\n", header, host)
		if a := c.answer(); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
		c.wantEnd()
	}
	c := s.dial(t) // without one he is served
	c.get("/")
	if a := c.answer(); a.StatusCode != 200 {
		t.Errorf("without a header: %d", a.StatusCode)
	}
	if n := up.count(); n != 1 {
		t.Errorf("%d requests have reached the upstream, want 1", n)
	}
}
