package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestSamplesReportWhatTheySaw(t *testing.T) {
	d := start(t)
	c := newClient(t)
	for i, name := range []string{"one", "two", "three"} {
		_, text := do(t, c, "GET", "http://"+d.Addrs()[i]+"/a?b=c", "", "X-Forwarded-For", "192.0.2.1", "Host", "shop.example")
		var got report
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if got.Sample != name || got.Request != 1 || got.Path != "/a?b=c" || got.Host != "shop.example" ||
			got.Headers["X-Forwarded-For"] != "192.0.2.1" {
			t.Errorf("report %+v", got)
		}
	}
}

func TestSamplesShowBrowsersAPage(t *testing.T) {
	d := start(t)
	_, text := do(t, newClient(t), "GET", "http://"+d.Addrs()[1]+"/", "", "Accept", "text/html", "X-Evil", "<script>")
	if !strings.Contains(text, "<h1>Sample two</h1>") {
		t.Errorf("page:\n%s", text)
	}
	if strings.Contains(text, "<script>") || !strings.Contains(text, "&lt;script&gt;") {
		t.Errorf("a header was not escaped:\n%s", text)
	}
}

func TestSamplePaths(t *testing.T) {
	d := start(t)
	c := newClient(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/who", "", 200, "one, request 1\n"},
		{"GET", "/fail", "", 500, "sample one was asked to fail\n"},
		{"GET", "/fail?status=503", "", 503, "sample one was asked to fail\n"},
		{"GET", "/fail?status=200", "", 400, "status must be between 400 and 599\n"},
		{"GET", "/slow?ms=-1", "", 400, "ms must be between 0 and 30000\n"},
		{"GET", "/slow?ms=30001", "", 400, "ms must be between 0 and 30000\n"},
		{"GET", "/stream?n=61", "", 400, "n must be between 1 and 60\n"},
		{"GET", "/stream?n=1", "", 200, "id: 1\ndata: {\"sample\":\"one\",\"event\":1,\"of\":1}\n\n"},
		{"POST", "/echo", "hello", 200, "hello"},
		{"GET", "/healthz", "", 200, "healthy\n"},
	} {
		status, text := do(t, c, tt.method, "http://"+d.Addrs()[0]+tt.path, tt.body)
		if status != tt.status || text != tt.want {
			t.Errorf("%s %s: %d %q, want %d %q", tt.method, tt.path, status, text, tt.status, tt.want)
		}
	}
}

func TestSlowWaits(t *testing.T) {
	d := start(t)
	begun := time.Now()
	do(t, newClient(t), "GET", "http://"+d.Addrs()[0]+"/slow?ms=50", "")
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
}

func TestEchoAnswersWhileTheBodyComes(t *testing.T) {
	d := start(t)
	body, w := io.Pipe()
	r, err := http.NewRequest("POST", "http://"+d.Addrs()[0]+"/echo", body)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.WriteString(w, strings.Repeat("x", 64<<10)) }()
	response, err := newClient(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, make([]byte, 1<<10)); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.Copy(io.Discard, response.Body) }()
	w.Close()
}

func TestHealthChecksAreNotCounted(t *testing.T) {
	d := start(t)
	do(t, newClient(t), "GET", "http://"+d.Addrs()[0]+"/healthz", "")
	if n := d.Sample("one").Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestAFailingSampleFailsItsHealthCheckToo(t *testing.T) {
	d := start(t)
	c := newClient(t)
	if err := d.Sample("one").Behave(Fail); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/healthz"} {
		if status, _ := do(t, c, "GET", "http://"+d.Addrs()[0]+path, ""); status != 503 {
			t.Errorf("%s: %d, want 503", path, status)
		}
	}
}

func TestASlowSampleStaysHealthy(t *testing.T) {
	d := start(t)
	if err := d.Sample("one").Behave(Slow); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	status, _ := do(t, newClient(t), "GET", "http://"+d.Addrs()[0]+"/healthz", "")
	if took := time.Since(begun); status != 200 || took >= slowness {
		t.Errorf("%d after %v", status, took)
	}
}

func TestADeadSampleRefusesAndComesBack(t *testing.T) {
	d := start(t)
	c := newClient(t)
	s := d.Sample("two")
	for range 20 {
		do(t, c, "GET", "http://"+s.Address()+"/", "") // leaves a connection open
		if err := s.Behave(Die); err != nil {
			t.Fatal(err)
		}
		if conn, err := net.Dial("tcp", s.Address()); !errors.Is(err, syscall.ECONNREFUSED) {
			if err == nil {
				conn.Close()
			}
			t.Fatalf("dial a dead sample: %v, want connection refused", err)
		}
		if err := s.Behave(OK); err != nil {
			t.Fatal(err)
		}
	}
	if status, _ := do(t, c, "GET", "http://"+s.Address()+"/", ""); status != 200 {
		t.Errorf("status %d after it came back", status)
	}
	if n := s.Requests(); n != 21 {
		t.Errorf("%d requests in all lives, want 21", n)
	}
}

func TestDyingCutsEveryConnection(t *testing.T) {
	d := start(t)
	s := d.Sample("one")
	idle, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	busy, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, _ = io.WriteString(busy, "GET /stream?n=60 HTTP/1.1\r\nHost: a\r\n\r\n")
	if _, err := bufio.NewReader(busy).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	socket := dialWebSocket(t, s)
	if err := s.Behave(Die); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{idle, busy} {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, context.DeadlineExceeded) {
			t.Error("a connection outlives its sample")
		}
	}
	if _, _, err := socket.Read(t.Context()); err == nil {
		t.Error("a WebSocket outlives its sample")
	}
}

func TestWebSocketEchoes(t *testing.T) {
	d := start(t)
	c := dialWebSocket(t, d.Sample("three"))
	for _, message := range []string{"hello", "", "世界"} {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.Read(t.Context()); err != nil || string(got) != message {
			t.Errorf("%q, %v, want %q", got, err, message)
		}
	}
}

func dialWebSocket(t *testing.T, s *Sample) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(t.Context(), "ws://"+s.Address()+"/ws", &websocket.DialOptions{HTTPClient: newClient(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	return c
}

func TestCommandsAndRequestsMayMeet(t *testing.T) {
	d := start(t)
	c := newClient(t)
	s := d.Sample("one")
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			for range 30 {
				if response, err := c.Get("http://" + s.Address() + "/"); err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					response.Body.Close()
				}
			}
		})
		both.Go(func() {
			for range 10 {
				for _, b := range []Behaviour{Die, OK, Fail, Die, OK} {
					if err := s.Behave(b); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	both.Wait()
}

func TestAStoppedSampleTakesNoCommands(t *testing.T) {
	s, err := newSample("one")
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	if err := s.Behave(OK); !errors.Is(err, errStopped) {
		t.Errorf("%v, want %v", err, errStopped)
	}
}

func TestASampleMayDieBeforeRun(t *testing.T) {
	s, err := newSample("one")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []Behaviour{Die, OK, Die} {
		if err := s.Behave(b); err != nil {
			t.Fatal(err)
		}
	}
	ctx, end := context.WithCancel(context.Background())
	end()
	s.run(ctx)
}
