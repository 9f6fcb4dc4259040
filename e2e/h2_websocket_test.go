package e2e

import (
	"io"
	"testing"

	"golang.org/x/net/http2"
)

// connect sends an extended CONNECT (RFC 8441 section 4).
func (c *rawClient2) connect(stream uint32, path string) {
	c.t.Helper()
	c.until("SETTINGS", func(f http2.Frame) bool {
		s, ok := f.(*http2.SettingsFrame)
		if !ok || s.IsAck() {
			return false
		}
		// RFC 8441 section 3: a client may use it once the server has sent
		// SETTINGS_ENABLE_CONNECT_PROTOCOL with a value of 1.
		if v, _ := s.Value(http2.SettingID(8)); v != 1 {
			c.t.Errorf("SETTINGS_ENABLE_CONNECT_PROTOCOL is %d", v)
		}
		return true
	})
	c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, BlockFragment: c.block(
		":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", host, ":path", path,
		"origin", secure, "sec-websocket-version", "13")}))
}

// WebSocket over HTTP/2 becomes an upgrade towards the upstream.
func TestH2WebSocket(t *testing.T) {
	t.Parallel()
	up := serve(t, echo)
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dial2(t)
	c.connect(1, "/ws")
	// RFC 8441 section 5.1: "A successful response is a 2xx", and there is
	// neither Sec-WebSocket-Key nor -Accept.
	h := c.head(1)
	if h.PseudoValue("status") != "200" || h.StreamEnded() {
		t.Fatalf("got %v", h.Fields)
	}
	for _, f := range h.Fields {
		if f.Name == "sec-websocket-accept" || f.Name == "upgrade" || f.Name == "connection" {
			t.Errorf("field %v", f)
		}
	}
	for range 3 {
		// A masked text frame "hello", its mask 0.
		c.must(c.WriteData(1, false, append([]byte{0x81, 0x85, 0, 0, 0, 0}, "hello"...)))
		if got := c.take(1, 7); string(got) != "\x81\x05HELLO" {
			t.Fatalf("got %q", got)
		}
	}
	c.must(c.WriteData(1, false, []byte{0x88, 0x82, 0, 0, 0, 0, 3, 0xe8})) // close, 1000
	if got := c.take(1, 4); string(got) != "\x88\x02\x03\xe8" {
		t.Errorf("got %q", got)
	}
	c.must(c.WriteData(1, true, nil))
	c.until("the end of the tunnel", func(f http2.Frame) bool {
		d, ok := f.(*http2.DataFrame)
		return ok && d.StreamEnded()
	})
}

// take reads n bytes of a stream's data.
func (c *rawClient2) take(stream uint32, n int) []byte {
	c.t.Helper()
	var got []byte
	for len(got) < n {
		c.until("data", func(f http2.Frame) bool {
			d, ok := f.(*http2.DataFrame)
			if ok && d.StreamID == stream {
				got = append(got, d.Data()...)
			}
			return ok
		})
	}
	return got
}

// Another answer than 101 is passed on, but a 2xx would look like a tunnel.
func TestH2WebSocketThatIsNone(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]string{
		"403 Forbidden": "403",
		"200 OK":        "502",
		"101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bm90IHRoaXM=": "reset",
	} {
		t.Run(status[:3], func(t *testing.T) {
			t.Parallel()
			up := script(t, func(c scripted) {
				if r := c.request(); r != nil {
					if r.Method != "GET" || r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Key") == "" {
						t.Errorf("the upstream got %s %v", r.Method, r.Header)
					}
					c.say("HTTP/1.1 " + status + "\r\n")
					if want != "reset" {
						c.say("Content-Length: 2\r\n")
					}
					c.say("\r\nno")
					io.Copy(io.Discard, c.r)
				}
			})
			s := start(t, setup{upstreams: []string{up}})
			c := s.dial2(t)
			c.connect(1, "/ws")
			c.until("an answer", func(f http2.Frame) bool {
				switch f := f.(type) {
				case *http2.MetaHeadersFrame:
					if f.PseudoValue("status") != want {
						t.Errorf("got %v, want %s", f.Fields, want)
					}
					return true
				case *http2.RSTStreamFrame:
					if want != "reset" || f.ErrCode != http2.ErrCodeConnect {
						t.Errorf("reset with %s, want %s", f.ErrCode, want)
					}
					return true
				}
				return false
			})
		})
	}
}
