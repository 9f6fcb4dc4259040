package e2e

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// megabytes is an upload that no buffer holds.
func megabytes(n int) io.Reader { return bytes.NewReader(make([]byte, n<<20)) }

// An upload for which there is nobody is answered, not just cut: RFC 9112
// section 9.6 tells how a reset would destroy the answer on its way.
func TestUploadWithoutUpstream(t *testing.T) {
	t.Parallel()
	s := start(t, setup{upstreams: []string{reserve(t)}})
	for _, size := range []int{1, 8} {
		c := s.client()
		for i := range 5 {
			resp, err := c.Do(request(t, "POST", secure+"/", megabytes(size)))
			if err != nil {
				t.Errorf("%d MiB, upload %d: no answer: %v", size, i, err)
				continue
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode < 502 {
				t.Errorf("%d MiB: %d, %v", size, resp.StatusCode, err)
			}
			resp.Body.Close()
		}
	}
}

// An upstream that takes nothing of an upload holds it up no longer than
// body_timeout.
func TestUpstreamThatDoesNotRead(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	defer close(stop)
	up := script(t, func(c scripted) {
		if _, err := http.ReadRequest(c.r); err == nil {
			<-stop
		}
	})
	s := start(t, setup{server: quick, upstreams: []string{up}, pool: `response_timeout = "8s"`})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			c := dial(t)
			sent := make(chan struct{})
			within(t, "504", func() {
				c.send("POST /%s HTTP/1.1\r\n%sContent-Length: 1000000000\r\n\r\n", kind, site)
				go func() {
					defer close(sent)
					io.Copy(c.conn, newBulk(900<<20))
				}()
				a := c.answer()
				if a.StatusCode != 504 || !strings.Contains(a.Header.Get("Proxy-Status"), "connection_write_timeout") {
					t.Errorf("%d, Proxy-Status %q", a.StatusCode, a.Header.Get("Proxy-Status"))
				}
			})
			c.wantEnd()
			receive(t, "the upload ends", sent)
			if l := s.line(t, "/"+kind); l.Who != "upstream" || l.Cause != "connection_write_timeout" {
				t.Errorf("the access log has %s %s %s", l.Who, l.Phase, l.Cause)
			}
		})
	}
}

// An upstream that dies in the middle of an upload, and one that answers and
// then closes without reading on.
func TestUpstreamEndsDuringUpload(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		reset        bool
		status       int
	}{
		{"dies", "", true, 502},
		{"closes", "", false, 502},
		{"answers and closes", "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false, 413},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			up := script(t, func(c scripted) {
				r, err := http.ReadRequest(c.r)
				if err != nil {
					return
				}
				io.CopyN(io.Discard, r.Body, 200_000)
				c.say(tt.answer)
				if tt.reset {
					c.reset()
				}
				if tt.answer != "" {
					c.gone() // or the answer would be destroyed on its way to us
				}
			})
			s := start(t, setup{upstreams: []string{up}})
			for range 5 {
				c := s.dialTLS(t)
				c.send("POST /u HTTP/1.1\r\n%sContent-Length: 100000000\r\n\r\n", site)
				if _, err := io.Copy(c.conn, io.LimitReader(megabytes(1), 300_000)); err != nil {
					t.Logf("upload: %v", err)
				}
				if a := c.answer(); a.StatusCode != tt.status {
					t.Errorf("status %d, want %d", a.StatusCode, tt.status)
				}
				c.wantEnd()
			}
		})
	}
}

// "bodies are replayed only if kept in full (up to 64 KiB)" (design.md
// section 8).
func TestLargeBodyIsNotSentAgain(t *testing.T) {
	t.Parallel()
	bad := script(t, func(c scripted) { c.request() })
	good := serve(t, nil)
	s := start(t, setup{upstreams: []string{bad, good.address}})
	c := s.client()
	failed := 0
	for range 4 {
		if a := do(t, c, request(t, "PUT", secure+"/", megabytes(1))); a.StatusCode != 200 {
			failed++
		}
	}
	if failed != 2 || good.count() != 2 {
		t.Errorf("%d of 4 have failed, %d came to the good upstream, want 2 and 2", failed, good.count())
	}
}
