package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// probeTimeout bounds one request of the bench's own client.
const probeTimeout = 10 * time.Second

// probe is one request on a connection of its own.
type probe struct {
	port  int
	pool  *x509.CertPool // nil: plain HTTP
	name  string         // server name of the TLS handshake
	host  string         // Host field
	path  string
	local net.Addr // source address; nil: any

	protocol string // that TLS offers by ALPN; empty: none
}

// newProbe asks for the small body in plain HTTP.
func newProbe(port int) probe {
	return probe{port: port, host: benchHost, path: smallPath}
}

// answer is what came back.
type answer struct {
	status int
	length int64
}

// ask dials, asks once and closes.
func (p probe) ask(ctx context.Context) (answer, error) {
	conn, err := p.dial(ctx)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close()
	return p.exchange(conn)
}

// dial connects and, with a pool, completes the TLS handshake.
func (p probe) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: probeTimeout, LocalAddr: p.local}
	conn, err := dialer.DialContext(ctx, "tcp4", address(p.port))
	if err != nil {
		return nil, err
	}
	if p.pool == nil {
		return conn, nil
	}
	secure := tls.Client(conn, p.config())
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}

// config is that of the probe's side of TLS. Records are as long as they can be
// from the start, so that whoever writes much need not begin with small ones.
func (p probe) config() *tls.Config {
	c := &tls.Config{ServerName: p.name, RootCAs: p.pool, MinVersion: tls.VersionTLS13, DynamicRecordSizingDisabled: true}
	if p.protocol != "" {
		c.NextProtos = []string{p.protocol}
	}
	return c
}

// exchange sends the request on an open connection and reads the whole answer.
func (p probe) exchange(conn net.Conn) (answer, error) {
	resp, err := p.send(conn)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("read body: %w", err)
	}
	return answer{status: resp.StatusCode, length: n}, nil
}

// send sends the request on an open connection and reads the head of the
// answer. The caller must close its body.
func (p probe) send(conn net.Conn) (*http.Response, error) {
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", p.path, p.host); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 1024), nil)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return resp, nil
}

// check asks once and wants the whole body with status 200.
func (p probe) check(ctx context.Context) error {
	a, err := p.ask(ctx)
	if err != nil {
		return err
	}
	if want := bodySize(p.path); a.status != http.StatusOK || a.length != want {
		return fmt.Errorf("%s: status %d with %d bytes, want 200 with %d", p.path, a.status, a.length, want)
	}
	return nil
}
