package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// "memory_limit: what the process should stay under; near it, new connections
// are refused" (docs/configuration.md), "existing ones still served".
func TestMemoryLimit(t *testing.T) {
	up := serve(t, nil)
	s := start(t, setup{server: withAdmin + trustUs + `memory_limit = "64MiB"
header_timeout = "1h"
max_header = "256KiB"
max_connections = 6000`, upstreams: []string{up.address}})
	before := s.dialTLS(t)
	before.get("/")
	if a := before.answer(); a.StatusCode != 200 {
		t.Fatalf("status %d", a.StatusCode)
	}
	const refused = `sluice_connections_refused_total{cause="memory",listener="http"}`
	flood := s.half(t, 4000, 32<<10)
	eventually(t, patience, "memory is short", func() bool {
		return s.stderr.has("memory is short")
	})
	for range 3 {
		if s.served() {
			t.Error("a new connection is served while memory is short")
		}
	}
	if n := s.metric(t, refused); n < 1 {
		t.Errorf("%v connections were refused for want of memory by the metric", n)
	}
	for range 5 {
		before.get("/")
		if a := before.answer(); a.StatusCode != 200 {
			t.Errorf("on the connection that was there: status %d", a.StatusCode)
		}
	}
	for _, conn := range flood {
		conn.Close()
	}
	began := time.Now()
	eventually(t, 3*patience, "new connections are welcome again", s.served)
	t.Logf("welcome again %v after the flood", time.Since(began))
}

// half opens connections that have sent a part of a head, each so large, until
// the program takes no more.
func (s *sluice) half(t *testing.T, most, size int) (all []net.Conn) {
	t.Helper()
	head := append([]byte("GET / HTTP/1.1\r\nHost: "+host+"\r\nCookie: "), make([]byte, size)...)
	for i := len(head) - size; i < len(head); i++ {
		head[i] = 'x'
	}
	for range most {
		conn, err := net.DialTimeout("tcp", s.http, patience)
		if err != nil {
			break
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write(head); err != nil {
			conn.Close()
			break
		}
		all = append(all, conn)
		if s.stderr.has("memory is short") {
			break
		}
	}
	t.Logf("%d connections that have sent half a head of %d bytes", len(all), size)
	return all
}

// "max_handshakes: TLS handshakes at a time [...] More wait"
// (docs/configuration.md), and requests on connections that are there go on.
func TestHandshakesInTurn(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: withAdmin + "max_handshakes = 1\n" + trustUs, upstreams: []string{serve(t, nil).address}})
	there := s.dialTLS(t)
	var open sync.WaitGroup
	failed := make(chan error, 50) // all of whom have their turn within the second that they may wait
	begin := make(chan struct{})
	for range cap(failed) {
		open.Go(func() {
			<-begin
			conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 2 * patience}, "tcp", s.https, s.tls())
			if err != nil {
				failed <- err
				return
			}
			conn.Close()
		})
	}
	close(begin)
	for range 20 {
		there.get("/")
		if a := there.answer(); a.StatusCode != 200 {
			t.Errorf("on the connection that was there: status %d", a.StatusCode)
		}
	}
	open.Wait()
	close(failed)
	for err := range failed {
		t.Errorf("a handshake: %v", err)
	}
}

// A client that begins a handshake and stops holds no turn.
func TestSlowHandshakesHoldNoTurn(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: "max_handshakes = 1\n" + trustUs, upstreams: []string{serve(t, nil).address}})
	for range 20 {
		conn, err := net.DialTimeout("tcp", s.https, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		// It sends its hello, and nothing after it.
		go tls.Client(oneWay{conn}, s.tls()).Handshake()
		silent, err := net.DialTimeout("tcp", s.https, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { silent.Close() })
	}
	for range 5 {
		c := s.dialTLS(t)
		c.get("/")
		if a := c.answer(); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	}
}

// oneWay is a connection on which the first write arrives, and nothing comes
// back until it is closed.
type oneWay struct{ net.Conn }

func (oneWay) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Close leaves it open: the test ends it.
func (oneWay) Close() error { return nil }

// "bandwidth: bytes of responses a second for one client connection"
// (docs/configuration.md). Another connection isn't slowed by it.
func TestBandwidth(t *testing.T) {
	t.Parallel()
	large := make([]byte, 512<<10)
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/large" {
			w.Write(large)
			return
		}
		io.WriteString(w, "ok")
	})
	s := start(t, setup{upstreams: []string{up.address}, site: `bandwidth = "256KiB"`})
	for kind, dial := range map[string]func(*testing.T) *rawClient{"plain": s.dial, "TLS": s.dialTLS} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			took := make(chan time.Duration, 1)
			slow := dial(t)
			go func() {
				began := time.Now()
				slow.get("/large")
				if a := slow.answer(); len(a.body) != len(large) {
					t.Errorf("%d bytes of %d", len(a.body), len(large))
				}
				took <- time.Since(began)
			}()
			var slowest time.Duration
			other, n := dial(t), 0
			var whole time.Duration
			every(20*time.Millisecond, func() bool {
				began := time.Now()
				other.get(fmt.Sprintf("/small/%d", n))
				other.answer()
				slowest, n = max(slowest, time.Since(began)), n+1
				select {
				case whole = <-took:
					return false
				default:
					return n < 2000
				}
			})
			if whole < 1500*time.Millisecond || whole > 6*time.Second {
				t.Errorf("512 KiB at 256 KiB/s took %v", whole)
			}
			if n < 20 || slowest > whole/2 {
				t.Errorf("%d small answers beside it, the slowest after %v", n, slowest)
			}
		})
	}
}
