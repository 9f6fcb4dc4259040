package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// upgrading is a program that others take over from. The one that runs first is
// the sluice's; its output is that of all of them, and has ended when they have.
type upgrading struct {
	*reloading
	path string // of the program's file, which a test may replace
	pid  int    // of the process that serves
	pids []int  // of those that have served
}

func newUpgrading(t *testing.T, c setup) *upgrading {
	t.Helper()
	if !strings.Contains(c.server, "admin = ") {
		c.server += fmt.Sprintf("admin = %q\n", reserve(t))
	}
	file, dir, id := configFile(t, c)
	u := &upgrading{path: filepath.Join(dir, "sluice")}
	copyProgram(t, u.path)
	s := launchCommand(t, dir, exec.Command(u.path, "run", "--config", file))
	s.id = id
	u.reloading = &reloading{sluice: s, file: file}
	u.pid = s.cmd.Process.Pid
	t.Cleanup(u.end) // before that of s, which waits for the end of all
	return u
}

// copyProgram puts the program at a path as install(1) does.
func copyProgram(t *testing.T, path string) {
	t.Helper()
	program, err := os.ReadFile(built)
	if err != nil {
		t.Fatal(err)
	}
	place(t, path, program)
}

// place puts a file that can be executed at a path, where there may be one that
// runs.
func place(t *testing.T, path string, program []byte) {
	t.Helper()
	// A process that another test starts meanwhile would have the file open for
	// writing for a moment, and nobody could execute it: text file busy.
	syscall.ForkLock.RLock()
	err := os.WriteFile(path+".new", program, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// end ends the process that serves, and waits for all.
func (u *upgrading) end() {
	if u.pid != u.cmd.Process.Pid {
		syscall.Kill(u.pid, syscall.SIGTERM)
	} else {
		u.signal(syscall.SIGTERM)
	}
	select {
	case <-u.ended:
	case <-time.After(2 * patience):
		u.t.Errorf("processes live on after SIGTERM to %d, which came after %v", u.pid, u.pids)
		for _, pid := range append(u.pids, u.pid) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// upgradedTo is what "sluice upgrade --json" prints.
type upgradedTo struct {
	From, To    string
	PID, Before int
}

// upgrade runs "sluice upgrade" and wants that another process serves.
func (u *upgrading) upgrade() {
	u.t.Helper()
	u.upgradedBy(command(u.t, "", built, "upgrade", "--json", "--config", u.file))
}

// upgradedBy wants that a "sluice upgrade --json" has brought another process.
func (u *upgrading) upgradedBy(done result) {
	u.t.Helper()
	var to upgradedTo
	if err := json.Unmarshal([]byte(done.stdout), &to); err != nil || done.status != 0 {
		u.t.Fatalf("status %d: %s%s", done.status, done.stdout, done.stderr)
	}
	if to.Before != u.pid || to.PID == u.pid || to.To == "" {
		u.t.Fatalf("upgraded to %+v from process %d", to, u.pid)
	}
	u.pids, u.pid = append(u.pids, u.pid), to.PID
}

// predecessorsHaveEnded waits for that.
func (u *upgrading) predecessorsHaveEnded() {
	u.t.Helper()
	for _, pid := range u.pids {
		eventually(u.t, 3*patience, fmt.Sprintf("process %d ends", pid), func() bool { return gone(pid) })
	}
}

// gone reports whether a process has ended, though nobody may have asked how.
func gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := bytes.Cut(text, []byte(") "))
	return bytes.HasPrefix(rest, []byte("Z"))
}

// posts is a step that sends a body which a client cannot send again, so that a
// connection that ends under it is a failure. Between two it pauses.
func posts(t *testing.T, client *http.Client, url string, pause time.Duration) (func() error, func()) {
	return func() error {
		r, err := http.NewRequestWithContext(t.Context(), "POST", url, io.NopCloser(strings.NewReader("hi")))
		if err != nil {
			return err
		}
		err = isAnsweredOK(client, r)
		if err == nil && pause > 0 {
			<-time.After(pause)
		}
		return err
	}, client.CloseIdleConnections
}

// newcomers is posts on a new connection each time.
func newcomers(t *testing.T, client *http.Client, url string) (func() error, func()) {
	client.Timeout = 3 * patience // a restart may take its time
	step, end := posts(t, client, url, 0)
	return func() error {
		defer client.CloseIdleConnections()
		return step()
	}, end
}

// upgradesMade says when upgrades began, and how many are through.
type upgradesMade struct {
	begun   [mostUpgrades + 2]atomic.Int64 // milliseconds since 1970, from 1 on; 0: not yet
	through atomic.Int64
}

const mostUpgrades = 20

// socketsThatLast is a step of WebSockets that are dialled anew when they end.
// None may end within its drain time.
func (u *upgrading) socketsThatLast(t *testing.T, drain time.Duration, made *upgradesMade) (func() error, func()) {
	client := u.client()
	client.Timeout = 0
	var c *websocket.Conn
	var since int64 // upgrades that were through when it was dialled
	n := 0
	return func() error {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if c == nil {
				since = made.through.Load()
				var err error
				if c, _, err = websocket.Dial(ctx, "wss://"+host+"/ws", &websocket.DialOptions{HTTPClient: client}); err != nil {
					return fmt.Errorf("dial: %w", err)
				}
			}
			n++
			want := fmt.Sprint("message ", n)
			err := c.Write(ctx, websocket.MessageText, []byte(want))
			if err == nil {
				var got []byte
				if _, got, err = c.Read(ctx); err == nil && string(got) != want {
					return fmt.Errorf("%q came back as %q", want, got)
				}
			}
			if err == nil {
				<-time.After(10 * time.Millisecond)
				return nil
			}
			c.CloseNow()
			c = nil
			// Its process is that of the last upgrade that was through then, or a later
			// one: it has ended at the earliest a drain time after the next one began,
			// but for what the clock of a busy machine is off.
			begun := made.begun[since+1].Load()
			if begun == 0 {
				return fmt.Errorf("ended without an upgrade: %w", err)
			}
			if lived := time.Since(time.UnixMilli(begun)); lived < drain/2 {
				return fmt.Errorf("ended %v after the upgrade: %w", lived, err)
			}
			return nil
		}, func() {
			if c != nil {
				c.CloseNow()
			}
		}
}

// "Under steady open-loop load over HTTP/1.1, HTTP/2 and 100 WebSockets: ... 20
// upgrades in a row: 0 failed requests, ... (on upgrade they drain up to the
// grace time), 0 leaked descriptors and goroutines; memory flat after."
func TestUpgradesUnderLoad(t *testing.T) {
	// A client that a busy machine keeps from asking until the drain is over loses
	// an idle connection under its request, as with any server (RFC 9112 section
	// 9.5): this is how long such a machine may stand still, nearly.
	const drain = 5 * time.Second
	more := make(chan bool)
	defer close(more)
	up := busyUpstream(t, more)
	u := newUpgrading(t, setup{upstreams: []string{up.address}, pool: "connect_timeout = \"5s\"\nidle_timeout = \"5s\"\n", server: manyHandshakes + fmt.Sprintf("drain_timeout = %q\n", drain)})
	l := &steadyLoad{t: t}
	var made upgradesMade
	l.add("HTTP/1.1", 4, func() (func() error, func()) { return posts(t, u.client(), secure+"/", 0) })
	l.add("HTTP/1.1 in plain", 2, func() (func() error, func()) { return posts(t, u.client(), plain+"/", 0) })
	l.add("HTTP/1.1 with pauses", 20, func() (func() error, func()) { return posts(t, u.client(), secure+"/", drain/16) })
	l.add("new connections", 2, func() (func() error, func()) { return newcomers(t, u.client(), secure+"/") })
	l.add("new connections by HTTP/2", 2, func() (func() error, func()) { return newcomers(t, u.client2(), secure+"/") })
	l.add("HTTP/2", 4, func() (func() error, func()) { return asks(t, u.client2(), secure+"/") })
	l.add("HTTP/2 with pauses", 10, func() (func() error, func()) { return posts(t, u.client2(), secure+"/", drain/16) })
	l.add("WebSockets", 100, func() (func() error, func()) { return u.socketsThatLast(t, drain, &made) })
	stop := make(chan struct{})
	schedule := make(chan []string)
	go func() { schedule <- onSchedule(u.sluice, stop) }()

	var goroutines, descriptors, resident float64
	for i := range mostUpgrades {
		made.begun[i+1].Store(time.Now().UnixMilli())
		u.upgrade()
		made.through.Add(1)
		l.goesOn(fmt.Sprintf("after upgrade %d", i+1))
		if t.Failed() {
			break
		}
		if i%5 == 4 { // those WebSockets have been cut off, and are dialled anew
			u.predecessorsHaveEnded()
			l.goesOn("after the drain")
		}
		if i == 4 { // it has all connections, as the last one has in the end
			resident = u.measured(t, "process_resident_memory_bytes")
		}
	}
	grown := u.measured(t, "process_resident_memory_bytes") - resident
	close(stop)
	if bad := <-schedule; len(bad) > 0 {
		t.Errorf("%d requests on schedule failed, such as %s", len(bad), bad[0])
	}
	l.ended.Store(true)
	l.all.Wait()
	u.predecessorsHaveEnded()

	// What the last process has at rest is what one more has that has had no load.
	eventually(t, 3*patience, "connections are gone", func() bool {
		return u.measured(t, `sluice_connections_open{listener="https"}`) == 0 && u.measured(t, `sluice_connections_open{listener="http"}`) == 0
	})
	atRest := func() (float64, float64) { return u.measured(t, "go_goroutines"), u.measured(t, "process_open_fds") }
	var g, d float64
	eventually(t, 3*patience, "the idle connections to the upstream are gone", func() bool { g, d = atRest(); return d < 40 })
	u.upgrade()
	u.predecessorsHaveEnded()
	eventually(t, 3*patience, "descriptors and goroutines do not add up from process to process", func() bool {
		goroutines, descriptors = atRest()
		return goroutines <= g && descriptors <= d
	})
	t.Logf("at rest: %v goroutines, %v descriptors; resident memory from the fifth successor to the last: %+.1f MiB", goroutines, descriptors, grown/(1<<20))
	const tolerance = 16 << 20
	if grown > tolerance && !raced() {
		t.Errorf("the last process has %.1f MiB more than the fifth had", grown/(1<<20))
	}
}

// onSchedule asks on new connections all 10 ms, whether or not earlier requests
// were answered, until stop is closed. It returns the failures, in words.
func onSchedule(s *sluice, stop <-chan struct{}) (failed []string) {
	answers := make(chan asked, 64)
	var open atomic.Int64
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ending := false; !ending || open.Load() > 0; {
		select {
		case a := <-answers:
			open.Add(-1)
			failed = append(failed, bad([]asked{a})...)
		case now := <-tick.C:
			if !ending {
				open.Add(1)
				go func() { answers <- askOnce(s.http, "POST", now) }()
			}
		case <-stop:
			ending, stop = true, nil
		}
	}
	return failed
}

// measured is metric for the process that serves now.
func (u *upgrading) measured(t *testing.T, name string) float64 {
	t.Helper()
	var value float64
	eventually(t, patience, "the process that serves shows "+name, func() bool {
		r, err := http.NewRequest("GET", "http://"+u.adminAddress(t)+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := c.Do(r)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(body)) {
			if text, ok := strings.CutPrefix(line, name+" "); ok {
				_, err := fmt.Sscan(text, &value)
				return err == nil
			}
		}
		return false
	})
	return value
}

func (u *upgrading) adminAddress(t *testing.T) string {
	t.Helper()
	found := admits.FindStringSubmatch(u.stderr.text())
	if found == nil {
		t.Fatal("the program does not say where its metrics are")
	}
	return found[1]
}

// "A new binary that fails to start leaves the old one serving."
func TestASuccessorThatDoesNotServe(t *testing.T) {
	t.Parallel()
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address}})
	good, err := os.ReadFile(u.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		program string // "": the right one
		config  string // more of it
		told    string
	}{
		{name: "not a program", program: "\x7fELF, but no more", told: "exec format error"},
		{name: "ends at once", program: "#!/bin/sh\nexit 3\n", told: "has ended before it was ready"},
		{name: "says what we do not understand", program: "#!/bin/sh\nprintf '\\377\\377\\377\\377' >&3\nexec sleep 60\n", told: "a letter of 4294967295 bytes"},
		{name: "a program of another kind", program: "#!/bin/sh\nexec sleep 60\n", told: "it took more than"},
		{name: "prepares, and no more", program: "#!/bin/sh\nprintf '\\000\\000\\000\\035{\"prepared\":{\"version\":\"v9\"}}' >&3\nexec sleep 60\n", told: "it took more than 5s"},
		{name: "prepares, and ends", program: "#!/bin/sh\nprintf '\\000\\000\\000\\035{\"prepared\":{\"version\":\"v9\"}}' >&3\n", told: "has ended before it was ready"},
		{name: "broken configuration", config: "[servre]\n", told: "unknown"},
		{name: "an address that another has", config: fmt.Sprintf("[[site]]\nhosts = [\"other.test\"]\ntls = { cert = %q, key = %q }\nupstream = \"127.0.0.1:1\"\n", "no.pem", "no.pem"), told: "no.pem"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.program != "" {
				place(t, u.path, []byte(tt.program))
				defer copyProgram(t, u.path)
			}
			if err := os.WriteFile(u.file, append(good, tt.config...), 0o600); err != nil {
				t.Fatal(err)
			}
			defer os.WriteFile(u.file, good, 0o600)
			got := command(t, "", built, "upgrade", "--config", u.file)
			if got.status != 1 || !strings.Contains(got.stderr, tt.told) || !strings.Contains(got.stderr, "nothing has changed: the process before serves on") {
				t.Errorf("status %d, %s%s", got.status, got.stdout, got.stderr)
			}
			if a := get(t, u.client(), secure+"/"); a.StatusCode != 200 {
				t.Errorf("status %d", a.StatusCode)
			}
		})
	}
	u.upgrade() // after all of that
	if a := get(t, u.client(), secure+"/"); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
}

