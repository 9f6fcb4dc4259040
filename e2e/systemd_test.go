package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is a service manager, as far as it listens to us.
type manager struct {
	t    *testing.T
	path string
	c    *net.UnixConn
}

// newManager opens a NOTIFY_SOCKET.
func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{t: t, path: filepath.Join(t.TempDir(), "notify")}
	var err error
	if m.c, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.c.Close() })
	return m
}

// hear returns the next message, and "" if there is none within the time.
func (m *manager) hear(within time.Duration) string {
	m.t.Helper()
	m.c.SetReadDeadline(time.Now().Add(within))
	b := make([]byte, 4<<10)
	n, err := m.c.Read(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		m.t.Fatal(err)
	}
	return string(b[:n])
}

// next returns the next message, which must come.
func (m *manager) next() string {
	m.t.Helper()
	text := m.hear(patience)
	if text == "" {
		m.t.Fatalf("nothing heard within %v", patience)
	}
	return text
}

// feeds waits for n signs of life in a row.
func (m *manager) feeds(n int) {
	m.t.Helper()
	for range n {
		if text := m.next(); text != "WATCHDOG=1" {
			m.t.Fatalf("heard %q, want a sign of life", text)
		}
	}
}

// command starts the program by a config as the manager does: with sockets at
// the descriptors from 3 on, and the PID of the process that becomes ours.
func (m *manager) command(file, names string, sockets ...*net.TCPListener) *exec.Cmd {
	m.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `[ -z "$LISTEN_FDS" ] || export LISTEN_PID=$$; exec "$0" "$@"`, built, "run", "--config", file)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+m.path)
	if len(sockets) > 0 {
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+strconv.Itoa(len(sockets)), "LISTEN_FDNAMES="+names)
	}
	for _, socket := range sockets {
		f, err := socket.File()
		if err != nil {
			m.t.Fatal(err)
		}
		m.t.Cleanup(func() { f.Close() })
		cmd.ExtraFiles = append(cmd.ExtraFiles, f)
	}
	return cmd
}

