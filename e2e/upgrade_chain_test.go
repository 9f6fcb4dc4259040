package e2e

import (
	"fmt"
	"io"
	"syscall"
	"testing"
)

// A process whose successor has handed over in turn, and ended, lets its own
// requests finish all the same.
func TestAnUpgradeWhileTheLastOneStillDrains(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	u := newUpgrading(t, setup{upstreams: []string{up.address}, server: "drain_timeout = \"20s\"\n"})
	c := u.dialTLS(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	u.upgrade()
	second := u.pid
	u.upgrade()
	eventually(t, patience, "the second process has ended", func() bool { return gone(second) })
	if u.hasEnded() || gone(u.pids[0]) {
		t.Fatal("the first process has ended")
	}
	close(release)
	if a := c.answer(); a.StatusCode != 200 || a.body != "thought over" || !a.Close {
		t.Errorf("%d %q, close %v", a.StatusCode, a.body, a.Close)
	}
	c.wantEnd()
	u.predecessorsHaveEnded()
}

// To the service manager the end of the main process is that of the service, and it
// kills whom it finds then: who is told to end waits for those before it.
func TestTheMainProcessEndsLast(t *testing.T) {
	t.Parallel()
	up, asked, release := thinker(t)
	m := newManager(t)
	go io.Copy(io.Discard, m.c)
	file, dir, id := configFile(t, setup{upstreams: []string{up.address}, server: fmt.Sprintf("drain_timeout = \"1h\"\nadmin = %q\n", reserve(t))})
	s := launchCommand(t, dir, m.command(file, ""))
	s.id = id
	u := &upgrading{reloading: &reloading{sluice: s, file: file}, pid: s.cmd.Process.Pid}
	t.Cleanup(u.end)
	c := s.dialTLS(t)
	c.get("/slow")
	receive(t, "the upstream is asked", asked)
	u.upgrade()
	u.upgrade()
	if err := syscall.Kill(u.pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "it accepts nothing any more", func() bool { return refuses(s.http) })
	for _, pid := range append(u.pids, u.pid) {
		if gone(pid) {
			t.Errorf("process %d of %v, %d has ended", pid, u.pids, u.pid)
		}
	}
	close(release)
	if a := c.answer(); a.StatusCode != 200 || a.body != "thought over" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	c.wantEnd()
	u.predecessorsHaveEnded()
	eventually(t, patience, "the main process ends", func() bool { return gone(u.pid) })
}
