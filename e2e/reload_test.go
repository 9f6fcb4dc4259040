package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

// reloading is a program whose configuration a test changes while it runs.
type reloading struct {
	*sluice
	file, admin string
	reloads     int // that it has done
}

func newReloading(t *testing.T, c setup) *reloading {
	t.Helper()
	admin := reserve(t)
	c.server += fmt.Sprintf("admin = %q\n", admin)
	s := start(t, c)
	return &reloading{sluice: s, file: filepath.Join(s.dir, "sluice.toml"), admin: admin}
}

// write changes the file as an editor does that makes a new one.
func (r *reloading) write(c setup) {
	r.t.Helper()
	c.server += fmt.Sprintf("admin = %q\n", r.admin)
	next := r.file + ".new"
	if err := os.WriteFile(next, []byte(c.text(r.dir, r.id)), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(next, r.file); err != nil {
		r.t.Fatal(err)
	}
}

// types runs "sluice reload".
func (r *reloading) types(words ...string) result {
	r.t.Helper()
	return command(r.t, "", built, append([]string{"reload", "--config", r.file}, words...)...)
}

// byCommand reloads and wants that it is done.
func (r *reloading) byCommand() string {
	r.t.Helper()
	done := r.types()
	if done.status != 0 || !strings.HasPrefix(done.stdout, r.file+": reloaded") {
		r.t.Fatalf("status %d: %s%s", done.status, done.stdout, done.stderr)
	}
	r.reloads++
	return done.stdout
}

// bySignal reloads and wants that it is done.
func (r *reloading) bySignal() {
	r.t.Helper()
	r.signal(syscall.SIGHUP)
	r.reloads++
	eventually(r.t, patience, "it is reloaded", func() bool { // the log tells of the first ones only
		return r.metric(r.t, `sluice_reloads_total{outcome="done"}`) >= float64(r.reloads)
	})
}

// busyUpstream answers "ok", echoes by WebSocket at /ws, and at /long sends a
// line for each token of more, until that is closed.
func busyUpstream(t *testing.T, more <-chan bool) *origin {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/long":
			http.NewResponseController(w).Flush()
			for range more {
				io.WriteString(w, "more\n")
				http.NewResponseController(w).Flush()
			}
			io.WriteString(w, "end\n")
		case "/ws":
			echoMessages(w, r)
		default:
			io.WriteString(w, "ok")
		}
	})
}

func echoMessages(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		kind, message, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), kind, message) != nil {
			return
		}
	}
}

// steadyLoad is load of several kinds: each worker does its step until the end.
type steadyLoad struct {
	t     *testing.T
	ended atomic.Bool
	done  sync.Map // name → *atomic.Int64: steps that succeeded
	all   sync.WaitGroup
}

// add has n workers do a step again and again. begin makes the step of one.
func (l *steadyLoad) add(name string, n int, begin func() (step func() error, end func())) {
	count := new(atomic.Int64)
	l.done.Store(name, count)
	for range n {
		step, end := begin()
		l.all.Go(func() {
			defer end()
			for !l.ended.Load() {
				if err := step(); err != nil {
					l.t.Errorf("%s: %v", name, err)
					return
				}
				count.Add(1)
			}
		})
	}
}

// goesOn waits until each kind has done something more.
func (l *steadyLoad) goesOn(when string) {
	l.t.Helper()
	l.done.Range(func(name, count any) bool {
		before := count.(*atomic.Int64).Load()
		eventually(l.t, patience, fmt.Sprintf("%v goes on %s", name, when), func() bool {
			return l.t.Failed() || count.(*atomic.Int64).Load() > before
		})
		return true
	})
}

// asks is a step that asks for "/" by a client.
func asks(t *testing.T, client *http.Client, url string) (func() error, func()) {
	return func() error {
		r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			return err
		}
		return isAnsweredOK(client, r)
	}, client.CloseIdleConnections
}

// isAnsweredOK asks, and returns what is wrong with the answer if it is not "ok".
func isAnsweredOK(client *http.Client, r *http.Request) error {
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(body) != "ok" {
		return fmt.Errorf("%d %.200q %v", resp.StatusCode, body, err)
	}
	return nil
}