// heldSocket is a listening socket of the test's.
func heldSocket(t *testing.T) *net.TCPListener {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// configFile writes a configuration, and returns its path and its folder.
func configFile(t *testing.T, c setup) (file, dir string, id identity) {
	t.Helper()
	dir = t.TempDir()
	id = newIdentity(t, dir, host, "*."+host, "127.0.0.1")
	file = filepath.Join(dir, "sluice.toml")
	if err := os.WriteFile(file, []byte(c.text(dir, id)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, dir, id
}

// fetchPlain asks the plain Listener at an address.
func fetchPlain(t *testing.T, address string) *http.Response {
	t.Helper()
	client := &http.Client{Timeout: 2 * patience, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	return resp
}

// sd_notify(3): READY "tells the service manager that service startup is
// finished", STOPPING "that the service is beginning its shutdown".
func TestTheServiceManagerIsToldOfEachStep(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	file, dir, _ := configFile(t, setup{upstreams: []string{serve(t, nil).address}})
	s := launchCommand(t, dir, m.command(file, ""))
	if got, want := m.next(), "READY=1\nSTATUS=serving "+host+"; http "+s.http+"; https "+s.https; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	fetchPlain(t, s.http)
	s.stop()
	if got, want := m.next(), "STOPPING=1\nSTATUS=letting requests finish\nEXTEND_TIMEOUT_USEC=18000000"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	if got := m.hear(time.Millisecond); got != "" {
		t.Errorf("heard %q after the end", got)
	}
}

// Who asks "systemctl status" why it does not run is told.
func TestTheStatusSaysWhyItDoesNotStart(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	file := filepath.Join(t.TempDir(), "sluice.toml")
	if err := os.WriteFile(file, []byte("[server]\nhtpp = \":80\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := m.command(file, "").Run(); err == nil {
		t.Fatal("it runs")
	}
	if got := m.next(); !strings.HasPrefix(got, "STATUS=") || !strings.Contains(got, "htpp") || strings.Contains(got, "\n") {
		t.Errorf("heard %q", got)
	}
}

// "watchdog fed only while the data path answers": not when nobody gets through
// to it any more, though the process lives; dead Upstreams are no reason.
func TestTheWatchdogIsFedOnlyWhileTheDataPathAnswers(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("skipped: elsewhere a listening socket cannot be shut down")
	}
	m := newManager(t)
	shared := heldSocket(t)
	file, dir, _ := configFile(t, setup{upstreams: []string{"127.0.0.1:1"}})
	cmd := m.command(file, "http", shared)
	const period = 2 * time.Second
	cmd.Env = append(cmd.Env, "WATCHDOG_USEC="+strconv.FormatInt(period.Microseconds(), 10))
	s := launchCommand(t, dir, cmd)
	if got := m.next(); !strings.HasPrefix(got, "READY=1\n") {
		t.Fatalf("heard %q", got)
	}
	if status := fetchPlain(t, s.http).StatusCode; status < 500 {
		t.Errorf("without an upstream: status %d", status)
	}
	m.feeds(3)

	// The socket is the same as the program's: from now on it gets nobody.
	deafen(t, shared)
	eventually(t, patience, "the log tells of it", func() bool {
		return s.stderr.has("the data path does not answer; the watchdog is not fed")
	})
	for m.hear(time.Millisecond) != "" { // what was sent before
	}
	if got := m.hear(2 * period); got != "" {
		t.Errorf("heard %q while nobody is answered", got)
	}

	s.stop() // it lives, after all
	lines := s.lines(t)
	if len(lines) != 1 || lines[0].Path != "/" {
		t.Errorf("the access log has %+v, want the one request", lines)
	}
}

// deafen has a socket listen no more, in all processes that have it.
func deafen(t *testing.T, ln *net.TCPListener) {
	t.Helper()
	raw, err := ln.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Shutdown(int(fd), syscall.SHUT_RD) })
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

// With sockets that the manager holds nobody is refused while the program is
// away: who comes then waits for the next one.
func TestNobodyIsRefusedWhileTheManagerHoldsTheSockets(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	plain, secure := heldSocket(t), heldSocket(t)
	file, dir, id := configFile(t, setup{upstreams: []string{serve(t, nil).address}})
	s := launchCommand(t, dir, m.command(file, "https:http", secure, plain))
	if s.http != plain.Addr().String() || s.https != secure.Addr().String() {
		t.Fatalf("it listens on %s and %s, not on what it was given", s.http, s.https)
	}
	s.id = id
	resp, err := s.client().Get("https://" + host + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("over TLS: status %d", resp.StatusCode)
	}
	s.kill()
	answered := make(chan int, 1)
	go func() {
		client := &http.Client{Timeout: 3 * patience}
		resp, err := client.Get("http://" + plain.Addr().String() + "/")
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	launchCommand(t, dir, m.command(file, "https:http", secure, plain))
	if status := receive(t, "an answer to who came meanwhile", answered); status != 200 {
		t.Errorf("who came meanwhile got %d", status)
	}
}

// "Who connects while Sluice is started anew waits for a moment instead of being
// refused" (docs/operations.md): nor is anybody refused who has just connected.
func TestNewcomersLoseNothingByRestarts(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	go io.Copy(io.Discard, m.c) // or it would be waited for
	plain, secure := heldSocket(t), heldSocket(t)
	file, dir, id := configFile(t, setup{server: manyHandshakes, upstreams: []string{serve(t, nil).address}, pool: "connect_timeout = \"5s\"\n"})
	s := launchCommand(t, dir, m.command(file, "https:http", secure, plain))
	s.id = id
	stop := make(chan struct{})
	const schedules = 4
	failed := make(chan []string, schedules)
	for range schedules {
		go func() { failed <- onSchedule(s, stop) }()
	}
	over := &steadyLoad{t: t}
	over.add("newcomers over TLS", 4, func() (func() error, func()) { return newcomers(t, s.client(), "https://"+host+"/") })
	over.add("newcomers over HTTP/2", 2, func() (func() error, func()) { return newcomers(t, s.client2(), "https://"+host+"/") })
	running := s
	for i := range 30 {
		over.goesOn(fmt.Sprintf("after start %d", i+1))
		running.stop()
		running = launchCommand(t, dir, m.command(file, "https:http", secure, plain))
	}
	over.goesOn("after all")
	close(stop)
	for range schedules {
		if bad := <-failed; len(bad) > 0 {
			t.Errorf("%d newcomers failed, such as %s", len(bad), bad[0])
		}
	}
	over.ended.Store(true)
	over.all.Wait()
}

// systemd's own tool for that passes sockets that we serve.
func TestSystemdSocketActivate(t *testing.T) {
	t.Parallel()
	tool := program(t, "systemd-socket-activate")
	address := reserve(t)
	file, dir, _ := configFile(t, setup{upstreams: []string{serve(t, nil).address}})
	// It starts the program at the first connection.
	ctx, cancel := context.WithCancel(t.Context())
	answered := make(chan int, 1)
	go func() {
		client := &http.Client{Timeout: 3 * patience, Transport: &http.Transport{DisableKeepAlives: true}}
		status := 0
		every(2*time.Millisecond, func() bool { // until it listens
			resp, err := client.Get("http://" + address + "/")
			if err == nil {
				resp.Body.Close()
				status = resp.StatusCode
			}
			return status == 0 && ctx.Err() == nil
		})
		answered <- status
	}()
	defer cancel()
	s := launchCommand(t, dir, exec.Command(tool, "--listen="+address, "--fdname=http", built, "run", "--config", file))
	if s.http != address {
		t.Errorf("it listens on %s, not on %s", s.http, address)
	}
	if status := receive(t, "an answer", answered); status != 200 {
		t.Errorf("status %d", status)
	}
}
