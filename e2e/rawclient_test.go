package e2e

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// rawClient is a client of which every byte is said by the test.
type rawClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

// dial connects to the plain Listener.
func (s *sluice) dial(t *testing.T) *rawClient {
	t.Helper()
	conn, err := net.DialTimeout("tcp", s.http, patience)
	if err != nil {
		t.Fatal(err)
	}
	return newRawClient(t, conn)
}

// dialTLS connects to the TLS Listener.
func (s *sluice) dialTLS(t *testing.T) *rawClient {
	t.Helper()
	d := &net.Dialer{Timeout: patience}
	conn, err := tls.DialWithDialer(d, "tcp", s.https, s.tls())
	if err != nil {
		t.Fatal(err)
	}
	return newRawClient(t, conn)
}

func newRawClient(t *testing.T, conn net.Conn) *rawClient {
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(3 * patience))
	return &rawClient{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// send sends bytes.
func (c *rawClient) send(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, format, args...); err != nil {
		c.t.Fatal(err)
	}
}

// get sends a GET for a path.
func (c *rawClient) get(path string) {
	c.t.Helper()
	c.send("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host)
}

// head reads the head of a response to a method.
func (c *rawClient) head(method string) *http.Response {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	return resp
}

// answer reads a whole response to a GET.
func (c *rawClient) answer() answer {
	c.t.Helper()
	resp := c.head("GET")
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("response %d, body: %v", resp.StatusCode, err)
	}
	return answer{resp, string(body)}
}

// wantEnd waits for the connection's end, by whatever means, without another
// byte, and then closes it as clients do.
func (c *rawClient) wantEnd() {
	c.t.Helper()
	rest, err := io.ReadAll(c.r)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.t.Error("the connection is still open")
	case len(rest) > 0:
		c.t.Errorf("%d bytes before the connection's end: %.100q", len(rest), rest)
	}
	c.conn.Close()
}

// wantBroken reads on and wants anything but a clean end.
func (c *rawClient) wantBroken() {
	c.t.Helper()
	switch _, err := io.Copy(io.Discard, c.r); {
	case err == nil:
		c.t.Error("the connection has ended cleanly, want it broken")
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.t.Error("the connection is still open, want it broken")
	}
}

// closeWrite ends our direction.
func (c *rawClient) closeWrite() {
	c.t.Helper()
	if err := c.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// tryHead is head for a response that may not come.
func (c *rawClient) tryHead() (*http.Response, error) {
	return http.ReadResponse(c.r, &http.Request{Method: "GET"})
}

// tlsClient speaks TLS with the Site on a connection.
func tlsClient(conn net.Conn, s *sluice) net.Conn { return tls.Client(conn, s.tls()) }
