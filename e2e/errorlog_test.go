package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// toFile is the key of [log] by which the error log is a file, in dir/error.log.
func toFile(dir string) string { return fmt.Sprintf("error = %q", filepath.Join(dir, errorLog)) }

// launchIn runs the program by a configuration in dir, by the command within.
func launchIn(t *testing.T, dir string, c setup, within ...string) *sluice {
	t.Helper()
	id := newIdentity(t, dir, host, "127.0.0.1")
	s := launchCommand(t, dir, commandIn(t, dir, c.text(dir, id), within...))
	s.id = id
	return s
}

// commandIn returns what runs the program by a configuration in dir.
func commandIn(t *testing.T, dir, config string, within ...string) *exec.Cmd {
	t.Helper()
	writeConfig(t, dir, config)
	words := append(within, built, "run", "--config", filepath.Join(dir, "sluice.toml"))
	return exec.Command(words[0], words[1:]...)
}

func writeConfig(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "sluice.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// log.error = a path: all is told there, nothing on stderr. "SIGUSR1: reopen the
// access log and the error log (for logrotate)" (sluice run --help).
func TestErrorLogInAFileIsReopened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, errorLog)
	up := startProcess(t, reserve(t))
	s := launchIn(t, dir, setup{log: toFile(dir) + "\nerror_format = \"text\"", upstreams: []string{up.address}})
	eventually(t, patience, "it serves", func() bool { return askOnce(s.http, "GET", time.Now()).status == 200 })
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGUSR1)
	eventually(t, patience, "the file is there again", func() bool { _, err := os.Stat(file); return err == nil })
	up.kill()
	eventually(t, patience, "the upstream is out", func() bool {
		askOnce(s.http, "GET", time.Now())
		return strings.Contains(s.told(), "upstream is out")
	})
	s.stop()
	before, err := os.ReadFile(file + ".1")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(before, []byte("msg=serving")) || bytes.Contains(before, []byte("upstream is out")) {
		t.Errorf("before the rotation:\n%s", before)
	}
	if text := s.stderr.text(); text != "" {
		t.Errorf("stderr has\n%s", text)
	}
}

func TestErrorLogAsJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "errors.json")
	c := setup{log: fmt.Sprintf("error = %q\nerror_format = \"json\"", file), upstreams: []string{reserve(t)}}
	id := newIdentity(t, dir, host)
	cmd := commandIn(t, dir, c.text(dir, id))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	serves := ""
	eventually(t, patience, "it serves", func() bool {
		text, _ := os.ReadFile(file)
		for line := range strings.Lines(string(text)) {
			if !strings.HasSuffix(line, "\n") {
				break // it is written just now
			}
			var l struct{ Level, Msg, HTTP string }
			if err := json.Unmarshal([]byte(line), &l); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if l.Msg == "serving" && l.Level == "INFO" {
				serves = l.HTTP
			}
		}
		return serves != ""
	})
	if a := askOnce(serves, "GET", time.Now()); a.err != nil {
		t.Error(a.err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// What cannot be a log is said before anything is served, with what to do.
func TestErrorLogThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := newIdentity(t, dir, host)
	for _, tt := range []struct{ name, path, command, want string }{
		{"no folder", filepath.Join(dir, "none", "error.log"), "check", "log.error: there is no folder " + filepath.Join(dir, "none") + "\nmake it (mkdir -p), or write another path, or \"stderr\""},
		{"a folder", dir + "/", "run", "log.error: open " + dir + "/: is a directory\nlet the user that Sluice runs as write there, or write another path, or \"stderr\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := setup{log: fmt.Sprintf("error = %q", tt.path), upstreams: []string{reserve(t)}}
			writeConfig(t, dir, c.text(dir, id))
			r := command(t, "", built, tt.command, "--config", filepath.Join(dir, "sluice.toml"))
			if r.status != 1 || !strings.Contains(r.stderr, tt.want) {
				t.Errorf("exit status %d, stderr:\n%s\nwant:\n%s", r.status, r.stderr, tt.want)
			}
		})
	}
}

// A flood of one failure fills no disk: 500 Upstreams that nobody can connect to
// have 200 lines, and others are told of beside them.
func TestAFloodOfFailuresIsHeldBack(t *testing.T) {
	t.Parallel()
	const n = 500
	_, port, err := net.SplitHostPort(reserve(t))
	if err != nil {
		t.Fatal(err)
	}
	dead := make([]string, n)
	for i := range dead {
		dead[i] = fmt.Sprintf("127.1.%d.%d:%s", i/250, 1+i%250, port)
	}
	dir := t.TempDir()
	s := launchIn(t, dir, setup{server: withAdmin, log: toFile(dir), upstreams: dead,
		pool: "[upstream.app.health]\ninterval = \"100ms\"\ntimeout = \"50ms\"\nunhealthy_after = 1"})
	eventually(t, patience, "lines are held back", func() bool {
		return s.metric(t, `sluice_error_log_lines_total{outcome="held_back"}`) >= n-200
	})
	written := s.metric(t, `sluice_error_log_lines_total{outcome="written"}`)
	if lines := strings.Count(s.told(), "\n"); lines > 210 || float64(lines) > written {
		t.Errorf("%d lines, of which %v are counted; want about 200", lines, written)
	}
	s.signal(syscall.SIGHUP)
	eventually(t, patience, "what else happens is told", func() bool { return strings.Contains(s.told(), "configuration reloaded") })
	s.stop()
	if !strings.Contains(s.told(), `msg="more like this was held back" like="upstream is out"`) {
		t.Error("at the end it does not stand there how many lines were held back")
	}
}