// echoes is a step that sends a message by a WebSocket and wants it back.
func echoes(t *testing.T, s *sluice) (func() error, func()) {
	t.Helper()
	client := s.client()
	client.Timeout = 0
	c, _, err := websocket.Dial(t.Context(), "wss://"+host+"/ws", &websocket.DialOptions{HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return func() error {
		n++
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		want := fmt.Sprint("message ", n)
		if err := c.Write(ctx, websocket.MessageText, []byte(want)); err != nil {
			return err
		}
		_, got, err := c.Read(ctx)
		if err != nil || string(got) != want {
			return fmt.Errorf("%q came back as %q, %v", want, got, err)
		}
		return nil
	}, func() { c.CloseNow() }
}

// begin starts HTTP/1.1 on old connections and on new ones, HTTP/2, and 100
// WebSockets.
func (r *reloading) begin(t *testing.T) *steadyLoad {
	t.Helper()
	l := &steadyLoad{t: t}
	l.add("HTTP/1.1", 4, func() (func() error, func()) { return asks(t, r.client(), secure+"/") })
	l.add("HTTP/1.1 in plain", 2, func() (func() error, func()) { return asks(t, r.client(), plain+"/") })
	l.add("new connections", 2, func() (func() error, func()) { return newcomers(t, r.client(), secure+"/") })
	l.add("new connections by HTTP/2", 2, func() (func() error, func()) { return newcomers(t, r.client2(), secure+"/") })
	l.add("HTTP/2", 4, func() (func() error, func()) { return asks(t, r.client2(), secure+"/") })
	l.add("WebSockets", 100, func() (func() error, func()) { return echoes(t, r.sluice) })
	return l
}

// "Under steady open-loop load over HTTP/1.1, HTTP/2 and 100 WebSockets: 100 reloads
// ... in a row: 0 failed requests, 0 dropped WebSockets on reload, 0 leaked descriptors and
// goroutines; memory flat after."
func TestReloadsUnderLoad(t *testing.T) {
	more := make(chan bool)
	up, other := busyUpstream(t, more), busyUpstream(t, more)
	const pool = "idle_timeout = \"1s\"\nconnect_timeout = \"5s\"\n"
	configs := [2]setup{
		{upstreams: []string{up.address}, pool: pool, server: manyHandshakes},
		{upstreams: []string{up.address, other.address}, pool: pool + "policy = \"least_conn\"\n",
			server: manyHandshakes + "header_timeout = \"9s\"\nstream_timeout = \"20m\"\n",
			site:   "[[site.limit]]\nkey = \"client_ip\"\nrate = \"1000000/s\"\n[[site.route]]\npath = \"/more/\"\nupstream = \"more\"\n",
			more:   fmt.Sprintf("[upstream.more]\nservers = [%q]\n", other.address)},
	}
	r := newReloading(t, configs[0])
	patient := r.client()
	patient.Timeout = 0
	long, err := patient.Get(secure + "/long")
	if err != nil || long.StatusCode != 200 {
		t.Fatal(long, err)
	}
	defer long.Body.Close()
	goroutines, descriptors := r.metric(t, "go_goroutines"), r.metric(t, "process_open_fds")
	l := r.begin(t)
	stop, schedule := make(chan struct{}), make(chan []string)
	go func() { schedule <- onSchedule(r.sluice, stop) }()
	var resident float64
	for i := range 100 {
		r.write(configs[(i+1)%2])
		if i%2 == 0 {
			r.byCommand()
		} else {
			r.bySignal()
		}
		more <- true
		l.goesOn(fmt.Sprintf("after reload %d", i+1))
		if t.Failed() {
			break
		}
		if i == 19 {
			resident = r.metric(t, "process_resident_memory_bytes")
		}
	}
	grown := r.metric(t, "process_resident_memory_bytes") - resident
	close(stop)
	if bad := <-schedule; len(bad) > 0 {
		t.Errorf("%d requests on schedule failed, such as %s", len(bad), bad[0])
	}
	l.ended.Store(true)
	l.all.Wait()
	close(more)
	body, err := io.ReadAll(long.Body)
	if err != nil || string(body) != strings.Repeat("more\n", 100)+"end\n" {
		t.Errorf("the long response: %d bytes, %v", len(body), err)
	}
	eventually(t, 3*patience, "goroutines and descriptors are as before", func() bool {
		return r.metric(t, "go_goroutines") <= goroutines && r.metric(t, "process_open_fds") <= descriptors
	})
	const tolerance = 16 << 20 // what the collector takes its time for
	if grown > tolerance && !raced() {
		t.Errorf("80 reloads cost %.1f MiB", grown/(1<<20))
	}
	t.Logf("resident memory grew by %.1f MiB in 80 reloads", grown/(1<<20))
}

// "a broken config reported by the command with file and line while traffic goes
// on"; "exit status 1".
func TestReloadOfABrokenFile(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	c := setup{upstreams: []string{up.address}}
	r := newReloading(t, c)
	if got := r.byCommand(); got != r.file+": reloaded, nothing has changed\n" {
		t.Errorf("says %q", got)
	}
	bad := c
	bad.pool = "max_idel = 3"
	r.write(bad)
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), "max_idel")
	want := fmt.Sprintf("%s:%d: upstream.app.max_idel: unknown key; did you mean \"max_idle\"?", r.file, strings.Count(before, "\n")+1)
	got := r.types()
	if got.status != 1 || !strings.Contains(got.stderr, want) || !strings.Contains(got.stderr, "nothing has changed") {
		t.Errorf("status %d, %s%s\nwant %s", got.status, got.stdout, got.stderr, want)
	}
	got = r.types("--json")
	var failed struct{ Error string }
	if err := json.Unmarshal([]byte(got.stdout), &failed); err != nil || got.status != 1 || !strings.HasPrefix(failed.Error, want) {
		t.Errorf("--json: status %d, %s", got.status, got.stdout)
	}
	r.signal(syscall.SIGHUP)
	eventually(t, patience, "the log tells", func() bool { return r.stderr.has("configuration not reloaded") && r.stderr.has("max_idel") })
	if a := get(t, r.client(), secure+"/"); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	if n := r.metric(t, `sluice_reloads_total{outcome="failed"}`); n != 1 {
		t.Errorf("%v failed reloads are counted", n)
	}
}

