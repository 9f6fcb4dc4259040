package listener

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"sluice/socket"
)

// describe answers with what the connection says of itself.
func describe(c *Conn) {
	defer c.Close()
	fmt.Fprintf(c, "%s %s %s\n", c.TLSVersion, c.ALPN, c.SNI)
	c.Read(make([]byte, 1))
}

func TestHandshakes(t *testing.T) {
	sc, cc := tlsConfigs(t)
	s := serve(t, Config{TLS: sc}, describe)
	for _, tt := range []struct {
		name   string
		change func(*tls.Config)
		want   string // of describe; or
		cause  string
	}{
		{name: "1.3", want: "1.3  shop.example"},
		{name: "1.2", change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, want: "1.2  shop.example"},
		{name: "h2 preferred", change: func(c *tls.Config) { c.NextProtos = []string{"http/1.1", "h2"} }, want: "1.3 h2 shop.example"},
		{name: "http/1.1 only", change: func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }, want: "1.3 http/1.1 shop.example"},
		{name: "1.1", change: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, cause: causeVersion},
		{name: "CBC suites only", change: func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		}, cause: causeCipher},
		{name: "other protocol", change: func(c *tls.Config) { c.NextProtos = []string{"spdy"} }, cause: causeProtocol},
		{name: "unknown name", change: func(c *tls.Config) { c.ServerName = "other.example" }, cause: causeNoCertificate},
		{name: "certificate not trusted", change: func(c *tls.Config) { c.RootCAs = nil }, cause: causeRefusedByPeer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := cc.Clone()
			if tt.change != nil {
				tt.change(cfg)
			}
			client := tls.Client(s.dial(), cfg)
			defer client.Close()
			if tt.cause != "" {
				client.Handshake() // under TLS 1.3 a client may be done before the server objects
				s.wantFailure(PhaseTLS, tt.cause)
				return
			}
			if got := readLine(t, client); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := s.Stats().HandshakeFailures[causeVersion]; got != 1 {
		t.Errorf("counted %d failures for the version, want 1", got)
	}
}

func TestSessionsAreResumed(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		sc, cc := tlsConfigs(t)
		s := serve(t, Config{TLS: sc}, echoLines)
		cc.MaxVersion = version
		cc.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for i, want := range []bool{false, true} {
			client := tls.Client(s.dial(), cc)
			wantEcho(t, client, "hello\n")
			if got := client.ConnectionState().DidResume; got != want {
				t.Errorf("version %x, connection %d: resumed %v, want %v", version, i, got, want)
			}
			client.Close()
		}
	}
}

func TestBytesThatAreNoHandshake(t *testing.T) {
	sc, _ := tlsConfigs(t)
	patient := serve(t, Config{TLS: sc}, describe)
	hasty := serve(t, Config{TLS: sc, HandshakeTimeout: 300 * time.Millisecond}, describe)
	for _, tt := range []struct {
		name, cause string
		do          func(nc *net.TCPConn)
	}{
		{"scanner that says nothing", causeNoHello, func(nc *net.TCPConn) { nc.Close() }},
		{"scanner that resets", causeNoHello, func(nc *net.TCPConn) { nc.SetLinger(0); nc.Close() }},
		{"garbage", causeNotTLS, func(nc *net.TCPConn) { nc.Write([]byte("\x00\x01\x02\x03\x04\x05")) }},
		{"SSH", causeNotTLS, func(nc *net.TCPConn) { nc.Write([]byte("SSH-2.0-OpenSSH\r\n")) }},
		{"half a hello", causeClosed, func(nc *net.TCPConn) { nc.Write([]byte{22, 3, 1, 1, 0, 1, 2}); nc.CloseWrite() }},
		{"silence", causeTimeout, func(*net.TCPConn) {}},
		{"half a hello and silence", causeTimeout, func(nc *net.TCPConn) { nc.Write([]byte{22, 3, 1, 1, 0, 1, 2}) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := patient
			if tt.cause == causeTimeout {
				s = hasty
			}
			nc := s.dial()
			tt.do(nc)
			f := s.wantFailure(PhaseTLS, tt.cause)
			if f.err == nil {
				t.Error("no error told")
			}
		})
	}
}

func TestSlowHandshakeIsCutByTheDeadline(t *testing.T) {
	sc, _ := tlsConfigs(t)
	s := serve(t, Config{TLS: sc, HandshakeTimeout: 200 * time.Millisecond}, describe)
	start := time.Now()
	nc := s.dial()
	go func() { // a byte now and then moves nothing
		for _, b := range []byte{22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} {
			if _, err := nc.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(30 * time.Millisecond)
		}
	}()
	s.wantFailure(PhaseTLS, causeTimeout)
	if took := time.Since(start); took < 200*time.Millisecond || took > 5*time.Second {
		t.Errorf("cut after %v", took)
	}
}