// A full disk is no reason to keep silent: the error log goes to stderr, says so
// once, and goes back to its file.
func TestErrorLogOnAFullDisk(t *testing.T) {
	t.Parallel()
	d := newSmallDisk(t)
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(d.seen, errorLog), filepath.Join(dir, errorLog)); err != nil {
		t.Fatal(err)
	}
	s := launchIn(t, dir, setup{log: toFile(d.path), upstreams: []string{serve(t, nil).address}}, d.within...)
	var wrong strings.Builder // enough for a line that needs room
	for i := range 200 {
		fmt.Fprintf(&wrong, "unknown_key_%d = 1\n", i)
	}
	writeConfig(t, dir, wrong.String())
	d.fill()
	const failed = "configuration not reloaded"
	for i := range 3 {
		s.signal(syscall.SIGHUP)
		eventually(t, patience, "the failure is on stderr", func() bool { return strings.Count(s.stderr.text(), failed) > i })
	}
	const cannot = "error log cannot be written; lines come here until it can"
	if n := strings.Count(s.stderr.text(), cannot); n != 1 || !s.stderr.has("no space left on device") {
		t.Errorf("stderr tells of it %d times, want once", n)
	}
	if a := askOnce(s.http, "GET", time.Now()); a.status != 200 {
		t.Errorf("status %d, %v", a.status, a.err)
	}
	d.free()
	s.signal(syscall.SIGHUP)
	eventually(t, patience, "the file is written again", func() bool {
		_, after, found := strings.Cut(s.told(), `msg="error log is written again" lines_on_stderr=3`)
		return found && strings.Contains(after, failed)
	})
	if n := strings.Count(s.stderr.text(), failed); n != 3 {
		t.Errorf("stderr has the failure %d times, want 3", n)
	}
	s.stop()
}

// A stderr that nobody reads stops nobody, not even at the end.
func TestAStuckStderrStopsNobody(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	id := newIdentity(t, dir, host)
	up := startProcess(t, reserve(t))
	cmd := commandIn(t, dir, setup{site: "last_good = false", upstreams: []string{up.address}}.text(dir, id))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	address := readServing(t, r)
	eventually(t, patience, "it serves", func() bool { return askOnce(address, "GET", time.Now()).status == 200 })
	fillPipe(t, w)
	for range 5 { // each tells that the upstream is out, and back
		up.kill()
		eventually(t, patience, "it is known to be dead", func() bool { return askOnce(address, "GET", time.Now()).status >= 500 })
		up.start()
		eventually(t, patience, "it is back", func() bool { return askOnce(address, "GET", time.Now()).status == 200 })
	}
	ended := make(chan error, 1)
	cmd.Process.Signal(syscall.SIGTERM)
	go func() { ended <- cmd.Wait() }()
	if err := receive(t, "the end", ended); err != nil {
		t.Error(err)
	}
}

// readServing reads a stderr until it says where the program serves.
func readServing(t *testing.T, r *os.File) (address string) {
	t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	var text []byte
	for buf := make([]byte, 4<<10); ; {
		if found := serving.FindSubmatch(text); found != nil {
			return string(found[1])
		}
		n, err := r.Read(buf)
		if err != nil {
			t.Fatalf("%v after\n%s", err, text)
		}
		text = append(text, buf[:n]...)
	}
}

// fillPipe fills a pipe until it takes nothing more. It opens it anew: whether a
// write waits is decided by each opening for itself.
func fillPipe(t *testing.T, w *os.File) {
	t.Helper()
	path := fmt.Sprintf("/proc/self/fd/%d", w.Fd())
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("skipped: open %s: %v", path, err)
	}
	defer syscall.Close(fd)
	for _, block := range [][]byte{make([]byte, 4<<10), make([]byte, 1)} {
		for err = nil; err == nil; {
			_, err = syscall.Write(fd, block)
		}
		if !errors.Is(err, syscall.EAGAIN) {
			t.Fatal(err)
		}
	}
}

// log.sample: what a rule leaves out is counted and not written, what matters is
// written in any case, and a reload puts other rules in force.
func TestTheAccessLogIsSampled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := setup{server: withAdmin, log: "[[log.sample]]\nkeep = \"none\"\npath = \"/healthz\"\n[[log.sample]]\nkeep = \"1/10\"\nstatus = \"2xx\"",
		upstreams: []string{serve(t, nil).address}}
	s := launchIn(t, dir, c)
	conn := s.dial(t)
	const n = 300
	for range n {
		conn.get("/healthz")
		conn.answer()
		conn.get("/page")
		conn.answer()
	}
	c.log = ""
	writeConfig(t, dir, c.text(dir, s.id))
	s.signal(syscall.SIGHUP)
	eventually(t, patience, "other rules are in force", func() bool { return strings.Contains(s.told(), "log.sample: changed") })
	out := s.metric(t, `sluice_access_log_lines_total{outcome="sampled_out"}`)
	conn.get("/healthz")
	conn.answer()
	s.stop()
	text, err := os.ReadFile(filepath.Join(dir, accessLog))
	if err != nil {
		t.Fatal(err)
	}
	lines, sampled := bytes.Count(text, []byte("\n")), bytes.Count(text, []byte(`"path":"/page"`))
	if float64(lines)+out != 2*n+1 || sampled != lines-1 || bytes.Count(text, []byte(`,"sample":10}`)) != sampled {
		t.Errorf("%d lines, %d of /page, %v left out, of %d\n%s", lines, sampled, out, 2*n+1, text)
	}
	if sampled < 5 || sampled > 80 {
		t.Errorf("%d of %d lines are kept, want about a tenth", sampled, n)
	}
}
