package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// both returns a Successor and a Predecessor that are connected, without a
// process.
func both(t *testing.T) (*Successor, *Predecessor) {
	t.Helper()
	ours, theirs, err := newPost()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	c, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.conn.Close(); c.Close() })
	return &Successor{post: ours}, &Predecessor{post{c.(*net.UnixConn)}}
}

// Sockets come to the process that takes over as they were bound, by key and
// address; and the one that gives them keeps its own.
func TestSocketsAreHandedOver(t *testing.T) {
	var all []Socket
	for _, s := range [][2]string{{"https", "127.0.0.1:0"}, {"http", "127.0.0.1:0"}, {"admin", "localhost:1"}} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		all = append(all, Socket{Key: s[0], Address: s[1], Listener: ln})
	}
	next, before := both(t)
	if err := next.giveSockets(all); err != nil {
		t.Fatal(err)
	}
	sockets, err := before.sockets()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		key, address string
		want         net.Listener
	}{
		{"http", "127.0.0.1:0", all[1].Listener},
		{"http", "127.0.0.1:0", nil},              // of port 0 each key has its own
		{"https", "localhost:2", nil},             // another address
		{"https", "localhost:1", all[2].Listener}, // that another key had
		{"https", "127.0.0.1:0", all[0].Listener},
	} {
		got, _ := sockets.TakeOver(tt.key, tt.address)
		if got == nil || tt.want == nil {
			if (got == nil) != (tt.want == nil) {
				t.Errorf("%s %s: %v, want %v", tt.key, tt.address, got, tt.want)
			}
			continue
		}
		if got.Addr().String() != tt.want.Addr().String() {
			t.Errorf("%s %s: %v, want %v", tt.key, tt.address, got.Addr(), tt.want.Addr())
		}
		accepts(t, got, got.Addr().String())
		accepts(t, tt.want, got.Addr().String())
		got.Close()
		accepts(t, tt.want, tt.want.Addr().String()) // still ours, and does not block for good
	}
	if rest := sockets.CloseRest(); len(rest) != 0 {
		t.Errorf("left over: %v", rest)
	}
}

func TestTheConversation(t *testing.T) {
	next, before := both(t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	told := make(chan error, 1)
	go func() {
		told <- func() error {
			heritage, err := before.Prepared(ctx, "v2")
			if err != nil || string(heritage) != "keys" {
				return fmt.Errorf("%q, %v", heritage, err)
			}
			return before.Serving(ctx)
		}()
	}()
	if err := next.Prepared(ctx); err != nil || next.Version() != "v2" {
		t.Fatalf("%q, %v", next.Version(), err)
	}
	if err := next.Begin(ctx, []byte("keys")); err != nil {
		t.Fatal(err)
	}
	next.process = &os.Process{Pid: 1}
	if err := next.Release(Notifier{}); err != nil {
		t.Fatal(err)
	}
	if err := <-told; err != nil {
		t.Error(err)
	}

	// "It hears when we end", and not before, whatever it has not listened to.
	if err := next.post.write(letter{Released: true}); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		before.Ended(ctx)
	}()
	select {
	case <-ended:
		t.Error("it is taken to have ended")
	case <-soon.Done():
	}
	next.post.conn.Close() // as the kernel does at our end
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("nobody hears that it has ended")
	}
}

