package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sluice/config"
)

// bySocket is a client of an admin server at a Unix socket.
func bySocket(t testing.TB, path string) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// socketPath returns a path that is short enough.
func socketPath(t testing.TB) string {
	dir, err := os.MkdirTemp("", "sluice")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "admin.sock")
}

func unixAdmin(path string) string { return `admin = "unix:` + path + `"` }

// permissions returns those of a file, "none" if there is none.
func permissions(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return "none"
	}
	return info.Mode().Perm().String()
}

// "mode, default 0600; removed at the end". A command may name any Host, but not
// one that a page in a browser behind "ssh -L" could have.
func TestAdminAtAUnixSocket(t *testing.T) {
	path := socketPath(t)
	s := byFile(t, unixAdmin(path), plainSite("127.0.0.1:1"))
	if got := permissions(path); got != "-rw-------" {
		t.Errorf("permissions %s", got)
	}
	for name, want := range map[string]int{"localhost": 200, "sluice": 200, "127.0.0.1:19180": 200, "evil.example.com": 403, "evil.example.com:9180": 403, "192.0.2.1": 403} {
		if status, _, body := fetch(t, bySocket(t, path), "http://"+name+"/healthz"); status != want {
			t.Errorf("%s: %d %s, want %d", name, status, body, want)
		}
	}
	if !s.diary.has("admin=unix:" + path) {
		t.Errorf("where it is, is not told:\n%s", s.diary)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if got := permissions(path); got != "none" {
		t.Errorf("left at the end: %s", got)
	}
}

// One that a killed process has left is taken over; one that answers is not, nor
// is a file of another kind.
func TestWhatIsAtThePathAlready(t *testing.T) {
	listen := func(path string) error {
		t.Helper()
		cfg, err := config.Parse("test.toml", []byte("[server]\nhttp = \"127.0.0.1:0\"\nhttps = \"\"\n"+unixAdmin(path)+"\n[log]\naccess = \"off\"\n"+plainSite("127.0.0.1:1")))
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err = s.Listen(t.Context()); err == nil {
			s.Close()
		}
		return err
	}
	bind := func(path string) *net.UnixListener {
		ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		ln.SetUnlinkOnClose(false)
		return ln
	}
	stale := socketPath(t)
	bind(stale).Close()
	if err := listen(stale); err != nil {
		t.Errorf("a stale one: %v", err)
	}
	taken := socketPath(t)
	other := bind(taken)
	defer other.Close()
	if err := listen(taken); err == nil || !strings.Contains(err.Error(), "another program listens there") || permissions(taken) == "none" {
		t.Errorf("one that is listened on: %v", err)
	}
	file := socketPath(t)
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := listen(file); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("a file: %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "mine" {
		t.Errorf("the file is now %q", text)
	}
	if err := listen(filepath.Join(filepath.Dir(file), "nowhere", "admin.sock")); err == nil || !strings.Contains(err.Error(), "RuntimeDirectory=") {
		t.Errorf("no folder: %v", err)
	}
}

// Reloads move it, change who may connect, and make it anew when it was removed.
func TestReloadsOfAUnixSocket(t *testing.T) {
	text := plainSite("127.0.0.1:1")
	a, b := socketPath(t), socketPath(t)
	s := byFile(t, unixAdmin(a), text)
	works := func(when, path string) {
		t.Helper()
		if status, _, _ := fetch(t, bySocket(t, path), "http://sluice/healthz"); status != 200 {
			t.Errorf("%s: %d", when, status)
		}
	}
	group := ""
	if ids, err := os.Getgroups(); err == nil && len(ids) > 0 {
		if g, err := user.LookupGroupId(fmt.Sprint(ids[0])); err == nil {
			group = g.Name
		}
	}
	done := s.reloads(unixAdmin(a)+"\nadmin_socket_mode = \"0660\"\nadmin_socket_group = \""+group+"\"", text)
	if got := permissions(a); got != "-rw-rw----" || len(done.Changes) == 0 {
		t.Errorf("permissions %s, changes %q", got, done.Changes)
	}
	s.write(unixAdmin(a)+"\nadmin_socket_group = \"no-such-group\"", text)
	if _, err := s.Reload(s.ctx); err == nil || !strings.Contains(err.Error(), "getent group") {
		t.Errorf("a group that is not there: %v", err)
	}
	works("after a reload that failed", a)
	done = s.reloads(unixAdmin(b), text)
	if want := "server.admin: listens on unix:" + b + ", no longer on unix:" + a; done.Changes[0] != want {
		t.Errorf("changes %q", done.Changes)
	}
	works("moved", b)
	until(t, "the old one is gone", func() bool { return permissions(a) == "none" })
	os.Remove(b)
	s.reloads(unixAdmin(b), text)
	works("made anew", b)
	s.stop()
	if got := permissions(b); got != "none" {
		t.Errorf("left at the end: %s", got)
	}
}

// A group that is not named any more may not connect any more.
func TestAGroupThatIsTakenBack(t *testing.T) {
	other := -1
	for _, id := range groupsOfOurs(t) {
		if id != os.Getegid() {
			other = id
		}
	}
	if other < 0 {
		t.Skip("skipped: whoever runs this is in one group only")
	}
	path, text := socketPath(t), plainSite("127.0.0.1:1")
	mode := unixAdmin(path) + "\nadmin_socket_mode = \"0660\""
	s := byFile(t, mode+fmt.Sprintf("\nadmin_socket_group = \"%d\"", other), text)
	group := func() int {
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Sys().(*syscall.Stat_t).Gid)
	}
	if got := group(); got != other {
		t.Fatalf("group %d, want %d", got, other)
	}
	s.reloads(mode, text)
	if got := group(); got != os.Getegid() {
		t.Errorf("group %d after it was deleted, want %d", got, os.Getegid())
	}
}

// groupsOfOurs returns the groups that we may give files to. Root may give them
// to any.
func groupsOfOurs(t *testing.T) []int {
	ids, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		ids = append(ids, os.Getegid()+1)
	}
	return ids
}

// "not if it was handed over to a successor process" that listens there, nor if
// another has taken the path.
func TestTheFileOfASuccessorStays(t *testing.T) {
	for _, tt := range []struct {
		name    string
		listens bool // the successor, at the path
		want    string
	}{
		{"it listens there", true, "-rw-------"},
		{"its configuration has moved it", false, "none"},
	} {
		left := socketPath(t)
		s := byFile(t, unixAdmin(left), plainSite("127.0.0.1:1"))
		door := s.inForce.Load().doors.admin
		theirs, err := door.Listener.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		if !tt.listens {
			theirs.Close()
		}
		door.leave()
		s.stop()
		if got := permissions(left); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	taken := socketPath(t)
	s := byFile(t, unixAdmin(taken), plainSite("127.0.0.1:1"))
	os.Remove(taken)
	other, err := net.Listen("unix", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s.stop()
	if got := permissions(taken); got == "none" {
		t.Error("another's file is gone")
	}
}
