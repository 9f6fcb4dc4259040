package e2e

import (
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const accessLog = "access.log"

// errorLog is in the folder of a Sluice whose log.error is not stderr.
const errorLog = "error.log"

// stopGrace is how much longer than its drain time a Sluice may take to end.
const stopGrace = 5 * time.Second

// serving is the line that tells where it listens.
var serving = regexp.MustCompile(`msg=serving http=(\S+) https=(\S+)\s`)

// sluice is a running program.
type sluice struct {
	t      *testing.T
	dir    string
	id     identity
	cmd    *exec.Cmd
	stderr *output
	stdout *output
	http   string // addresses
	https  string
	ended  chan struct{} // closed when the process has ended
}

// start runs the program by a configuration and waits until it serves. At the
// end of the test it must end in order.
func start(t *testing.T, c setup) *sluice {
	t.Helper()
	dir := t.TempDir()
	id := newIdentity(t, dir, host, "*."+host, "127.0.0.1")
	file := filepath.Join(dir, "sluice.toml")
	if err := os.WriteFile(file, []byte(c.text(dir, id)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := launch(t, dir, "run", "--config", file)
	s.id = id
	return s
}

// launch runs a command of the program that serves.
func launch(t *testing.T, dir string, args ...string) *sluice {
	t.Helper()
	return launchCommand(t, dir, exec.Command(built, args...))
}

// launchCommand is launch with a command that may have an environment of its
// own, and may be another program that becomes ours.
func launchCommand(t *testing.T, dir string, cmd *exec.Cmd) *sluice {
	t.Helper()
	s := &sluice{t: t, dir: dir, cmd: cmd,
		stderr: new(output), stdout: new(output), ended: make(chan struct{})}
	s.cmd.Stderr, s.cmd.Stdout = s.stderr, s.stdout
	if raced() { // which would otherwise sleep for a second at each end
		s.cmd.Env = append(s.cmd.Environ(), "GORACE=atexit_sleep_ms=50")
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		s.cmd.Wait() // how it ended stands in ProcessState
	}()
	t.Cleanup(s.cleanup)
	eventually(t, patience, "the program serves", func() bool {
		if s.hasEnded() {
			t.Fatalf("the program has ended:\n%s", s.stderr.text())
		}
		return serving.MatchString(s.told())
	})
	found := serving.FindStringSubmatch(s.told())
	s.http, s.https = found[1], found[2]
	return s
}

// told returns what it has told on stderr, and in its error log if that is a file.
func (s *sluice) told() string {
	text, err := os.ReadFile(filepath.Join(s.dir, errorLog))
	if err != nil {
		return s.stderr.text()
	}
	return s.stderr.text() + string(text)
}

func (s *sluice) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// signal sends a signal.
func (s *sluice) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
}

// wait waits for the end and returns the exit status.
func (s *sluice) wait(within time.Duration) int {
	s.t.Helper()
	eventually(s.t, within, "the program ends", s.hasEnded)
	return s.cmd.ProcessState.ExitCode()
}

// kill ends it as kill -9 does.
func (s *sluice) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	s.wait(patience)
}

// stop ends it as an operator does. It must end by itself, with status 0.
func (s *sluice) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	if status := s.wait(3*time.Second + stopGrace); status != 0 {
		s.t.Errorf("exit status %d after SIGTERM, want 0", status)
	}
}

// cleanup ends what the test has left, and looks at what it has said.
func (s *sluice) cleanup() {
	if !s.hasEnded() {
		s.cmd.Process.Signal(syscall.SIGTERM)
		timer := time.NewTimer(3*time.Second + stopGrace)
		defer timer.Stop()
		select {
		case <-s.ended:
			if status := s.cmd.ProcessState.ExitCode(); status != 0 {
				s.t.Errorf("exit status %d after SIGTERM, want 0", status)
			}
		case <-timer.C:
			s.t.Error("the program does not end after SIGTERM")
			s.cmd.Process.Kill()
			<-s.ended
		}
	}
	for _, bad := range []string{"DATA RACE", "internal error", "panic:", "fatal error"} {
		if strings.Contains(s.told(), bad) {
			s.t.Errorf("the error log tells of a %q", bad)
		}
	}
	if s.t.Failed() {
		s.t.Logf("error log of the program:\n%s", tail(s.told(), 8<<10))
	}
}

// tail returns the last bytes of a text.
func tail(text string, most int) string {
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return strings.TrimSpace(text)
}

// tls returns how to speak TLS with the Site.
func (s *sluice) tls() *tls.Config {
	c := s.id.ca.Client(host)
	c.NextProtos = []string{"http/1.1"}
	return c
}