// "TLS session ticket keys and the admission key go along so that nothing is
// renegotiated or re-queued": also without a state_dir.
func TestNothingIsRenegotiatedOrQueuedAnew(t *testing.T) {
	t.Parallel()
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address}, server: "state_dir = \"\"\n",
		site: "[site.waiting_room]\nrate = \"1/m\"\nburst = 1\n"})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(fmt.Sprintf("%x", version), func(t *testing.T) {
			c := u.tls()
			c.MaxVersion = version
			c.ClientSessionCache = tls.NewLRUClientSessionCache(4)
			for i := range 3 {
				client := u.clientBy(c)
				client.Transport.(*http.Transport).DisableKeepAlives = true
				if a := get(t, client, secure+"/"); a.TLS.DidResume != (i > 0) {
					t.Errorf("connection %d: resumed %v", i, a.TLS.DidResume)
				}
				u.upgrade()
			}
		})
	}
}

// "Works under systemd (MAINPID, ...)": the manager hears of the new process from
// the old one, and from then on only the new one.
func TestTheServiceManagerFollowsAnUpgrade(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	held := heldSocket(t)
	file, dir, id := configFile(t, setup{upstreams: []string{serve(t, nil).address}, server: fmt.Sprintf("admin = %q\n", reserve(t))})
	cmd := m.command(file, "http", held)
	cmd.Env = append(cmd.Env, "WATCHDOG_USEC=2000000")
	s := launchCommand(t, dir, cmd)
	s.id = id
	u := &upgrading{reloading: &reloading{sluice: s, file: file}, pid: s.cmd.Process.Pid}
	t.Cleanup(u.end)
	ready := m.next()
	if !strings.HasPrefix(ready, "READY=1\n") {
		t.Fatalf("heard %q", ready)
	}
	for range 2 {
		syscall.Kill(u.pid, syscall.SIGUSR2)
		var pid int
		eventually(t, 2*patience, "the manager hears of another process", func() bool {
			_, err := fmt.Sscanf(m.next(), "MAINPID=%d", &pid)
			return err == nil
		})
		if got := m.next(); got != ready {
			t.Errorf("heard %q after MAINPID, want %q", got, ready)
		}
		u.pids, u.pid = append(u.pids, u.pid), pid
		m.feeds(3)
		if a := get(t, s.client(), plain+"/"); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
		u.predecessorsHaveEnded()
		m.feeds(1) // and nothing of the end of the other
	}
}

