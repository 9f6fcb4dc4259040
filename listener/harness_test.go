package listener

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/leaktest"
	"sluice/socket"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

// failure is what OnFailure was told.
type failure struct {
	remote       netip.AddrPort
	phase, cause string
	err          error
}

// served is a Listener at work, with what happened to it.
type served struct {
	*Listener
	t        testing.TB
	address  string
	failures chan failure
	ended    chan error
}

// serve runs a Listener for the test's time.
func serve(t testing.TB, cfg Config, handle func(*Conn)) *served {
	t.Helper()
	ln, err := Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, cfg, handle)
}

func serveOn(t testing.TB, ln net.Listener, cfg Config, handle func(*Conn)) *served {
	t.Helper()
	watch, err := socket.NewWatch()
	if err != nil {
		t.Fatal(err)
	}
	if cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = 10 * time.Second
	}
	s := &served{
		Listener: New(ln, cfg, NewCaps(), watch),
		t:        t, address: ln.Addr().String(),
		failures: make(chan failure, 1000), ended: make(chan error, 1),
	}
	s.OnFailure = func(remote netip.AddrPort, phase, cause string, err error) {
		s.failures <- failure{remote, phase, cause, err}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { watch.Run(ctx) })
	wg.Go(func() { s.ended <- s.Serve(handle) })
	t.Cleanup(func() {
		s.Close()
		if err := s.Wait(ctx); err != nil {
			t.Errorf("Wait: %v", err)
		}
		cancel()
		wg.Wait()
		watch.Close()
		if n := s.caps.Total(); n != 0 {
			t.Errorf("the caps count %d after the end", n)
		}
		if n := len(s.caps.byAddress); n != 0 {
			t.Errorf("the caps know %d addresses after the end", n)
		}
	})
	return s
}

// echoLines answers each line by itself, until the connection ends.
func echoLines(c *Conn) {
	defer c.Close()
	p := make([]byte, 1024)
	for {
		if c.Await() != nil {
			return
		}
		n, err := c.Read(p)
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			return
		}
	}
}

// dial connects, for the test's time.
func (s *served) dial() *net.TCPConn {
	s.t.Helper()
	nc, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	nc.SetDeadline(time.Now().Add(20 * time.Second)) // a hanging test should say where
	s.t.Cleanup(func() { nc.Close() })
	return nc.(*net.TCPConn)
}

// wantFailure waits for a failure and checks its words.
func (s *served) wantFailure(phase, cause string) failure {
	s.t.Helper()
	select {
	case f := <-s.failures:
		if f.phase != phase || f.cause != cause {
			s.t.Fatalf("failure %s/%s (%v), want %s/%s", f.phase, f.cause, f.err, phase, cause)
		}
		return f
	case <-time.After(10 * time.Second):
		s.t.Fatalf("no failure, want %s/%s", phase, cause)
	}
	panic("unreachable")
}

// wantEcho checks that a connection is served.
func wantEcho(t testing.TB, nc net.Conn, line string) {
	t.Helper()
	if _, err := io.WriteString(nc, line); err != nil {
		t.Fatalf("write: %v", err)
	}
	got := make([]byte, len(line))
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != line {
		t.Fatalf("echo: %q, %v; want %q", got, err, line)
	}
}

// wantRefused checks that a new connection is reset, at once or while it is
// still being made.
func (s *served) wantRefused(send string) {
	s.t.Helper()
	nc, err := net.Dial("tcp", s.address)
	if err != nil {
		if !errors.Is(err, syscall.ECONNRESET) {
			s.t.Errorf("dial: %v", err)
		}
		return
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(nc, send)
	wantClosed(s.t, nc)
}

// wantClosed checks that the peer has ended a connection, one way or another.
func wantClosed(t testing.TB, nc net.Conn) {
	t.Helper()
	n, err := nc.Read(make([]byte, 1))
	if n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read %d, %v; want an end", n, err)
	}
}

func readLine(t testing.TB, nc net.Conn) string {
	t.Helper()
	line, err := bufio.NewReader(nc).ReadString('\n')
	if err != nil {
		t.Fatalf("read: %q, %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// tlsConfigs returns a server's, made by TLSConfig, and a client's.
func tlsConfigs(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := certificateFor(t, key)
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	server = TLSConfig(func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName != "shop.example" {
			return nil, errors.New("no site of that name")
		}
		return cert, nil
	}, []string{"h2", "http/1.1"}, nil)
	return server, &tls.Config{RootCAs: roots, ServerName: "shop.example"}
}

// certificateFor returns one for shop.example that key has signed itself.
func certificateFor(t testing.TB, key crypto.Signer) *tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"shop.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
