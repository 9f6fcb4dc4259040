package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// quick has short times for clients. They are what a client has that does as it
// should, too: a busy machine may keep it from doing so for a good part of a
// second.
const quick = `header_timeout = "1s"
body_timeout = "1s"
idle_timeout = "1s"`

// short is the time that quick sets, and long what it may take when the
// machine is busy.
const (
	short = time.Second
	long  = 6 * time.Second
)

// within runs f and wants it to take at least short, and less than long. What
// the time is counted from must be in f: who sends and then begins to count may
// have been kept waiting between the two.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took < short-20*time.Millisecond || took > long {
		t.Errorf("%s after %v, want %v", what, took, short)
	}
}

// "header_timeout: a whole request head" (design.md section 11). "The 408
// (Request Timeout) status code indicates that the server did not receive a
// complete request message within the time that it was prepared to wait"
// (RFC 9110 section 15.5.9).
func TestSlowHead(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{server: quick, upstreams: []string{up.address}})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			var c *rawClient
			within(t, "408", func() {
				c = dial(t)
				c.send("GET / HTTP/1.1\r\nHost:")
				if a := c.answer(); a.StatusCode != 408 || !a.Close {
					t.Errorf("%d, close %v", a.StatusCode, a.Close)
				}
			})
			c.wantEnd()
		})
	}
	t.Run("trickling does not help", func(t *testing.T) {
		stop := make(chan struct{})
		defer close(stop)
		within(t, "408", func() {
			c := s.dial(t)
			c.send("GET / HTTP/1.1\r\nHost: %s\r\n", host)
			go every(50*time.Millisecond, func() bool {
				select {
				case <-stop:
					return false
				default:
					_, err := io.WriteString(c.conn, "X: y\r\n")
					return err == nil
				}
			})
			if a := c.answer(); a.StatusCode != 408 {
				t.Errorf("status %d", a.StatusCode)
			}
		})
	})
	t.Run("nothing at all", func(t *testing.T) {
		within(t, "the end", func() { s.dial(t).wantEnd() })
	})
	t.Run("no handshake", func(t *testing.T) {
		within(t, "the end", func() {
			conn, err := net.Dial("tcp", s.https)
			if err != nil {
				t.Fatal(err)
			}
			newRawClient(t, conn).wantEnd()
		})
	})
	t.Run("second head", func(t *testing.T) {
		c := s.dial(t)
		c.get("/")
		c.answer()
		within(t, "408", func() {
			c.send("GET / HT")
			if a := c.answer(); a.StatusCode != 408 {
				t.Errorf("status %d", a.StatusCode)
			}
		})
	})
	if n := up.count(); n != 1 {
		t.Errorf("%d requests have reached the upstream, want 1", n)
	}
}

// "body_timeout: without progress in a request body" (design.md section 11).
func TestSlowBody(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{server: quick, upstreams: []string{up.address}})
	for _, tt := range []struct{ name, start string }{
		{"length", "Content-Length: 100\r\n\r\nhalf"},
		{"chunked", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := s.dialTLS(t)
			within(t, "408", func() {
				c.send("POST /%s HTTP/1.1\r\nHost: %s\r\n%s", tt.name, host, tt.start)
				if a := c.answer(); a.StatusCode != 408 || !a.Close {
					t.Errorf("%d, close %v", a.StatusCode, a.Close)
				}
			})
			c.wantEnd()
			if l := s.line(t, "/"+tt.name); l.Who != "client" || l.Phase != "body" || l.Cause != "client_slow" {
				t.Errorf("the access log has %s %s %s", l.Who, l.Phase, l.Cause)
			}
		})
	}
	if got := up.posted(); len(got) > 0 {
		t.Errorf("the upstream took %q for whole", got)
	}
}

// unhurried has a time for clients that do something now and then for longer
// than it, which a busy machine must not keep from that.
const unhurried = `body_timeout = "3s"`

// "A slow body that moves is not cut." (docs/configuration.md)
func TestTricklingBodyIsProgress(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{server: unhurried, upstreams: []string{up.address}})
	c := s.dialTLS(t)
	const pieces = 10 // in five seconds
	c.send("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n", host, pieces)
	n := 0
	every(500*time.Millisecond, func() bool {
		c.send("x")
		n++
		return n < pieces
	})
	if a := c.answer(); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	if got := up.posted(); len(got) != 1 || got[0] != strings.Repeat("x", pieces) {
		t.Errorf("the upstream got %q", got)
	}
}

// endless starts an upstream that sends a body without end, and tells when it
// has been cut off.
func endless(t *testing.T) (address string, cut chan struct{}) {
	cut = make(chan struct{}, 4)
	up := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		piece := make([]byte, 64<<10)
		for {
			if _, err := w.Write(piece); err != nil {
				cut <- struct{}{}
				return
			}
		}
	})
	return up.address, cut
}

// "body_timeout: without progress in a request body, or in a response the
// client doesn't read" (design.md section 11).
func TestReaderThatDoesNotRead(t *testing.T) {
	t.Parallel()
	up, cut := endless(t)
	s := start(t, setup{server: quick, upstreams: []string{up}})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			c := dial(t)
			c.get("/" + kind)
			receive(t, "the upstream is let go", cut)
			c.wantBroken()
			if l := s.line(t, "/"+kind); l.Who != "client" || l.Phase != "body" || l.Cause != "client_slow" {
				t.Errorf("the access log has %s %s %s", l.Who, l.Phase, l.Cause)
			}
		})
	}
}

// A reader that is slow, but reads, is served as long as it likes.
func TestSlowReaderIsProgress(t *testing.T) {
	t.Parallel()
	up, _ := endless(t)
	s := start(t, setup{server: unhurried, upstreams: []string{up}})
	c := s.dialTLS(t)
	c.get("/")
	resp := c.head("GET")
	until := time.Now().Add(5 * time.Second)
	every(short/10, func() bool {
		if _, err := io.CopyN(io.Discard, resp.Body, 512<<10); err != nil {
			t.Error(err)
			return false
		}
		return time.Now().Before(until)
	})
}

// "idle_timeout: between requests of a connection" (design.md section 11).
func TestIdleConnectionEnds(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: quick, upstreams: []string{serve(t, nil).address}})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			c := dial(t)
			ask := func() {
				c.get("/")
				if a := c.answer(); a.StatusCode != 200 || a.Close {
					t.Fatalf("%d, close %v", a.StatusCode, a.Close)
				}
			}
			ask()
			ask()
			within(t, "the end", func() {
				ask()
				if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
					t.Errorf("%q, error %v; want a clean end", rest, err)
				}
			})
		})
	}
}

// A response may take longer than all of those times: they are the client's.
func TestSlowUpstreamIsNotTheClientsFault(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			timer := time.NewTimer(2 * short)
			<-timer.C
			fmt.Fprint(w, i)
			w.(http.Flusher).Flush()
		}
	})
	s := start(t, setup{server: quick, upstreams: []string{up.address}})
	if a := get(t, s.client(), secure+"/"); a.StatusCode != 200 || a.body != "012" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
}
