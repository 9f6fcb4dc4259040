package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/config"
)

// Users get what and what to do, as two lines.
func TestBindErrorsSayWhatToDo(t *testing.T) {
	a := config.Address{Port: 80, On: true}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{syscall.EADDRINUSE, "another program has port 80"},
		{syscall.EACCES, "CAP_NET_BIND_SERVICE"},
		{syscall.EPERM, "CAP_NET_BIND_SERVICE"},
		{syscall.EADDRNOTAVAIL, "this machine does not have that address"},
		{syscall.EINVAL, "write another address for server.http"},
	} {
		wrapped := &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", tt.err)}
		err := new(Server).bindError("http", a, doors{}, wrapped)
		what, todo, ok := strings.Cut(err.Error(), "\n")
		if !ok || !strings.HasPrefix(what, "server.http: listen on ") || !strings.Contains(todo, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("%v: %v", tt.err, err)
		}
	}
}

// A Listen that fails leaves nothing behind: not the Listener that it had
// bound before, and not the access log.
func TestAListenThatFailsCleansUp(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	log := filepath.Join(t.TempDir(), "access.log")
	cfg, err := config.Parse("test.toml", fmt.Appendf(nil, `
[server]
http = %q
https = "127.0.0.1:0"
admin = ""
[log]
access = %q
[[site]]
hosts = ["shop.example.com"]
tls = "self-signed"
upstream = "127.0.0.1:1"
`, taken.Addr(), log))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Listen(context.Background())
	if err == nil || !strings.Contains(err.Error(), "another program has port") {
		t.Fatalf("Listen: %v", err)
	}
	if c, err := net.Dial("tcp", s.HTTPS().String()); err == nil {
		c.Close()
		t.Error("the other Listener still listens")
	}
	if isOpen(t, log) {
		t.Error("the access log is still open")
	}
	if left := leaked(); left != "" {
		t.Errorf("goroutines:\n%s", left)
	}
}

// isOpen reports that this process has the file open.
func isOpen(t *testing.T, file string) bool {
	t.Helper()
	const dir = "/proc/self/fd"
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("no ", dir)
	}
	for _, fd := range all {
		if to, _ := os.Readlink(filepath.Join(dir, fd.Name())); to == file {
			return true
		}
	}
	return false
}

func TestAServerThatNeverRanIsClosed(t *testing.T) {
	s := listening(t, "", plainSite("127.0.0.1:1"))
	s.Close()
	if c, err := net.Dial("tcp", s.HTTP().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
	if isOpen(t, s.access) {
		t.Error("the access log is still open")
	}
}

func TestListenersThatAreOffHaveNoAddress(t *testing.T) {
	s := listening(t, `https = ""`, plainSite("127.0.0.1:1"))
	defer s.Close()
	if s.HTTPS() != nil || s.HTTP() == nil || text(s.HTTPS()) != "off" {
		t.Errorf("https %v, http %v", s.HTTPS(), s.HTTP())
	}
}

func TestMaxConnections(t *testing.T) {
	if n := maxConnections(7); n != 7 {
		t.Errorf("configured 7, got %d", n)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	if n := maxConnections(0); n < 16 || uint64(n) > max(limit.Cur/2, 16) {
		t.Errorf("%d connections with %d descriptors", n, limit.Cur)
	}
}