// Who waits for that gives up when its own time is up.
func TestNobodyWaitsForEverForAPredecessor(t *testing.T) {
	_, before := both(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	before.Ended(ctx) // it returns
	if err := before.tell(letter{}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket is left open: %v", err)
	}
}

// "errors with a remedy": a file that cannot be started is the one thing that a
// person who upgrades has put there.
func TestWhatCannotBeStartedHasARemedy(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		mode os.FileMode
		want string
	}{
		"torn": {0o755, "exec format error\nthat is no whole program for "},
		"dull": {0o644, "permission denied\nlet everybody execute it: chmod 755 "},
		"":     {0, "no such file or directory\nput the program there: install -m 755 NEW "},
	} {
		path := filepath.Join(dir, name, "sluice")
		if name != "" {
			path = filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte("\x7fELF, but no more"), tt.mode); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Manager{Program: Program{Path: path, Args: []string{path}}}.Succeed(nil)
		if err == nil || !strings.HasPrefix(err.Error(), "start "+path+": "+tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// Whatever ends the conversation ends the wait for it, and says why.
func TestWhatEndsTheConversation(t *testing.T) {
	live, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	over, end := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("too long"))
	defer end()
	for _, tt := range []struct {
		name string
		do   func(*Predecessor)
		ctx  context.Context
		want string
	}{
		{"it fails", func(p *Predecessor) { p.Failed(errors.New("no file\nmake one")) }, live, "no file\nmake one"},
		{"it ends", func(p *Predecessor) { p.post.conn.Close() }, live, "has ended before it was ready"},
		{"it ends in the middle", func(p *Predecessor) { io.WriteString(p.post.conn, "\x00\x00\x00\x09{"); p.post.conn.Close() }, live, "has ended before it was ready"},
		{"it says too much", func(p *Predecessor) { io.WriteString(p.post.conn, "\xff\xff\xff\xff") }, live, "a letter of 4294967295 bytes"},
		{"it says nonsense", func(p *Predecessor) { io.WriteString(p.post.conn, "\x00\x00\x00\x01{") }, live, "the new process: "},
		{"it says something else", func(p *Predecessor) { p.tell(letter{Serving: true}) }, live, "something else"},
		{"it says nothing", func(*Predecessor) {}, over, "too long"},
	} {
		next, before := both(t)
		tt.do(before)
		if err := next.Prepared(tt.ctx); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	next, before := both(t)
	next.post.conn.Close()
	if _, err := before.Prepared(live, "v"); !errors.Is(err, io.EOF) {
		t.Errorf("the process before is gone: %v, want EOF", err)
	}
}

// The manager's variables that mean one process are not passed on, the others
// are.
func TestWhatASuccessorFinds(t *testing.T) {
	m := Manager{Notifier: Notifier{address: "/run/notify"}, Watchdog: 30 * time.Second}
	got := strings.Join(m.forSuccessor(), " ")
	if want := "SLUICE_SUCCEEDS=3 NOTIFY_SOCKET=/run/notify WATCHDOG_USEC=30000000"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := strings.Join(Manager{}.forSuccessor(), " "); got != "SLUICE_SUCCEEDS=3" {
		t.Errorf("without a manager: %s", got)
	}
}

func TestANonsensicalPredecessor(t *testing.T) {
	for _, value := range []string{"x", "-1", "9999"} {
		t.Setenv(variableSuccessor, value)
		m, err := inherit(firstSocket)
		if err == nil || m.Predecessor != nil {
			t.Errorf("%q: %v, %v", value, m.Predecessor, err)
		}
		if os.Getenv(variableSuccessor) != "" {
			t.Error("children would see it")
		}
	}
}

func TestAProgramThatCannotBeStarted(t *testing.T) {
	m := Manager{Program: Program{Path: "/nonexistent/sluice", Args: []string{"sluice"}}}
	if _, err := m.Succeed(nil); err == nil || !strings.Contains(err.Error(), "/nonexistent/sluice") {
		t.Errorf("%v", err)
	}
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip("skipped: there is no sleep here")
	}
	m.Program = Program{Path: path, Args: []string{"sleep", "60"}}
	s, err := m.Succeed(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.End(0) // and it waits for the end
	if s.lives() {
		t.Error("it lives")
	}
}

// Whatever comes is a letter or an error, and no more is kept of it than came.
func FuzzLetter(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x00\x02{}", "\x00\x00\x00\x10{\"serving\":true}", "\xff\xff\xff\xff", "\x00\x00\x00\x03{}", "\x00\x00\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 64<<10 {
			return
		}
		next, before := both(t)
		go func() {
			before.post.conn.Write(text)
			before.post.conn.Close()
		}()
		next.post.conn.SetReadDeadline(time.Now().Add(patience))
		l, err := next.post.read()
		if err == nil && len(l.Heritage) > len(text) {
			t.Errorf("%d bytes of %d", len(l.Heritage), len(text))
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("waits though nothing more can come")
		}
	})
}

// fake is a program that says one thing to its predecessor and goes on.
func fake(t *testing.T, script string) Manager {
	t.Helper()
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("skipped: there is no sh here")
	}
	return Manager{Program: Program{Path: "/bin/sh", Args: []string{"sh", "-c", script}}}
}

