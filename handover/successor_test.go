package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
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
	s.Kill() // and it waits for the end
	select {
	case <-s.Died:
	default:
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
