package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// "upgrades (WebSocket) become a plain two-way copy" (design.md section 6).
func TestWebSocket(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil) // it compares Origin with Host
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(limit)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if err := c.Write(r.Context(), kind, message); err != nil {
				return
			}
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	client := s.client()
	client.Timeout = 0 // the library forbids one: the context bounds it
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, "wss://"+host+"/ws", &websocket.DialOptions{
		HTTPClient: client, HTTPHeader: http.Header{"Origin": {secure}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if resp.StatusCode != 101 {
		t.Errorf("status %d", resp.StatusCode)
	}
	c.SetReadLimit(limit)
	large := bytes.Repeat([]byte("sluice "), 4<<20/7)
	for _, message := range [][]byte{[]byte("hello"), large, {}, []byte("again")} {
		if err := c.Write(ctx, websocket.MessageBinary, message); err != nil {
			t.Fatal(err)
		}
		_, got, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, message) {
			t.Fatalf("%d bytes came back as other %d", len(message), len(got))
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("close: %v", err)
	}
	if l := s.line(t, "/ws"); l.Status != 101 || l.Cause != "" {
		t.Errorf("the access log has status %d, fail_cause %q", l.Status, l.Cause)
	}
}

// An end of one direction of a tunnel is passed on, and the other goes on.
func TestTunnelHalfClose(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if c.request() == nil {
			return
		}
		// What comes with the head, and at the same moment, is not lost.
		c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nfirst,")
		all, _ := io.ReadAll(c.r)
		c.say("then " + string(all))
	})
	s := start(t, setup{upstreams: []string{up}})
	for name, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(name, func(t *testing.T) {
			c := dial(t)
			c.send("GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nearly ", name, host)
			if resp := c.head("GET"); resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "raw" {
				t.Fatalf("%d %v", resp.StatusCode, resp.Header)
			}
			c.send("and late")
			c.closeWrite()
			got, err := io.ReadAll(c.r)
			if err != nil || string(got) != "first,then early and late" {
				t.Errorf("got %q, error %v", got, err)
			}
			if l := s.line(t, "/"+name); l.Cause != "" || l.BytesIn != int64(len("early and late")) {
				t.Errorf("the access log has fail_cause %q, bytes_in %d", l.Cause, l.BytesIn)
			}
		})
	}
}

// A tunnel whose upstream dies is broken off, not ended.
func TestTunnelIsBrokenOffWithItsUpstream(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if c.request() == nil {
			return
		}
		c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
		c.reset()
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dial(t)
	c.send("GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n", host)
	if resp := c.head("GET"); resp.StatusCode != 101 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	c.wantBroken()
}

// "A server MUST NOT switch to a protocol that was not indicated by the
// client" (RFC 9110 section 7.8).
func TestUpgradeThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		if c.request() != nil {
			c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
			c.gone()
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	a := get(t, s.client(), secure+"/")
	if a.StatusCode != 502 || !strings.Contains(a.Header.Get("Proxy-Status"), "error=http_upgrade_failed") {
		t.Errorf("%d, Proxy-Status %q", a.StatusCode, a.Header.Get("Proxy-Status"))
	}
}

// "A server MAY ignore a received Upgrade header field" (RFC 9110 section
// 7.8), and then the connection goes on as it was.
func TestUpgradeThatIsIgnored(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dialTLS(t)
	for range 3 {
		c.send("GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", host)
		if a := c.answer(); a.StatusCode != 200 || a.body != "ok" || a.Close {
			t.Errorf("%d %q, close %v", a.StatusCode, a.body, a.Close)
		}
	}
}

// A change to HTTP/2 in the clear would let requests through that nobody has
// parsed: the offer does not reach the upstream.
func TestH2CIsNotOffered(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{mirror(t)}})
	saw, _ := s.dial(t).ask("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
	for _, name := range []string{"Upgrade", "Connection", "Http2-Settings"} {
		saw.want(t, name, "")
	}
}

// A client that is gone from a tunnel takes the upstream's end with it.
func TestClientResetsATunnel(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{}, 2)
	up := script(t, func(c scripted) {
		if c.request() != nil {
			c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
			c.gone()
			gone <- struct{}{}
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dial(t)
	c.send("GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n", host)
	c.head("GET")
	scripted{Conn: c.conn}.reset()
	receive(t, "the upstream's end", gone)
}

// What an Exchange has taken in is its own: streams are used again.
func TestBytesInAfterATunnel(t *testing.T) {
	t.Parallel()
	up := script(t, func(c scripted) {
		r := c.request()
		if r != nil && r.URL.Path == "/tunnel" {
			c.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n")
			io.Copy(io.Discard, c.r)
		} else if r != nil {
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s := start(t, setup{upstreams: []string{up}})
	for range 20 {
		c := s.dial(t)
		c.send("GET /tunnel HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n", host)
		c.head("GET")
		c.send("some bytes")
		c.closeWrite()
		c.wantEnd()
		c = s.dial(t)
		c.get("/")
		c.answer()
	}
	s.stop()
	for _, l := range s.lines(t) {
		if l.Path == "/" && l.BytesIn != 0 {
			t.Fatalf("a GET after a tunnel has bytes_in %d", l.BytesIn)
		}
	}
}