// What was set by hand before a deployment holds until it is undone.
func TestWhatWasSetByHandIsHandedOver(t *testing.T) {
	t.Parallel()
	drained := serve(t, nil)
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address, drained.address}, server: "state_dir = \"\"\n"})
	if done := command(t, "", built, "upstream", "drain", "app", drained.address, "--config", u.file); done.status != 0 {
		t.Fatalf("%s%s", done.stdout, done.stderr)
	}
	if done := command(t, "", built, "maintenance", "on", host, "--config", u.file); done.status != 0 {
		t.Fatalf("%s%s", done.stdout, done.stderr)
	}
	u.upgrade()
	if a := get(t, u.client(), secure+"/"); a.StatusCode != 503 {
		t.Errorf("status %d under maintenance", a.StatusCode)
	}
	if done := command(t, "", built, "maintenance", "off", host, "--config", u.file); done.status != 0 {
		t.Fatalf("%s%s", done.stdout, done.stderr)
	}
	for range 10 {
		if a := get(t, u.client(), secure+"/"); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	}
	if u.metric(t, fmt.Sprintf(`sluice_upstream_attempts_total{pool="app",upstream=%q}`, drained.address)) != 0 {
		t.Error("the drained upstream gets requests again")
	}
}

// The file of a Unix socket goes from one process to the next, and the last one
// removes it.
func TestTheAdminSocketIsHandedOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "admin.sock")
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address}, server: fmt.Sprintf("admin = %q\n", "unix:"+path)})
	for range 3 {
		u.upgrade()
		u.predecessorsHaveEnded()
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
	}
	u.end()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the end: %v", err)
	}
}