// One that has said that it fails ends by itself: what it has begun finishes. Any
// other one has ended when End returns.
func TestTheEndOfASuccessor(t *testing.T) {
	const fails = `printf '\000\000\000\016{"failed":"n"}' >&3; exec sleep 60`
	for _, tt := range []struct {
		name, script string
		within       time.Duration
		lives        bool
	}{
		{"it fails", fails, time.Hour, true},
		{"it fails, and takes too long", fails, time.Millisecond, false},
		{"it says nothing", "exec sleep 60", time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := fake(t, tt.script).Succeed(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.process.Kill()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if tt.script != fails {
				cancel()
			}
			if err := s.Prepared(ctx); err == nil {
				t.Fatal("it is prepared")
			}
			s.End(tt.within)
			if tt.lives {
				if !s.lives() {
					t.Error("it has been killed")
				}
				return
			}
			for deadline := time.Now().Add(patience); s.lives(); <-time.After(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("it lives")
				}
			}
		})
	}
}

// clone(2), CLONE_PARENT: "the parent of the new child (as returned by getppid(2))
// will be the same as that of the calling process". A service manager waits for the
// end of its children only; a shell is surprised by children that it did not start.
func TestWhoseChildASuccessorIs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("skipped: siblings are Linux's")
	}
	for _, on := range []bool{true, false} {
		m := fake(t, "exec sleep 60")
		want := os.Getpid()
		if on {
			m.Notifier.address = "@sluice-test"
			want = os.Getppid()
		}
		s, err := m.Succeed(nil)
		if err != nil {
			t.Fatal(err)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
		if parent := statField(string(stat), 1); err != nil || parent != fmt.Sprint(want) {
			t.Errorf("with a manager %v: its parent is %s, %v; want %d", on, parent, err, want)
		}
		s.End(0)
		if s.lives() {
			t.Errorf("with a manager %v: it lives", on)
		}
	}
}

// "the service ends with its process": whoever counts on that and does not
// listen to us would end the successor too, or start the service once more.
func TestNoSuccessorWhereNobodyWouldFollow(t *testing.T) {
	t.Setenv("SYSTEMD_EXEC_PID", fmt.Sprint(os.Getpid()))
	for _, socket := range []string{"", "@sluice-test"} {
		t.Setenv("NOTIFY_SOCKET", socket)
		m, err := inherit(firstSocket)
		if err != nil {
			t.Fatal(err)
		}
		m.Program = fake(t, "exit 0").Program
		s, err := m.Succeed(nil)
		if (err != nil) != (socket == "") {
			t.Errorf("NOTIFY_SOCKET=%q: %v", socket, err)
		}
		if err == nil {
			s.End(0)
		}
	}
}

func TestTheSessionOfAProcess(t *testing.T) {
	for stat, want := range map[string]string{
		"7 (sluice) S 1 7 1 0 -1": "1",
		"7 (a) b) S 1 7 23 0 -1":  "23",
		"7 (sluice) S 1":          "",
		"":                        "",
	} {
		if got := sessionOf(stat); got != want {
			t.Errorf("%q: %q, want %q", stat, got, want)
		}
	}
}

// A Listener that has failed keeps nobody from an upgrade.
func TestAListenerThatHasFailedIsNotHandedOver(t *testing.T) {
	closed, open := listen(t), listen(t)
	closed.Close()
	next, before := both(t)
	if err := next.giveSockets([]Socket{{Key: "admin", Address: "a:1", Listener: closed}, {Key: "http", Address: "b:1", Listener: open}}); err != nil {
		t.Fatal(err)
	}
	sockets, err := before.sockets()
	if err != nil {
		t.Fatal(err)
	}
	if ln, _ := sockets.TakeOver("admin", "a:1"); ln != nil {
		t.Errorf("admin: %v", ln)
	}
	if ln, _ := sockets.TakeOver("http", "b:1"); ln == nil {
		t.Error("http is missing")
	} else {
		ln.Close()
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}