func TestPlainHTTPOnTheTLSPortIsAnswered(t *testing.T) {
	sc, _ := tlsConfigs(t)
	s := serve(t, Config{TLS: sc}, describe)
	nc := s.dial()
	io.WriteString(nc, "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
	b, err := io.ReadAll(nc)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	if !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.HasSuffix(got, "\r\n\r\nThis port speaks HTTPS.\n") {
		t.Errorf("answer %q", got)
	}
	nc.Close()
	s.wantFailure(PhaseTLS, causePlainHTTP)
}

// Whatever size the client's records and our Reads have, Await never waits
// while there is something to read.
func TestAwaitNeverWaitsOverDecryptedBytes(t *testing.T) {
	sc, cc := tlsConfigs(t)
	for _, size := range []int{1, 7, 100, 1000} {
		total := make(chan int, 1)
		s := serve(t, Config{TLS: sc}, func(c *Conn) {
			defer c.Close()
			n, p := 0, make([]byte, size)
			for {
				c.SetReadDeadline(time.Now().Add(5 * time.Second))
				if err := c.Await(); err != nil {
					t.Errorf("size %d: Await after %d bytes: %v", size, n, err)
					break
				}
				m, err := c.Read(p)
				if n += m; err != nil {
					break
				}
			}
			total <- n
		})
		client := tls.Client(s.dial(), cc)
		want := 0
		for n := range 200 {
			client.Write(bytes.Repeat([]byte("x"), n))
			want += n
		}
		client.CloseWrite()
		if got := <-total; got != want {
			t.Errorf("size %d: %d bytes read, want %d", size, got, want)
		}
		client.Close()
	}
}

func TestBigWritesArriveWhole(t *testing.T) {
	sc, cc := tlsConfigs(t)
	want := bytes.Repeat([]byte("0123456789abcde\n"), 20<<10) // 320 KiB
	done := make(chan struct{})
	s := serve(t, Config{TLS: sc, WriteTimeout: 5 * time.Second}, func(c *Conn) {
		defer close(done)
		defer c.Close()
		if n, err := c.Write(want); n != len(want) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: %v", err)
		}
	})
	client := tls.Client(s.dial(), cc)
	got, err := io.ReadAll(client)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes arrived of %d, or others; %v", len(got), len(want), err)
	}
	client.Close()
	<-done
}

func TestInterruptAndHangupOverTLS(t *testing.T) {
	sc, cc := tlsConfigs(t)
	interrupted, gone := make(chan error, 1), make(chan error, 1)
	s := serve(t, Config{TLS: sc}, func(c *Conn) {
		defer c.Close()
		if err := c.OnHangup(interrupter{c}); err != nil {
			t.Errorf("OnHangup: %v", err)
		}
		time.AfterFunc(10*time.Millisecond, c.Interrupt)
		interrupted <- c.Await()
		c.Resume()
		io.WriteString(c, "resumed\n")
		// Nobody reads what the client sends; its leaving wakes us.
		_, err := c.Read(make([]byte, 0))
		if err == nil {
			err = c.Await() // the first record
			for err == nil {
				_, err = c.Read(make([]byte, 10))
			}
		}
		gone <- err
	})
	client := tls.Client(s.dial(), cc)
	client.Handshake()
	if err := <-interrupted; !errors.Is(err, socket.ErrInterrupted) {
		t.Errorf("Await: %v", err)
	}
	if got := readLine(t, client); got != "resumed" {
		t.Errorf("got %q", got)
	}
	client.NetConn().(*net.TCPConn).SetLinger(0)
	client.NetConn().Close()
	if err := <-gone; err == nil {
		t.Error("no error after the client has gone")
	}
}

type interrupter struct{ c *Conn }

func (i interrupter) Hangup() { i.c.Interrupt() }

func TestTLSConfigOffersOnlyWhatIsAsked(t *testing.T) {
	sc, cc := tlsConfigs(t)
	if !sc.DynamicRecordSizingDisabled || sc.SessionTicketsDisabled || sc.CurvePreferences != nil {
		t.Error("record sizing, tickets or curves are not as said")
	}
	s := serve(t, Config{TLS: sc}, describe)
	d := tls.Dialer{Config: cc}
	nc, err := d.DialContext(context.Background(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if got := nc.(*tls.Conn).ConnectionState().CurveID; got != tls.X25519MLKEM768 {
		t.Errorf("curve %v", got)
	}
}