// A new configuration moves the admin server's Unix socket: the file of the one
// before goes, as in a reload.
func TestAnUpgradeThatMovesTheAdminSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, after := filepath.Join(dir, "a.sock"), filepath.Join(dir, "b.sock")
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address}, server: fmt.Sprintf("admin = %q\n", "unix:"+before)})
	text, err := os.ReadFile(u.file)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(filepath.Dir(u.file), "old.toml") // says where to ask until then
	for file, text := range map[string][]byte{old: text, u.file: bytes.ReplaceAll(text, []byte(before), []byte(after))} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u.upgradedBy(command(t, "", built, "upgrade", "--json", "--config", old))
	u.predecessorsHaveEnded()
	if _, err := os.Stat(before); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket before: %v", err)
	}
	if done := command(t, "", built, "status", "--config", u.file); done.status != 0 {
		t.Errorf("status at the new one: %s", done.stderr)
	}
}

// Whoever asks the old process to end while the new one is starting is obeyed.
func TestSIGTERMDuringAnUpgrade(t *testing.T) {
	t.Parallel()
	u := newUpgrading(t, setup{upstreams: []string{serve(t, nil).address}})
	place(t, u.path, []byte("#!/bin/sh\nexec sleep 60\n"))
	u.signal(syscall.SIGUSR2)
	eventually(t, patience, "the upgrade has begun", func() bool { return u.stderr.has("starting the program anew") })
	u.signal(syscall.SIGTERM)
	select {
	case <-u.ended: // the other one too, or its output would not have
	case <-time.After(patience):
		t.Fatal("it has not ended")
	}
	if status := u.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !u.stderr.has("sluice was told to end") {
		t.Error("the log does not say why there was no upgrade")
	}
	if err := syscall.Kill(u.pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("kill: %v", err)
	}
}
