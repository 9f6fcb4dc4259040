package server

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sluice/handover"
)

// before is the process that a Server is to take over from, as the test plays it.
type before struct {
	t *testing.T
	net.Conn
}

// newBefore returns one that hands over no sockets, and the Manager of whoever
// takes over.
func newBefore(t *testing.T) (*before, handover.Manager) { return newBeforeWith(t, "{}") }

// newBeforeWith is newBefore of one that begins with this letter and descriptors.
func newBeforeWith(t *testing.T, letter string, descriptors ...int) (*before, handover.Manager) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Skipf("skipped: there are no Unix sockets here: %v", err)
	}
	syscall.CloseOnExec(pair[0])
	syscall.CloseOnExec(pair[1])
	file := os.NewFile(uintptr(pair[0]), "")
	c, err := net.FileConn(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	b := &before{t: t, Conn: c}
	first := append(binary.BigEndian.AppendUint32(nil, uint32(len(letter))), letter...)
	if _, _, err := c.(*net.UnixConn).WriteMsgUnix(first, syscall.UnixRights(descriptors...), nil); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLUICE_SUCCEEDS", strconv.Itoa(pair[1]))
	m, err := handover.Inherit()
	if err != nil || m.Predecessor == nil {
		t.Fatalf("%v, %v", m.Predecessor, err)
	}
	return b, m
}

// say writes a letter.
func (b *before) say(text string) {
	b.t.Helper()
	if _, err := b.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		b.t.Fatal(err)
	}
}

// hear reads one.
func (b *before) hear() string {
	b.t.Helper()
	var size [4]byte
	if _, err := io.ReadFull(b, size[:]); err != nil {
		b.t.Fatal(err)
	}
	text := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(b, text); err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

// A process that cannot prove that it serves says so at once, so that the one
// before it serves on, and finishes what it has begun.
func TestASuccessorThatFailsToProveItself(t *testing.T) {
	b, m := newBefore(t)
	upstream, reached, answer := slowApp(t)
	s := listeningBy(t, m, "", plainSite(upstream))
	other := *s.pulse
	other.target = "/nobody-answers-this"
	s.pulse = &other
	c := dial(t, s.HTTP())
	io.WriteString(c, get)
	s.run()
	if got := b.hear(); !strings.Contains(got, "prepared") {
		t.Fatalf("heard %s", got)
	}
	b.say(`{"go":true,"heritage":"e30="}`)
	if got := b.hear(); !strings.Contains(got, "does not answer by its own Listeners") {
		t.Fatalf("heard %s", got)
	}
	within(t, "the request", reached)
	answer <- true
	if got, _ := io.ReadAll(c); !strings.HasSuffix(string(got), "hello") {
		t.Errorf("answer: %q", got)
	}
	if err := within(t, "the end of Run", s.ended); err == nil {
		t.Error("Run returns no error")
	}
	s.ended = nil
}

// Nor does one that is told to end before it is the service wait for the process
// before it, which would wait for it meanwhile.
func TestASuccessorThatIsToldToEndEarly(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "@sluice-nobody-listens-here")
	b, m := newBefore(t)
	s := listeningBy(t, m, "", plainSite(app(t, answering(hello))))
	s.run()
	if got := b.hear(); !strings.Contains(got, "prepared") {
		t.Fatalf("heard %s", got)
	}
	s.cancel()
	if err := within(t, "the end of Run", s.ended); err == nil {
		t.Error("Run returns no error")
	}
	s.ended = nil
}

