package handover

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// passed puts copies of sockets at descriptors in a row, as a service manager
// does, and returns the first.
func passed(t *testing.T, files ...*os.File) (first int) {
	t.Helper()
	const far = 300 // nobody else's
	for i, f := range files {
		fd, _, failed := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), syscall.F_DUPFD, far)
		if i == 0 {
			first = int(fd)
		}
		if failed != 0 || int(fd) != first+i {
			t.Fatalf("descriptor %d, want %d: %v", fd, first+i, failed)
		}
	}
	return first
}

// listening returns a bound socket of a network, and its address.
func listening(t *testing.T, network, address string) (*os.File, string) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	defer ln.Close()
	file, err := ln.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file, ln.Addr().String()
}

// environment is what a service manager sets for us.
func environment(t *testing.T, n int, names string) {
	t.Helper()
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_FDS", strconv.Itoa(n))
	t.Setenv("LISTEN_FDNAMES", names)
}

// accepts reports whether who connects to address reaches ln.
func accepts(t *testing.T, ln net.Listener, address string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	there, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	there.Close()
}

// sd_listen_fds(3): "$LISTEN_FDNAMES: ... a colon-separated list of names, one
// for each file descriptor passed".
func TestSocketsAreTakenByName(t *testing.T) {
	one, first := listening(t, "tcp", "127.0.0.1:0")
	two, second := listening(t, "tcp", "127.0.0.1:0")
	environment(t, 2, "https:http")
	m, err := inherit(passed(t, one, two))
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{"http": second, "https": first} {
		ln := m.Sockets.Take(name, netip.AddrPort{}, "http", "https")
		if ln == nil || ln.Addr().String() != address {
			t.Fatalf("%s: %v, want %s", name, ln, address)
		}
		defer ln.Close()
		accepts(t, ln, address)
		if m.Sockets.Take(name, netip.AddrPort{}) != nil {
			t.Errorf("%s can be taken twice", name)
		}
	}
}

// Without a name that we know the address decides; one that has such a name is
// never taken for something else.
func TestSocketsAreTakenByAddress(t *testing.T) {
	one, first := listening(t, "tcp", "127.0.0.1:0")
	two, second := listening(t, "tcp", "127.0.0.1:0")
	three, third := listening(t, "tcp", ":0")
	environment(t, 3, "sluice.socket:admin:unknown")
	m, err := inherit(passed(t, one, two, three))
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort
	_, port, _ := net.SplitHostPort(third)
	n, _ := strconv.ParseUint(port, 10, 16)
	everywhere := netip.AddrPortFrom(netip.Addr{}, uint16(n))
	for _, tt := range []struct {
		name  string
		wants netip.AddrPort
		got   string
	}{
		{"https", at(second), ""}, // it is admin's
		{"https", netip.AddrPortFrom(netip.Addr{}, at(first).Port()), ""},      // not on every address
		{"https", netip.AddrPortFrom(netip.IPv6Loopback(), uint16(n)), ""},     // on more than that
		{"https", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0), ""}, // any port: nothing is meant
		{"https", at(first), first},
		{"http", everywhere, third},
		{"admin", netip.AddrPort{}, second},
	} {
		ln := m.Sockets.Take(tt.name, tt.wants, "http", "https", "admin")
		got := ""
		if ln != nil {
			got = ln.Addr().String()
			defer ln.Close()
		}
		if got != tt.got {
			t.Errorf("%s %v: %q, want %q", tt.name, tt.wants, got, tt.got)
		}
	}
}

// A Unix socket is at no address, so its name decides; its file is its maker's.
func TestUnixSocketsAreTakenByName(t *testing.T) {
	path := t.TempDir() + "/admin.sock"
	one, _ := listening(t, "unix", path)
	environment(t, 1, "admin")
	m, err := inherit(passed(t, one))
	if err != nil {
		t.Fatal(err)
	}
	if ln := m.Sockets.Take("http", netip.AddrPort{}, "http", "admin"); ln != nil {
		t.Errorf("http takes %v", ln.Addr())
	}
	ln := m.Sockets.Take("admin", netip.MustParseAddrPort("127.0.0.1:9180"), "http", "admin")
	if ln == nil || ln.Addr().String() != path {
		t.Fatalf("%v, want %s", ln, path)
	}
	c, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	there, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	there.Close()
	ln.Close()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("its file is gone: %v", err)
	}
}

