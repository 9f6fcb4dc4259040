package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain fails when tests leave goroutines behind.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	tick := time.NewTicker(time.Millisecond)
	deadline := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		<-tick.C
	}
	if n := runtime.NumGoroutine(); code == 0 && n > before {
		buf := make([]byte, 64<<10)
		fmt.Fprintf(os.Stderr, "%d goroutines left, %d before:\n%s", n, before, buf[:runtime.Stack(buf, true)])
		code = 1
	}
	os.Exit(code)
}

// startShell starts a shell script in a process group of its own.
func startShell(t *testing.T, script string) *process {
	t.Helper()
	taskset, err := lookUp("taskset")
	if err != nil {
		t.Skip("taskset is missing")
	}
	m, err := readMachine()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := command{name: "shell", argv: []string{"sh", "-c", script}, dir: dir, out: filepath.Join(dir, "out"), pin: m.cores}
	p, err := c.start(taskset)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	p := startShell(t, "sleep 600 & sleep 600")
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(20 * time.Second)
	for {
		members, err := groupMembers(p.group)
		if err != nil {
			t.Fatal(err)
		}
		if len(members) == 0 || onlyZombies(members) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d processes of the group are left", len(members))
		}
		<-tick.C
	}
	if err := p.stop(); err != nil {
		t.Errorf("a second stop: %v", err)
	}
}

// onlyZombies reports whether all processes have ended and wait for whoever
// adopted them.
func onlyZombies(members map[int]stat) bool {
	for pid := range members {
		state, err := procField(fmt.Sprintf("/proc/%d/status", pid), "State")
		if err == nil && !strings.HasPrefix(state, "Z") {
			return false
		}
	}
	return true
}

func TestAwaitAnswerShowsWhatAnEndedProcessPrinted(t *testing.T) {
	p := startShell(t, "echo no such directive; exit 1")
	defer p.stop()
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	err = awaitAnswer(context.Background(), p, newProbe(ports[0]))
	if err == nil || !strings.Contains(err.Error(), "no such directive") {
		t.Errorf("got %v, want what the process printed", err)
	}
}

// listen serves the small body over TLS on 127.0.0.1.
func listen(t *testing.T) probe {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, smallJSON())
	}))
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	p := newProbe(s.Listener.Addr().(*net.TCPAddr).Port)
	p.pool, p.name = pool, "example.com" // the name in httptest's certificate
	return p
}

func TestCrowdStaysConnected(t *testing.T) {
	const size = 40
	c := &crowd{probe: listen(t)}
	defer c.close()
	if err := c.open(context.Background(), size); err != nil {
		t.Fatal(err)
	}
	for i := range size {
		if err := c.askAgain(i); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
	}
}

func TestCrowdSaysWhyItDidNotOpen(t *testing.T) {
	ports, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{probe: newProbe(ports[0])}
	defer c.close()
	if err := c.open(context.Background(), 40); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v, want a refused connection", err)
	}
}

func TestCheckWantsTheWholeBody(t *testing.T) {
	p := listen(t)
	if err := p.check(context.Background()); err != nil {
		t.Error(err)
	}
	p.path = mediumPath // the server answers everything with the small body
	if err := p.check(context.Background()); err == nil {
		t.Error("a short body must not pass")
	}
}

func TestCountLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("a line\n", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := countLines(path); err != nil || got != 100_000 {
		t.Errorf("got %d, %v; want 100000", got, err)
	}
}
