package admin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// running is a Server on a real loopback socket.
type running struct {
	t       testing.TB
	address string
	ready   atomic.Bool
	cancel  func()
	ended   chan error
}

// page is what stands for the metrics.
func page(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "sluice_test 1\n") }

func run(t testing.TB, o Options) *running {
	t.Helper()
	r := &running{t: t, ended: make(chan error, 1)}
	r.ready.Store(true)
	o.Ready = r.ready.Load
	if o.Metrics == nil {
		o.Metrics = http.HandlerFunc(page)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.ended <- New(o).Run(ctx, l) }()
	t.Cleanup(func() { r.stop() })
	return r
}

// stop ends it and returns Run's error. The second time it does nothing.
func (r *running) stop() (err error) {
	r.cancel()
	if r.ended == nil {
		return nil
	}
	select {
	case err = <-r.ended:
	case <-time.After(patience):
		r.t.Fatal("Run does not return")
	}
	r.ended = nil
	return err
}

func (r *running) dial() net.Conn {
	r.t.Helper()
	c, err := net.DialTimeout("tcp", r.address, patience)
	if err != nil {
		r.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	r.t.Cleanup(func() { c.Close() })
	return c
}

// ask sends a request line and fields on a connection of its own.
func (r *running) ask(line string, fields ...string) (response *http.Response, body string) {
	r.t.Helper()
	c := r.dial()
	fmt.Fprintf(c, "%s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n", line, strings.Join(fields, "\r\n"))
	method, _, _ := strings.Cut(line, " ")
	response, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		r.t.Fatal(err)
	}
	all, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response, string(all)
}

func TestPages(t *testing.T) {
	r := run(t, Options{})
	for _, tt := range []struct {
		target string
		status int
		body   string
	}{
		{"/metrics", 200, "sluice_test 1\n"},
		{"/metrics?name[]=up", 200, "sluice_test 1\n"},
		{"/healthz", 200, "alive\n"},
		{"/readyz", 200, "serving\n"},
		{"/", 200, ""},
		{"/page/page.css", 200, ""},
		{"/page/", 404, ""},
		{"/page", 404, ""},
		{"/metrics/", 404, ""},
		{"//metrics", 404, ""},
		{"/x/../metrics", 404, ""},
		{"/debug/pprof/", 404, ""},
	} {
		response, body := r.ask("GET "+tt.target, "Host: localhost")
		if response.StatusCode != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.target, response.StatusCode, body, tt.status, tt.body)
		}
		head, nothing := r.ask("HEAD "+tt.target, "Host: localhost")
		if head.StatusCode != tt.status || nothing != "" {
			t.Errorf("HEAD %s: %d %q", tt.target, head.StatusCode, nothing)
		}
	}
}

// "200 while serving, 503 while draining", and the process lives all the time.
func TestADrainIsNotReadyButHealthy(t *testing.T) {
	r := run(t, Options{})
	r.ready.Store(false)
	if response, body := r.ask("GET /readyz", "Host: localhost"); response.StatusCode != 503 || body != "draining\n" {
		t.Errorf("%d %q", response.StatusCode, body)
	}
	if response, _ := r.ask("GET /healthz", "Host: localhost"); response.StatusCode != 200 {
		t.Errorf("healthz: %d", response.StatusCode)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	r := run(t, Options{})
	idle := r.dial()
	io.WriteString(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(idle), nil); err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if c, err := net.Dial("tcp", r.address); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

// A scrape that hangs, or a client that sends half a head, does not hold up
// the end for long.
func TestRunDoesNotWaitForever(t *testing.T) {
	reached, gone := make(chan bool), make(chan bool)
	r := run(t, Options{Metrics: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached <- true
		<-r.Context().Done()
		close(gone)
	})})
	half, hanging := r.dial(), r.dial()
	io.WriteString(half, "GET /metrics HT")
	io.WriteString(hanging, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-reached
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("took %v", took)
	}
	<-gone
	if _, err := half.Read(make([]byte, 1)); err == nil {
		t.Error("half a head was answered")
	}
}

func TestAListenerThatFailsEndsRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := New(Options{}).Run(context.Background(), l); err == nil {
		t.Error("no error")
	}
}

func TestAPanicEndsOneConnectionAndIsTold(t *testing.T) {
	told := make(chan any, 1)
	r := run(t, Options{
		Metrics:  http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }),
		Panicked: func(v any, stack []byte) { told <- fmt.Sprintf("%v with its stack: %v", v, len(stack) > 0) },
	})
	c := r.dial()
	io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if answer, _ := io.ReadAll(c); len(answer) > 0 {
		t.Errorf("answer: %q", answer)
	}
	if got := <-told; got != "oops with its stack: true" {
		t.Errorf("told %q", got)
	}
	if response, _ := r.ask("GET /healthz", "Host: localhost"); response.StatusCode != 200 {
		t.Errorf("healthz: %d", response.StatusCode)
	}
}

func TestALargeHeadIsRefused(t *testing.T) {
	r := run(t, Options{})
	if response, _ := r.ask("GET /healthz", "Host: localhost", "X-Large: "+strings.Repeat("x", 2*maxHeader)); response.StatusCode != 431 {
		t.Errorf("%d, want 431", response.StatusCode)
	}
}

// A client that says nothing may not hold a connection for ever.
func TestTimeoutsAreSet(t *testing.T) {
	s := &New(Options{IP: netip.IPv6Loopback()}).http
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("%v %v %v %v %v", s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes)
	}
}
