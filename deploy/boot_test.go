package deploy

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// machine is a world with a systemd of its own as process 1: its processes, network,
// name and cgroups are its own, too, and it has none of the machine's services,
// devices and switches of the kernel.
type machine struct {
	*world // as process 1 of it sees it
	below  *world
	off    func() // ends all of it at once, as a power cut does
}

// withoutServices are lines of shell for a world in which systemd is to be booted:
// what it starts is what a test installs, the journal and no more.
const withoutServices = `
command -v setpriv >/dev/null
test -x /usr/lib/systemd/systemd
rm -rf /etc/systemd/system/*.wants /etc/systemd/system/*.requires /usr/lib/systemd/system/*.wants /usr/lib/systemd/system-generators
mkdir /usr/lib/systemd/system/sysinit.target.wants /usr/lib/systemd/system/sockets.target.wants
ln -s ../systemd-journald.service /usr/lib/systemd/system/sysinit.target.wants/
ln -s ../systemd-journald.socket ../systemd-journald-dev-log.socket /usr/lib/systemd/system/sockets.target.wants/
rm -f /etc/machine-id
tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
: >/etc/fstab
`

// power is what the process does that holds a machine, outside of it: it gives it a
// place in the tree of cgroups, and ends it when nobody holds its stdin any more.
const power = `
for tree in $TREES; do
	mkdir $tree/$NAME
done
(
	for tree in $TREES; do
		echo 0 >$tree/$NAME/cgroup.procs
	done
	exec unshare --mount --propagation private --pid --fork --kill-child --uts --ipc --net --cgroup sh -ec "$INIT"
) &
echo $!
cat
kill -9 $! 2>/dev/null || true
wait $! || true
for tree in $TREES; do
	for again in 1 2 3 4 5 6 7 8 9 10; do
		[ -d $tree/$NAME ] || break
		find $tree/$NAME -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
	done
done
`

// trees returns where systemd keeps cgroups on this machine: in one tree, or in two.
// A machine is only booted below its own place in each of them.
func trees() string {
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		return "/sys/fs/cgroup"
	}
	return "/sys/fs/cgroup/systemd /sys/fs/cgroup/unified"
}

// initialize is what process 1 of a machine does before it becomes systemd. What of
// the kernel is not the machine's own can only be read there.
const initialize = `
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mkdir /run/dev
mount -t tmpfs -o mode=755 tmpfs /run/dev
for device in null zero full random urandom tty; do
	touch /run/dev/$device
	mount --bind /dev/$device /run/dev/$device
done
mkdir /run/dev/pts /run/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /run/dev/pts
mount -t tmpfs tmpfs /run/dev/shm
ln -s pts/ptmx /run/dev/ptmx
ln -s /proc/self/fd /run/dev/fd
mount --rbind /run/dev /dev
mount -t sysfs -o ro sysfs /sys
if [ "$TREES" = /sys/fs/cgroup ]; then
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
	mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
	mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
fi
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin container=test setpriv \
	--bounding-set -sys_module,-sys_time,-sys_rawio,-mac_admin,-mac_override,-syslog,-sys_boot \
	/usr/lib/systemd/systemd --system --unit=multi-user.target --log-target=journal
`

// machines tells apart those of one test process, by the names of their cgroups.
var machines atomic.Int64

// boot starts systemd in a world of withoutServices, which is as it was left at the
// last time. Where that is not possible the test is skipped.
func boot(below *world) *machine {
	t := below.t
	t.Helper()
	holder := exec.Command(below.enter[0], append(below.enter[1:], "sh", "-ec", power)...)
	holder.Env = append(os.Environ(), "INIT="+initialize, "TREES="+trees(),
		fmt.Sprintf("NAME=sluice-test-%d-%d", os.Getpid(), machines.Add(1)))
	h := hold(t, holder)
	m := &machine{below: below, off: h.letGo}
	m.waitForSystemd(h)
	return m
}

// waitForSystemd waits until all is started that is to be.
func (m *machine) waitForSystemd(h *held) {
	t := m.below.t
	t.Helper()
	state := ""
	for deadline := time.Now().Add(patience); ; {
		if pid := onlyChild(strings.TrimSpace(h.said.text())); pid != "" {
			m.world = &world{t: t, pid: pid, enter: []string{"nsenter", "--target", pid, "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--"}}
			// Before it is there, systemctl fails, and so may nsenter.
			state, _ = m.try("systemctl", "is-system-running")
			if state = strings.TrimSpace(state); state == "running" || state == "degraded" {
				return
			}
		}
		select {
		case <-h.ended:
			t.Skipf("skipped: no systemd can be booted: %s", h.wrong.text())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Skipf("skipped: systemd has not booted within %v: %s%s", patience, state, h.wrong.text())
		}
	}
}

// onlyChild returns the process whose parent is one; "": there is none.
func onlyChild(parent string) string {
	if parent == "" {
		return ""
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// proc(5): pid (comm) state ppid; the comm may have spaces and brackets.
		if _, rest, found := strings.Cut(string(text[strings.LastIndexByte(string(text), ')')+1:]), " "); found {
			if field := strings.Fields(rest); len(field) > 1 && field[1] == parent {
				return filepath.Base(filepath.Dir(file))
			}
		}
	}
	return ""
}

// property asks systemd for one of a unit.
func (m *machine) property(unit, name string) string {
	m.t.Helper()
	return strings.TrimSpace(m.do("systemctl", "show", "--value", "--property", name, unit))
}

// number is property of what is one.
func (m *machine) number(unit, name string) int {
	m.t.Helper()
	n, err := strconv.Atoi(m.property(unit, name))
	if err != nil {
		m.t.Fatalf("%s of %s: %v", name, unit, err)
	}
	return n
}

// until waits for what comes in time.
func (m *machine) until(what string, condition func() bool) {
	m.t.Helper()
	for deadline := time.Now().Add(patience); !condition(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			journal, _ := m.try("journalctl", "--no-pager", "--lines=40")
			m.t.Fatalf("%s: not within %v\n%s", what, patience, journal)
		}
	}
}

// running is a command that runs on a machine.
type running struct {
	m     *machine
	cmd   *exec.Cmd
	stdin io.Closer
	said  output
}

func (m *machine) start(words ...string) *running {
	m.t.Helper()
	words = append(append([]string(nil), m.enter...), words...)
	r := &running{m: m, cmd: exec.CommandContext(m.t.Context(), words[0], words[1:]...)}
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		m.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	return r
}

// visitors ask again and again, from when they came until they are called back.
type visitors struct{ *running }

// visit lets visitors in.
func (m *machine) visit(kind string) visitors {
	m.t.Helper()
	v := visitors{m.start(visitor, "http://127.0.0.1/", kind)}
	m.until("a visitor has been answered", func() bool { return strings.Contains(v.said.text(), "first") })
	return v
}

// leave calls them back, and wants that each was answered. It returns how many
// requests there were.
func (v visitors) leave(when string) (asked int) {
	v.m.t.Helper()
	v.stdin.Close()
	err := v.cmd.Wait()
	v.m.t.Logf("%s: %s", when, v.said.text())
	if err != nil || !strings.Contains(v.said.text(), " 0 failed") {
		v.m.t.Errorf("%s: %v\n%s", when, err, v.said.text())
	}
	lines := strings.Split(strings.TrimSpace(v.said.text()), "\n")
	fmt.Sscan(lines[len(lines)-1], &asked)
	return asked
}
