package server

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/config"
	"sluice/handover"
)

// notified is a service manager that a Server tells what it does.
type notified struct {
	t testing.TB
	c *net.UnixConn
}

// started has a Server started by a service manager, as far as the environment
// says so, and returns that. watchdog is "" or microseconds.
func started(t *testing.T, watchdog string) (handover.Manager, *notified) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	if watchdog != "" {
		t.Setenv("WATCHDOG_USEC", watchdog)
		t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	}
	m, err := handover.Inherit()
	if err != nil {
		t.Fatal(err)
	}
	return m, &notified{t, c}
}

// next returns the next message.
func (n *notified) next() string {
	n.t.Helper()
	n.c.SetReadDeadline(time.Now().Add(patience))
	b := make([]byte, 4<<10)
	k, err := n.c.Read(b)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(b[:k])
}

// after returns the first message that is not a sign of life.
func (n *notified) after() string {
	n.t.Helper()
	for {
		if m := n.next(); m != "WATCHDOG=1" {
			return m
		}
	}
}

// sd_notify(3): "READY=1: Tells the service manager that service startup is
// finished"; "STOPPING=1: ... that the service is beginning its shutdown";
// "EXTEND_TIMEOUT_USEC: Tells the service manager to extend the startup, runtime
// or shutdown service timeout".
func TestTheManagerIsToldOfStartAndEnd(t *testing.T) {
	m, n := started(t, "")
	s := listeningBy(t, m, `drain_timeout = "3s"`, plainSite(app(t, answering(hello)))).run()
	want := "READY=1\nSTATUS=serving shop.example.com; http " + s.HTTP().String() + "; https " + s.HTTPS().String()
	if got := n.next(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if answer := ask(t, s.HTTP(), get); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Errorf("it said that it is ready: %q", answer)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if got, want := n.next(), "STOPPING=1\nSTATUS=letting requests finish\nEXTEND_TIMEOUT_USEC=18000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Errors "are told once" and change nothing.
func TestAManagerThatIsGoneIsToldOnce(t *testing.T) {
	m, n := started(t, "40000")
	n.c.Close()
	os.Remove(os.Getenv("NOTIFY_SOCKET"))
	s := listeningBy(t, m, "", plainSite(app(t, answering(hello)))).run()
	until(t, "the watchdog was fed several times", func() bool { return s.inForce.Load().doors.plain.Stats().Accepted > 5 })
	if answer := ask(t, s.HTTP(), get); !strings.HasPrefix(answer, "HTTP/1.1 200 ") {
		t.Errorf("%q", answer)
	}
	s.stop()
	if got := strings.Count(s.diary.String(), "does not hear us"); got != 1 {
		t.Errorf("told %d times:\n%s", got, s.diary)
	}
}

// The status is one line that a person reads, however many Sites there are.
func TestTheStatusNamesAFewSites(t *testing.T) {
	var text string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		text += "[[site]]\nhosts = [\"" + name + ".example.com\"]\ntls = \"off\"\nupstream = \"127.0.0.1:1\"\n"
	}
	cfg, err := config.Parse("test.toml", []byte("[server]\nhttps = \"\"\nstate_dir = \"\"\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{}
	s.inForce.Store(&generation{cfg: cfg})
	if got, want := s.statusLine(), "serving a.example.com, b.example.com, c.example.com and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// activated runs one test of this binary in a process of its own, with sockets
// at the descriptors from 3 on, as a service manager starts us. It reports
// whether this is that process.
func activated(t *testing.T, names string, sockets ...net.Listener) bool {
	t.Helper()
	const inside = "SLUICE_TEST_ACTIVATED"
	if os.Getenv(inside) != "" {
		return true
	}
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), inside+"=1", "LISTEN_FDS="+strconv.Itoa(len(sockets)), "LISTEN_FDNAMES="+names)
	for i, ln := range sockets {
		file, err := ln.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		cmd.Env = append(cmd.Env, "SLUICE_TEST_SOCKET_"+strconv.Itoa(i)+"="+ln.Addr().String())
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// passedAddress is the address of a socket of activated.
func passedAddress(i int) string { return os.Getenv("SLUICE_TEST_SOCKET_" + strconv.Itoa(i)) }

// bound returns sockets, which stay bound until the test's end.
func bound(t *testing.T, n int) (all []net.Listener) {
	t.Helper()
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ln.Close() })
		all = append(all, ln)
	}
	return all
}

// listenWith makes a Server that takes inherited sockets, and has it listen.
func listenWith(t *testing.T, server string) (*running, error) {
	t.Helper()
	cfg, err := config.Parse("test.toml", []byte("[server]\nstate_dir = \"\"\n"+server+"\n[log]\naccess = \"off\"\n"+plainSite("127.0.0.1:1")))
	if err != nil {
		t.Fatal(err)
	}
	s := &running{t: t, diary: &diary{}}
	if s.Server, err = New(cfg, slog.New(slog.NewTextHandler(s.diary, nil))); err != nil {
		t.Fatal(err)
	}
	m, err := handover.Inherit()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartedBy(m); err != nil {
		t.Fatal(err)
	}
	return s, s.Listen(context.Background())
}

// Sockets of the service manager are listened on in the place of our own, by
// name and by address; one that nothing wants is closed and told.
func TestPassedSocketsAreListenedOn(t *testing.T) {
	var sockets []net.Listener
	if os.Getenv("SLUICE_TEST_ACTIVATED") == "" {
		sockets = bound(t, 4)
	}
	if !activated(t, "https:sluice.socket:admin:other", sockets...) {
		return
	}
	s, err := listenWith(t, `http = "`+passedAddress(1)+`"
https = "127.0.0.1:0"
admin = "127.0.0.1:0"`)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, got := range []net.Addr{s.HTTPS(), s.HTTP(), s.Admin()} {
		if got.String() != passedAddress(i) {
			t.Errorf("socket %d is at %v, want %s", i, got, passedAddress(i))
		}
	}
	for _, want := range []string{"the address of the config", `socket="other ` + passedAddress(3)} {
		if !s.diary.has(want) {
			t.Errorf("not told: %q\n%s", want, s.diary)
		}
	}
}

// "A loopback address only, since everybody who reaches it sees everything": a
// socket unit must not open what the config keeps shut.
func TestAPassedAdminSocketMustBeWhereTheConfigSays(t *testing.T) {
	var sockets []net.Listener
	if os.Getenv("SLUICE_TEST_ACTIVATED") == "" {
		ln, err := net.Listen("tcp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		sockets = []net.Listener{ln}
	}
	if !activated(t, "admin", sockets...) {
		return
	}
	_, err := listenWith(t, "http = \"127.0.0.1:0\"\nhttps = \"\"\nadmin = \"127.0.0.1:0\"")
	if err == nil || !strings.Contains(err.Error(), "server.admin") || !strings.Contains(err.Error(), "ListenStream=") {
		t.Error(err)
	}
}

// A Unix socket is taken for admin only, where the config says, and its file stays:
// it is the service manager's.
func TestAPassedUnixSocket(t *testing.T) {
	var sockets []net.Listener
	if os.Getenv("SLUICE_TEST_ACTIVATED") == "" {
		for range 2 {
			ln, err := net.Listen("unix", socketPath(t))
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			sockets = append(sockets, ln)
		}
	}
	if !activated(t, "admin:other", sockets...) {
		return
	}
	path := passedAddress(0)
	s, err := listenWith(t, "http = \"127.0.0.1:0\"\nhttps = \"\"\nadmin = \"unix:"+path+"\"")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Admin().String(); got != path {
		t.Errorf("admin is at %s, want %s", got, path)
	}
	if !s.diary.has(`socket="other ` + passedAddress(1)) {
		t.Errorf("the other one is not told of:\n%s", s.diary)
	}
	s.Close()
	if permissions(path) == "none" {
		t.Error("the file is gone")
	}
}

func TestAPassedUnixSocketThatIsNotMeant(t *testing.T) {
	var sockets []net.Listener
	if os.Getenv("SLUICE_TEST_ACTIVATED") == "" {
		ln, err := net.Listen("unix", socketPath(t))
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		sockets = []net.Listener{ln}
	}
	if !activated(t, "http", sockets...) {
		return
	}
	_, err := listenWith(t, "http = \"127.0.0.1:0\"\nhttps = \"\"\nadmin = \"\"")
	if err == nil || !strings.Contains(err.Error(), "server.http") || !strings.Contains(err.Error(), "ListenStream=") {
		t.Error(err)
	}
}
