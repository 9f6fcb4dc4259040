package e2e

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"
)

// origin is an upstream server made of Go's, which records what reaches it.
type origin struct {
	address string

	mu       sync.Mutex
	requests []string // guarded by mu: method and target
	bodies   []string // guarded by mu: those of POSTs that were read whole
}

// serve starts an origin. A nil handler answers "ok".
func serve(t *testing.T, handler http.HandlerFunc) *origin {
	t.Helper()
	o := &origin{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.requests = append(o.requests, r.Method+" "+r.RequestURI)
		o.mu.Unlock()
		if handler != nil {
			handler(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err == nil && r.Method == "POST" {
			o.mu.Lock()
			o.bodies = append(o.bodies, string(body))
			o.mu.Unlock()
		}
		w.Header().Set("X-Upstream", o.address)
		io.WriteString(w, "ok")
	}))
	t.Cleanup(server.Close)
	o.address = server.Listener.Addr().String()
	return o
}

// count reports how many requests have come.
func (o *origin) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.requests)
}

// seen returns the requests that have come.
func (o *origin) seen() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.requests...)
}

// posted returns the bodies of POSTs.
func (o *origin) posted() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.bodies...)
}

// scripted is an upstream connection whose bytes a test says.
type scripted struct {
	net.Conn
	r *bufio.Reader
}

// request reads a request head and its body, if it has one. It is nil when
// the connection ends first (a probe connects and leaves).
func (c scripted) request() *http.Request {
	r, err := http.ReadRequest(c.r)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil
	}
	return r
}

// say sends bytes; if the connection is gone, so be it.
func (c scripted) say(text string) { io.WriteString(c, text) }

// gone waits until the peer has closed.
func (c scripted) gone() { io.Copy(io.Discard, c.r) }

// script starts an upstream that plays each of its connections. It closes
// them afterwards, and returns only when all plays have ended.
func script(t *testing.T, play func(c scripted)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(6 * patience))
				play(scripted{conn, bufio.NewReader(conn)})
			})
		}
	})
	t.Cleanup(running.Wait)
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}

// reserve returns an address that nobody else is given until the end of the
// test, and that refuses connections until somebody listens on it: a socket is
// bound to it and does not listen.
func reserve(t *testing.T) (address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	syscall.CloseOnExec(fd)
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*syscall.SockaddrInet4).Port}).String()
}

// reset closes so that the peer sees a reset.
func (c scripted) reset() {
	c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// blackhole returns an address that answers no SYN: its backlog is full and
// nobody accepts.
func blackhole(t *testing.T) (address string) {
	t.Helper()
	address = reserve(t)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	syscall.CloseOnExec(fd)
	to := netip.MustParseAddrPort(address)
	if err := errors.Join(
		syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1),
		syscall.Bind(fd, &syscall.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())}),
		syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for range 16 {
		conn, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("skipped: a listener with backlog 0 took 16 connections: this kernel has no full backlog to offer")
	return ""
}
