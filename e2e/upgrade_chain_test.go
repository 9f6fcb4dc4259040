package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// A process whose successor has handed over in turn, and ended, lets its own
// requests finish all the same.
func TestAnUpgradeWhileTheLastOneStillDrains(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	m := newManager(t)
	file, dir, id := configFile(t, setup{upstreams: []string{up.address}, server: fmt.Sprintf("drain_timeout = \"20s\"\nadmin = %q\n", reserve(t))})
	s := launchCommand(t, dir, m.command(file, ""))
	s.id = id
	u := &upgrading{reloading: &reloading{sluice: s, file: file}, pid: s.cmd.Process.Pid}
	t.Cleanup(u.end)
	m.next()
	c := s.dialTLS(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	for range 2 {
		syscall.Kill(u.pid, syscall.SIGUSR2)
		var pid int
		eventually(t, 2*patience, "the manager hears of another process", func() bool {
			_, err := fmt.Sscanf(m.next(), "MAINPID=%d", &pid)
			return err == nil
		})
		if ready := m.next(); !strings.HasPrefix(ready, "READY=1\n") {
			t.Fatalf("heard %q", ready)
		}
		u.pids, u.pid = append(u.pids, u.pid), pid
	}
	eventually(t, patience, "the second process has ended", func() bool { return gone(u.pids[1]) })
	if gone(u.pids[0]) {
		t.Error("the first process has ended, too")
	}
	close(release)
	if a := c.answer(); a.StatusCode != 200 || a.body != "thought over" || !a.Close {
		t.Errorf("%d %q, close %v", a.StatusCode, a.body, a.Close)
	}
	c.wantEnd()
	u.predecessorsHaveEnded()
}

// A successor that crashes while its predecessor still drains: the service
// manager is to start the service anew, and cannot while that lives.
func TestASuccessorThatCrashesEndsTheDrain(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	defer close(release)
	m := newManager(t)
	file, dir, id := configFile(t, setup{upstreams: []string{up.address}, server: fmt.Sprintf("drain_timeout = \"1h\"\nadmin = %q\n", reserve(t))})
	s := launchCommand(t, dir, m.command(file, ""))
	s.id = id
	u := &upgrading{reloading: &reloading{sluice: s, file: file}, pid: s.cmd.Process.Pid}
	t.Cleanup(u.end)
	m.next()
	c := s.dialTLS(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	u.upgrade()
	syscall.Kill(u.pid, syscall.SIGKILL)
	u.predecessorsHaveEnded()
}
