package e2e

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// thinker starts an origin whose answers wait until release is closed, and
// that tells of each question. "/quick" does not wait.
func thinker(t *testing.T) (up *origin, asked chan string, release chan struct{}) {
	t.Helper()
	asked, release = make(chan string, 16), make(chan struct{})
	up = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/quick" {
			asked <- r.URL.Path
			select {
			case <-release:
			case <-r.Context().Done():
				return
			}
		}
		io.WriteString(w, "thought over")
	})
	return up, asked, release
}

// refuses reports that nobody listens at an address any more.
func refuses(address string) bool {
	conn, err := net.DialTimeout("tcp", address, patience)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

// "SIGTERM, SIGINT: stop accepting, let running requests finish
// (server.drain_timeout), end" (sluice run --help).
func TestSIGTERMLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			up, asked, release := thinker(t)
			s := start(t, setup{server: `drain_timeout = "20s"`, upstreams: []string{up.address}})
			var idle, busy []*rawClient
			for _, dial := range []func(*testing.T) *rawClient{s.dial, s.dialTLS} {
				c := dial(t)
				c.get("/quick")
				c.answer()
				idle = append(idle, c)
				c = dial(t)
				c.get("/slow")
				receive(t, "the upstream is asked", asked)
				busy = append(busy, c)
			}
			s.signal(sig)
			for _, c := range idle {
				if rest, err := io.ReadAll(c.r); err != nil || len(rest) > 0 {
					t.Errorf("idle connection: %q, error %v; want a clean end", rest, err)
				}
			}
			for _, address := range []string{s.http, s.https} {
				eventually(t, patience, "new connections are refused", func() bool { return refuses(address) })
			}
			if s.hasEnded() {
				t.Error("it has ended before the requests had")
			}
			close(release)
			for _, c := range busy {
				// RFC 9112 section 9.6: "close" says that the connection ends
				// after this response.
				if a := c.answer(); a.StatusCode != 200 || a.body != "thought over" || !a.Close {
					t.Errorf("running request: %d %q, close %v", a.StatusCode, a.body, a.Close)
				}
				c.wantEnd()
			}
			if status := s.wait(stopGrace); status != 0 {
				t.Errorf("exit status %d, want 0", status)
			}
			if n := len(s.lines(t)); n != 4 {
				t.Errorf("%d lines in the access log, want 4", n)
			}
		})
	}
}

// "at the end of the grace time whatever is left" is cut, and that is said.
func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	up, asked, _ := thinker(t)
	s := start(t, setup{server: `drain_timeout = "1s"`, upstreams: []string{up.address}})
	c := s.dialTLS(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	within(t, "the end", func() {
		s.signal(syscall.SIGTERM)
		if status := s.wait(stopGrace); status != 1 {
			t.Errorf("exit status %d, want 1", status)
		}
	})
	c.wantBroken()
	if !s.stderr.has("1 connections aborted") {
		t.Errorf("stderr does not tell of the connection that was cut:\n%s", s.stderr.text())
	}
	lines := s.lines(t)
	if len(lines) != 1 || lines[0].Path != "/slow" {
		t.Errorf("the access log has %+v", lines)
	}
}

// "a second one ends at once" (sluice run --help).
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	up, asked, _ := thinker(t)
	s := start(t, setup{server: `drain_timeout = "1h"`, upstreams: []string{up.address}})
	c := s.dial(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	s.signal(syscall.SIGTERM)
	eventually(t, patience, "new connections are refused", func() bool { return refuses(s.http) })
	eventually(t, stopGrace, "it ends", func() bool {
		s.signal(syscall.SIGTERM)
		return s.hasEnded()
	})
	c.wantEnd()
}

// A client that has just connected "has no reason to expect a close, and may
// not try again": its request is answered, and told that it is the last one.
func TestRequestAfterSIGTERM(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	s := start(t, setup{server: `drain_timeout = "20s"`, upstreams: []string{up.address}})
	c := s.dial(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	fresh := s.dial(t) // it has not said anything yet
	s.keep(t, 1)       // connections are accepted in order: it has been
	s.signal(syscall.SIGTERM)
	eventually(t, patience, "new connections are refused", func() bool { return refuses(s.http) })
	fresh.get("/quick")
	if a := fresh.answer(); a.StatusCode != 200 || !a.Close {
		t.Errorf("the fresh connection: %d, close %v", a.StatusCode, a.Close)
	}
	close(release)
	if a := c.answer(); a.StatusCode != 200 || !a.Close {
		t.Errorf("%d, close %v", a.StatusCode, a.Close)
	}
	if status := s.wait(stopGrace); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Under load, too, what was begun is finished: no response is cut, and none is
// missing in the log.
func TestSIGTERMUnderLoad(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	s := start(t, setup{server: `drain_timeout = "20s"`, upstreams: []string{up.address}})
	var good atomic.Int64
	var clients sync.WaitGroup
	for n := range 12 {
		dial := s.dial
		if n%2 == 0 {
			dial = s.dialTLS
		}
		c := dial(t)
		clients.Go(func() {
			defer c.conn.Close()
			for range 1_000_000 {
				if _, err := io.WriteString(c.conn, "GET / HTTP/1.1\r\n"+site+"\r\n"); err != nil {
					return
				}
				if _, err := c.r.Peek(1); err != nil {
					return // it ended between two requests
				}
				resp, err := c.tryHead()
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				if err != nil {
					t.Errorf("a response was cut: %v", err)
					return
				}
				good.Add(1)
				if resp.Close {
					return
				}
			}
		})
	}
	eventually(t, patience, "the load is on", func() bool { return good.Load() > 500 })
	s.signal(syscall.SIGTERM)
	if status := s.wait(stopGrace); status != 0 {
		t.Errorf("exit status %d", status)
	}
	clients.Wait()
	if n := int64(len(s.lines(t))); n != good.Load() || int64(up.count()) != n {
		t.Errorf("%d responses, %d lines in the access log, %d requests at the upstream", good.Load(), n, up.count())
	}
}
