package demo

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"sluice/config"
)

// start runs a demo for the length of a test and checks that nothing is left
// of it.
func start(t *testing.T) *Demo {
	t.Helper()
	before := runtime.NumGoroutine()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		end()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		wantGone(t, before)
	})
	return d
}

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// wantGone waits until no more than n goroutines are left. Those of the test's
// own clients need a moment after their connections have been closed.
func wantGone(t *testing.T, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > n; <-tick.C {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines left, want %d:\n%s", runtime.NumGoroutine(), n, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// newClient returns a client whose connections end with the test. It must be
// made after start, to be closed before the goroutines are counted.
func newClient(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// do sends a request and returns the status and body of the answer.
func do(t *testing.T, c *http.Client, method, url, body string, fields ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestNewStartsNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n > before { // one of an earlier test may end
		t.Errorf("%d goroutines after New, %d before", n, before)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if err := d.Run(ended); err != nil {
		t.Error(err)
	}
	wantGone(t, before)
	for _, address := range append(d.Addrs(), d.listener.Addr().String()) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			t.Errorf("%s still listens", address)
		}
	}
}

func TestRunEndsWithRequestsUnderWay(t *testing.T) {
	d := start(t) // its clean-up is the check
	c := newClient(t)
	arrived := make(chan struct{}, 3)
	for _, path := range []string{"/slow?ms=30000", "/stream?n=60", "/echo"} {
		body, w := io.Pipe()
		t.Cleanup(func() { w.Close() })
		go func() {
			if path != "/echo" {
				body = nil
			}
			r, err := http.NewRequest("POST", "http://"+d.Addrs()[0]+path, nil)
			if err == nil && body != nil {
				r.Body, r.ContentLength = body, -1
			}
			arrived <- struct{}{}
			if response, err := c.Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
		}()
		<-arrived
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for d.samples[0].Requests() < 3 {
		<-tick.C
	}
}

func TestConfigIsValidAndNamesTheSamples(t *testing.T) {
	d := start(t)
	text := d.Config("127.0.0.1:8443", "127.0.0.1:8080")
	if _, err := config.Parse("demo.toml", []byte(text)); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	for _, want := range append(d.Addrs(),
		`https = "127.0.0.1:8443"`, `http  = "127.0.0.1:8080"`, `access = "off"`,
		`tls      = "self-signed"`, `hosts    = ["localhost", "127.0.0.1"]`, `default  = true`) {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

func TestBannerTellsWhatToTry(t *testing.T) {
	d := start(t)
	var b bytes.Buffer
	d.Banner(&b, "https://127.0.0.1:8443/", "http://127.0.0.1:9180/")
	for _, want := range []string{
		"curl -sk 'https://127.0.0.1:8443/who?[1-6]'",
		"curl -X POST " + d.Control() + "samples/two/die",
		"curl -X POST '" + d.Control() + "samples/{one,two,three}/ok'",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, "%!") || len(line) > 81 || strings.Contains(line, "8443//") {
			t.Errorf("line %q", line)
		}
	}
}