// What only the running program finds is told by the command, too; and where it
// is asked can be said if the file has another address.
func TestReloadIsAnsweredByTheProgram(t *testing.T) {
	t.Parallel()
	up := serve(t, nil)
	c := setup{upstreams: []string{up.address}}
	r := newReloading(t, c)
	servers := filepath.Join(r.dir, "servers")
	if err := os.WriteFile(servers, []byte("127.0.0.1:nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := c
	bad.pool = fmt.Sprintf("servers_file = %q", servers)
	r.write(bad)
	if got := r.types(); got.status != 1 || !strings.Contains(got.stderr, "pool app: ") || !strings.Contains(got.stderr, servers+":1: ") {
		t.Errorf("status %d, %s%s", got.status, got.stdout, got.stderr)
	}
	old := r.admin
	r.admin = reserve(t)
	c.site = "bandwidth = \"1GiB\""
	r.write(c)
	if got := r.types(); got.status != 1 || !strings.Contains(got.stderr, "--admin") {
		t.Errorf("by the new address: status %d, %s%s", got.status, got.stdout, got.stderr)
	}
	got := r.types("--admin", old)
	for _, want := range []string{"reloaded\n", "server.admin: listens on " + r.admin + ", no longer on " + old, "site " + host + ": changed: bandwidth"} {
		if got.status != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("status %d, no %q in %s%s", got.status, want, got.stdout, got.stderr)
		}
	}
	if got := r.types("--json"); got.status != 0 || !strings.Contains(got.stdout, `"changes": []`) {
		t.Errorf("--json: status %d, %s%s", got.status, got.stdout, got.stderr)
	}
}

// "systemctl reload" is a reload by command wherever that is possible; where it is
// not, the file is checked and the process gets the signal.
func TestReloadOrSignal(t *testing.T) {
	t.Parallel()
	c := setup{upstreams: []string{serve(t, nil).address}}
	r := newReloading(t, c)
	pid := fmt.Sprint(r.cmd.Process.Pid)
	c.site = "bandwidth = \"1GiB\""
	r.write(c)
	if got := r.types("--or-signal", pid); got.status != 0 || !strings.Contains(got.stdout, "changed: bandwidth") || strings.Contains(got.stdout, "SIGHUP") {
		t.Errorf("one that can be asked: status %d, %s%s", got.status, got.stdout, got.stderr)
	}

	old := r.admin
	r.admin = reserve(t)
	bad := c
	bad.pool = "servers_file = \"" + r.dir + "/none\"" // the file is right, and cannot be built
	r.write(bad)
	if got := r.types("--or-signal", pid); got.status != 1 || !strings.Contains(got.stderr, r.dir+"/none") || !strings.Contains(got.stderr, "nothing has changed") {
		t.Errorf("one that must not be asked: status %d, %s%s", got.status, got.stdout, got.stderr)
	}
	r.write(c)
	for _, nobody := range []string{"0", "1", "-1"} {
		if got := r.types("--or-signal", nobody); got.status != 1 || !strings.Contains(got.stderr, "no process of Sluice") {
			t.Errorf("process %s: status %d, %s%s", nobody, got.status, got.stdout, got.stderr)
		}
	}
	got := r.types("--or-signal", pid)
	for _, want := range []string{"sluice does not answer at " + r.admin, "process " + pid + " was sent SIGHUP instead"} {
		if got.status != 0 || !strings.Contains(got.stdout, want) {
			t.Errorf("one that moves: status %d, no %q in %s%s", got.status, want, got.stdout, got.stderr)
		}
	}
	eventually(t, patience, "it listens at the new address", func() bool {
		return strings.Contains(r.told(), "server.admin: listens on "+r.admin+", no longer on "+old)
	})
	if r.stderr.has("not reloaded") {
		t.Errorf("it was signalled with a file that is wrong:\n%s", r.stderr.text())
	}
}
