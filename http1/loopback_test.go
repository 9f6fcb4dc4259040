package http1

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
	"sluice/socket"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// tcpPair returns both ends of a connection over loopback. Every wait at the
// peer's end is bounded.
func tcpPair(t testing.TB) (ours *socket.Conn, peer *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	peer = client.(*net.TCPConn)
	peer.SetDeadline(time.Now().Add(patience))
	ours = socket.New(accepted)
	t.Cleanup(func() { ours.Close(); peer.Close() })
	return ours, peer
}

// tcpConn is a client's connection as a listener would hand it over.
type tcpConn struct {
	*socket.Conn
	watch    *socket.Watch
	draining atomic.Bool
}

func (c *tcpConn) OnHangup(h socket.HangupHandler) error { return c.Conn.OnHangup(c.watch, h) }
func (c *tcpConn) Draining() bool                        { return c.draining.Load() }

// watching runs a Watch for one test.
func watching(t testing.TB) *socket.Watch {
	t.Helper()
	w, err := socket.NewWatch()
	if err != nil {
		t.Skip("no watch on this system: ", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait(); w.Close() })
	return w
}

// rawClient is a client of a Server over loopback that says what it is told.
type rawClient struct {
	*net.TCPConn
	t      testing.TB
	r      *bufio.Reader
	conn   *tcpConn
	served chan struct{} // closed when Serve has returned
}

func connect(t testing.TB, s *Server) *rawClient {
	t.Helper()
	ours, peer := tcpPair(t)
	c := &rawClient{TCPConn: peer, t: t, r: bufio.NewReader(peer), served: make(chan struct{})}
	c.conn = &tcpConn{Conn: ours, watch: watching(t)}
	go func() { defer close(c.served); s.Serve(c.conn, testClient) }()
	t.Cleanup(func() { peer.Close(); c.ended() })
	return c
}

func (c *rawClient) say(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.TCPConn, s); err != nil {
		c.t.Error(err)
	}
}

// hear reads as many bytes as want has.
func (c *rawClient) hear(want string) {
	c.t.Helper()
	b := make([]byte, len(want))
	n, err := io.ReadFull(c.r, b)
	if string(b[:n]) != want {
		c.t.Errorf("heard %q, %v; want %q", b[:n], err, want)
	}
}

// response reads a response and its body.
func (c *rawClient) response(method string) (*http.Response, string, error) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

// ok expects a whole 200 with this body.
func (c *rawClient) ok(body string) {
	c.t.Helper()
	if resp, got, err := c.response("GET"); err != nil || resp.StatusCode != 200 || got != body {
		c.t.Fatalf("got %v, %q, %v; want 200 and %q", resp, got, err, body)
	}
}

// end reads the end of the connection: io.EOF for a clean one.
func (c *rawClient) end() error {
	c.t.Helper()
	b, err := c.r.ReadByte()
	if err == nil {
		c.t.Errorf("heard byte %q, want the end", b)
	}
	return err
}

// ended waits until the server has dealt with the connection.
func (c *rawClient) ended() {
	c.t.Helper()
	await(c.t, "the end of Serve", c.served)
}

func await[T any](t testing.TB, what string, c <-chan T) (v T) {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v = <-c:
	case <-timer.C:
		t.Fatalf("%s did not come", what)
	}
	return v
}

// canceler counts its cancelations.
type canceler struct {
	times    atomic.Int32
	canceled chan struct{} // closed by the first
}

func newCanceler() *canceler { return &canceler{canceled: make(chan struct{})} }

func (c *canceler) Cancel() {
	if c.times.Add(1) == 1 {
		close(c.canceled)
	}
}

// bubble runs f with a clock of its own and a Server that f talks to over
// memory.
func bubble(t *testing.T, s *Server, f func(t *testing.T, client net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		client, nc := net.Pipe()
		done := make(chan struct{})
		go func() { defer close(done); s.Serve(&pipeConn{Conn: socket.New(nc)}, testClient) }()
		f(t, client)
		client.Close()
		<-done
	})
}

// pipeConn is a connection of the server's over memory.
type pipeConn struct{ *socket.Conn }

func (c *pipeConn) OnHangup(h socket.HangupHandler) error { return c.Conn.OnHangup(nil, h) }
func (c *pipeConn) Draining() bool                        { return false }

// failureOf takes err apart; nil if it is no Failure.
func failureOf(err error) *message.Failure {
	var f *message.Failure
	errors.As(err, &f)
	return f
}

func isReset(err error) bool { return errors.Is(err, syscall.ECONNRESET) }

func readAll(t testing.TB, r io.Reader) string {
	t.Helper()
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		t.Error(err)
	}
	return b.String()
}
