package e2e

import (
	"crypto/tls"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// client2 returns Go's HTTP client, speaking HTTP/2 over one connection.
func (s *sluice) client2() *http.Client {
	s.t.Helper()
	c := s.client()
	t := c.Transport.(*http.Transport)
	t.TLSClientConfig.NextProtos = []string{"h2"}
	t.ForceAttemptHTTP2 = true
	return c
}

// rawClient2 is an HTTP/2 client that sends what a test says, frame by frame.
type rawClient2 struct {
	*http2.Framer
	t    *testing.T
	conn *tls.Conn
	enc  *hpack.Encoder
	buf  writeBuffer
}

type writeBuffer struct{ b []byte }

func (w *writeBuffer) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

// dial2 connects and exchanges SETTINGS.
func (s *sluice) dial2(t *testing.T, own ...http2.Setting) *rawClient2 {
	t.Helper()
	config := s.tls()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", s.https, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(deadline())
	c := &rawClient2{Framer: http2.NewFramer(conn, conn), t: t, conn: conn}
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.enc = hpack.NewEncoder(&c.buf)
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	c.must(c.WriteSettings(own...))
	return c
}

// must fails the test on an error of writing.
func (c *rawClient2) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// block encodes field lines: "name", "value", ...
func (c *rawClient2) block(pairs ...string) []byte {
	c.buf.b = nil
	for i := 0; i < len(pairs); i += 2 {
		c.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return c.buf.b
}

// open sends a request's head.
func (c *rawClient2) open(stream uint32, end bool, method, path string, more ...string) {
	c.t.Helper()
	pairs := append([]string{":method", method, ":scheme", "https", ":authority", host, ":path", path}, more...)
	c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.block(pairs...),
		EndHeaders: true, EndStream: end}))
}

// until reads frames, acknowledging what has to be, until one satisfies want.
func (c *rawClient2) until(what string, want func(http2.Frame) bool) http2.Frame {
	c.t.Helper()
	for {
		f, err := c.ReadFrame()
		if err != nil {
			c.t.Fatalf("%s: %v", what, err)
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				c.must(c.WriteSettingsAck())
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				c.must(c.WritePing(true, f.Data))
			}
		}
		if want(f) {
			return f
		}
	}
}

// head reads until the fields of a stream come.
func (c *rawClient2) head(stream uint32) *http2.MetaHeadersFrame {
	c.t.Helper()
	return c.until("response head", func(f http2.Frame) bool {
		h, ok := f.(*http2.MetaHeadersFrame)
		return ok && h.StreamID == stream
	}).(*http2.MetaHeadersFrame)
}

// body reads the data of a stream to its end.
func (c *rawClient2) body(stream uint32) string {
	c.t.Helper()
	var all []byte
	c.until("response body", func(f http2.Frame) bool {
		d, ok := f.(*http2.DataFrame)
		if !ok || d.StreamID != stream {
			return false
		}
		all = append(all, d.Data()...)
		return d.StreamEnded()
	})
	return string(all)
}

// deadline is when a raw client gives up.
func deadline() time.Time { return time.Now().Add(6 * patience) }