// A process that was given up ends, whether or not a signal reaches it. One
// whose predecessor is gone serves.
func TestASuccessorThatIsGivenUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		do     func(*before)
		serves bool
	}{
		{"while it prepares", func(b *before) { b.say(`{"failed":"given up"}`); b.Close() }, false},
		{"while it proves itself", func(b *before) {
			b.say(`{"go":true,"heritage":"e30="}`)
			b.hear()
			b.say(`{"failed":"given up"}`)
			b.Close()
		}, false},
		{"its predecessor dies while it prepares", func(b *before) { b.Close() }, true},
		{"its predecessor dies while it proves itself", func(b *before) { b.say(`{"go":true,"heritage":"e30="}`); b.hear(); b.Close() }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, m := newBefore(t)
			s := listeningBy(t, m, "", plainSite(app(t, answering(hello)))).run()
			b.hear()
			tt.do(b)
			if tt.serves {
				if got := ask(t, s.HTTP(), get); !strings.HasSuffix(got, "hello") {
					t.Errorf("answer: %q", got)
				}
				return
			}
			err := within(t, "the end of Run", s.ended)
			s.ended = nil
			if err == nil || !strings.Contains(err.Error(), "the process before serves on: given up") {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

// The file of the admin server's Unix socket belongs to the process before us
// until this one serves: one that fails leaves it, or nobody could ask that one.
func TestASuccessorThatFailsLeavesTheAdminSocket(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*before)
		want string // permissions of the file at the end
	}{
		{"it is given up", func(b *before) { b.say(`{"failed":"given up"}`); b.Close() }, "-rw-------"},
		{"it serves", func(b *before) { b.say(`{"go":true,"heritage":"e30="}`); b.hear(); b.say(`{"released":true}`) }, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := socketPath(t)
			ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			ln.SetUnlinkOnClose(false)
			file, err := ln.File()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			b, m := newBeforeWith(t, `{"sockets":[{"key":"admin","address":"unix:`+path+`","owned":true}]}`, int(file.Fd()))
			s := listeningBy(t, m, unixAdmin(path), plainSite(app(t, answering(hello)))).run()
			b.hear()
			tt.do(b)
			if tt.want == "none" {
				until(t, "it serves", func() bool { return s.diary.has("msg=serving") })
				s.stop()
			} else if err := within(t, "the end of Run", s.ended); err == nil {
				t.Error("Run returns no error")
			}
			s.ended = nil
			if got := permissions(path); got != tt.want {
				t.Errorf("the file: %s, want %s", got, tt.want)
			}
		})
	}
}

// logrotate tells the main process only. If it came between, the new process had
// the file that was renamed, and would write to it until the next rotation, whose
// compression loses it.
func TestLogsThatWereRotatedDuringAnUpgrade(t *testing.T) {
	b, m := newBefore(t)
	s := listeningBy(t, m, "", plainSite(app(t, answering(hello)))).run()
	b.hear()
	if err := os.Rename(s.access, s.access+".1"); err != nil {
		t.Fatal(err)
	}
	b.say(`{"go":true,"heritage":"e30="}`)
	b.hear()
	b.say(`{"released":true}`)
	until(t, "it serves", func() bool { return s.diary.has("msg=serving") })
	until(t, "the file is there again", func() bool { _, err := os.Stat(s.access); return err == nil })
	ask(t, s.HTTP(), get)
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(s.access)
	if err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%q, %v", text, err)
	}
}

// What was changed by the process before until it said what is, counts, and not
// what was on the disk when this one was started; and from then on it changes
// nothing that would be lost.
func TestMaintenanceIsHandedOverAsItIs(t *testing.T) {
	state := "state_dir = \"" + t.TempDir() + "\""
	site := plainSite(app(t, answering(hello)))
	first := serving(t, state, site)
	until(t, "it serves", func() bool { return first.diary.has("msg=serving") })
	if _, err := first.BeginMaintenance("shop.example.com", time.Time{}); err != nil {
		t.Fatal(err)
	}
	second := listening(t, state, site) // finds it on the disk
	second.maintenances.load(second.siteOf, time.Now())
	if len(second.Maintenance()) != 1 {
		t.Fatal("it is not on the disk")
	}
	if _, err := first.EndMaintenance("shop.example.com"); err != nil {
		t.Fatal(err)
	}
	text, err := first.bequeath(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.inherit(text, time.Now()); err != nil {
		t.Fatal(err)
	}
	if on := second.Maintenance(); len(on) != 0 {
		t.Errorf("%+v though it was turned off", on)
	}
	if said, err := first.BeginMaintenance("shop.example.com", time.Time{}); err == nil {
		t.Errorf("%q, which nobody will know of", said)
	}
	if said, err := first.EndMaintenance("shop.example.com"); err == nil {
		t.Errorf("%q, which nobody will know of", said)
	}
	first.keep() // the new one has failed
	if said, err := first.BeginMaintenance("shop.example.com", time.Time{}); err != nil {
		t.Errorf("%q, %v", said, err)
	}
	second.Close()
}

// A letter of another version may say more.
func TestHeritageOfAnotherVersion(t *testing.T) {
	s := serving(t, "", plainSite(app(t, answering(hello))))
	text, err := s.bequeath(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	all["more"] = []int{1}
	text, _ = json.Marshal(all)
	if err := s.inherit(text, time.Now()); err != nil {
		t.Error(err)
	}
}