// sd_listen_fds(3): "If the $LISTEN_PID ... does not match, 0 is returned"; what
// is not a number is an error, and none is believed that is large.
func TestWhatIsNotForUsIsNotTaken(t *testing.T) {
	for _, tt := range []struct {
		pid, fds string
		fails    bool
	}{
		{strconv.Itoa(os.Getppid()), "1", false},
		{"", "1", false},
		{"x", "1", true},
		{strconv.Itoa(os.Getpid()), "-1", true},
		{strconv.Itoa(os.Getpid()), "two", true},
		{strconv.Itoa(os.Getpid()), "2000000000", true},
	} {
		t.Setenv("LISTEN_PID", tt.pid)
		t.Setenv("LISTEN_FDS", tt.fds)
		m, err := inherit(900)
		if (err != nil) != tt.fails || m.Sockets.Take("http", netip.AddrPort{}) != nil {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}

// Sockets of another kind are told of, and those that are right serve all the same.
func TestSocketsOfNoUseAreTold(t *testing.T) {
	good, address := listening(t, "tcp", "127.0.0.1:0")
	unix, _ := listening(t, "unixpacket", t.TempDir()+"/socket")
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	datagrams, err := packets.(*net.UDPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	defer reader.Close()
	first := passed(t, unix, datagrams, reader, good)
	defer syscall.Close(first + 2) // not a socket: it was left alone
	environment(t, 4, "u:d:r:http")
	m, err := inherit(first)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"socket 1 (u) of LISTEN_FDS: it is neither a TCP nor a Unix stream socket", "socket 2 (d) of LISTEN_FDS: it does not listen", "socket 3 (r) of LISTEN_FDS: getsockopt"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q in it", err, want)
		}
	}
	ln := m.Sockets.Take("http", netip.AddrPort{})
	if ln == nil {
		t.Fatal("the good one is gone")
	}
	defer ln.Close()
	accepts(t, ln, address)
}

// What nobody has taken is closed, so that clients are refused instead of
// waiting for ever, and is told.
func TestTheRestIsClosed(t *testing.T) {
	one, address := listening(t, "tcp", "127.0.0.1:0")
	environment(t, 1, "other")
	m, err := inherit(passed(t, one))
	if err != nil {
		t.Fatal(err)
	}
	one.Close()
	if rest := m.Sockets.CloseRest(); len(rest) != 1 || rest[0] != "other "+address {
		t.Errorf("%q", rest)
	}
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("it is still listened on")
	}
	if rest := m.Sockets.CloseRest(); len(rest) != 0 {
		t.Errorf("closed twice: %q", rest)
	}
	var none *Sockets
	if none.CloseRest() != nil {
		t.Error("no Sockets have a rest")
	}
}

// Programs that we start see neither our variables nor our sockets.
func TestChildrenInheritNothing(t *testing.T) {
	one, _ := listening(t, "tcp", "127.0.0.1:0")
	environment(t, 1, "http")
	t.Setenv("NOTIFY_SOCKET", "/run/systemd/notify")
	t.Setenv("WATCHDOG_USEC", "30000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_PIDFDID", "7")
	m, err := inherit(passed(t, one))
	if err != nil || !m.Notifier.On() || m.Watchdog == 0 {
		t.Fatal(m, err)
	}
	defer m.Sockets.CloseRest()
	child := exec.Command("/bin/sh", "-c", "env; ls -l /proc/self/fd 2>/dev/null | grep -c socket; true")
	child.Stdin = strings.NewReader("")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Skipf("skipped: no shell: %v", err)
	}
	text, _ := io.ReadAll(out)
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, name := range variables {
		if strings.Contains(string(text), name+"=") {
			t.Errorf("a child sees %s", name)
		}
	}
	if lines := strings.Fields(string(text)); lines[len(lines)-1] != "0" {
		t.Errorf("a child has sockets: %s", lines[len(lines)-1])
	}
}
