package deploy

import (
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is this machine as one process sees it and those that join it: what they
// write into /etc, /usr, /var, /run, /srv and the homes goes to memory, and is gone
// with them, whatever happens. Nothing of the machine's service manager is in it.
type world struct {
	t     *testing.T
	pid   string
	enter []string // in front of a command
}

// makeWorld is what the process does first that holds it. No line is run after one
// that has failed, so nothing is done outside of the world.
const makeWorld = `
mount -t tmpfs tmpfs /run
for folder in etc usr var root home srv; do
	mkdir -p /run/over/$folder/upper /run/over/$folder/work
	[ -d /$folder ] || continue
	mount -t overlay overlay -o lowerdir=/$folder,upperdir=/run/over/$folder/upper,workdir=/run/over/$folder/work /$folder
done
rm -rf /etc/sluice /var/lib/sluice /var/log/sluice /usr/local/bin/sluice /etc/systemd/system/sluice*
! id -u sluice >/dev/null 2>&1 || userdel sluice
`

// managerInName is a service manager that only writes down what it is asked for.
const managerInName = `
mkdir -p /run/systemd/system
rm -f /usr/bin/systemctl
cat >/usr/bin/systemctl <<'TEXT'
#!/bin/sh
echo "$*" >>/run/asked
case "$*" in
*is-active*) [ -e /run/active ] ;;
*is-enabled*) [ -e /run/enabled ] ;;
show*) cat /run/show 2>/dev/null ;;
"enable --now"*) touch /run/active /run/enabled ;;
*disable*--now*) rm -f /run/active /run/enabled ;;
*disable*) rm -f /run/enabled ;;
stop*) rm -f /run/active ;;
esac
TEXT
chmod 755 /usr/bin/systemctl
`

// newWorld makes one, and skips the test where that is not possible.
func newWorld(t *testing.T) *world {
	t.Helper()
	return worldWith(t, managerInName)
}

// worldWith makes a world in which some lines of shell have been run.
func worldWith(t *testing.T, lines string) *world {
	t.Helper()
	needs(t, "unshare", "nsenter")
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can install things, even where nobody else sees them")
	}
	if _, err := os.Stat("/var/lib/dpkg/info/sluice.list"); err == nil {
		t.Skip("skipped: this machine has a package of Sluice itself")
	}
	h := hold(t, exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-ec", makeWorld+lines+"echo ready\nexec cat\n"))
	deadline := time.After(patience)
	for !strings.Contains(h.said.text(), "ready") {
		select {
		case <-h.ended:
			t.Skipf("skipped: no world of its own can be made: %s", h.wrong.text())
		case <-deadline:
			t.Fatalf("no world within %v: %s", patience, h.wrong.text())
		case <-time.After(10 * time.Millisecond):
		}
	}
	pid := strconv.Itoa(h.cmd.Process.Pid)
	return &world{t: t, pid: pid, enter: []string{"nsenter", "--mount", "--target", pid, "--"}}
}

// held is a process that ends when nobody holds its stdin any more: with the test,
// whatever happens to that.
type held struct {
	cmd         *exec.Cmd
	said, wrong output
	ended       chan struct{}
	letGo       func() // returns when it has ended
}

func hold(t *testing.T, cmd *exec.Cmd) *held {
	t.Helper()
	h := &held{cmd: cmd, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &h.said, &h.wrong
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(h.ended)
		cmd.Wait()
	}()
	h.letGo = func() {
		stdin.Close()
		<-h.ended
	}
	t.Cleanup(h.letGo)
	return h
}

// try runs a command there.
func (w *world) try(words ...string) (string, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*patience)
	defer cancel()
	words = append(append([]string(nil), w.enter...), words...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:"+os.Getenv("PATH"))
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// do is try of what must succeed.
func (w *world) do(words ...string) string {
	w.t.Helper()
	out, err := w.try(words...)
	if err != nil {
		w.t.Fatalf("%q: %v\n%s", words, err, out)
	}
	return out
}

// at returns where the test finds a path of the world's.
func (w *world) at(path string) string { return filepath.Join("/proc", w.pid, "root", path) }

func (w *world) exists(path string) bool {
	_, err := os.Lstat(w.at(path))
	return err == nil
}

func (w *world) write(path, text string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.at(path)), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.at(path), []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// asked returns what the service manager was asked for since the last look.
func (w *world) asked() string {
	w.t.Helper()
	text, err := os.ReadFile(w.at("/run/asked"))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	w.write("/run/asked", "")
	return string(text)
}

// leftovers returns what is there of Sluice in the folders that were written into.
func (w *world) leftovers() (all []string) {
	w.t.Helper()
	over := w.at("/run/over")
	err := filepath.WalkDir(over, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		gone := d.Type()&fs.ModeCharDevice != 0 // so an overlay says that a file was deleted
		if strings.Contains(d.Name(), "sluice") && !gone {
			all = append(all, strings.TrimPrefix(path, over))
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, file := range []string{"/etc/passwd", "/etc/group", "/etc/shadow"} {
		if strings.Contains(read(w.t, w.at(file)), "sluice") {
			all = append(all, file)
		}
	}
	return all
}

// output is what a program has said so far.
type output struct {
	mu   sync.Mutex
	said strings.Builder
}

var _ io.Writer = (*output)(nil)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.Write(p)
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String()
}
