package install

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// commandTimeout bounds each program that is run: a service that is stopped may
// let its requests finish.
const commandTimeout = 3 * time.Minute

// Machine is where Sluice is installed.
type Machine struct {
	Root string // in front of each path; "": this machine itself
	UID  int    // who we are

	// Run runs a program and returns what it has said. Its error wraps
	// exec.ErrNotFound if there is none. nil: no program is run, and all files
	// are ours, for a folder that becomes a machine later.
	Run func(context.Context, Command) (said string, err error)
	// Account returns the numbers of a user and of its group.
	Account func(name string) (uid, gid int, err error)
}

// Command is a program to be run.
type Command struct {
	Words   []string
	Account string   // who runs it; "": we
	Env     []string // besides our own
}

func (c Command) String() string { return strings.Join(c.Words, " ") }

// Here returns this machine.
func Here() Machine { return Machine{UID: os.Getuid(), Run: run, Account: account} }

// Below returns a folder that files are put into as if it were a machine.
func Below(folder string) Machine { return Machine{Root: folder, UID: os.Getuid()} }

// at returns where a path of the machine's is found.
func (m Machine) at(path string) string { return filepath.Join(m.Root, path) }

func (m Machine) exists(path string) bool {
	_, err := os.Lstat(m.at(path))
	return err == nil
}

// systemd reports whether systemd runs the machine.
func (m Machine) systemd() bool { return m.Run != nil && m.exists("/run/systemd/system") }

// ask runs words and reports whether they came to a good end.
func (m Machine) ask(ctx context.Context, words ...string) bool {
	_, err := m.Run(ctx, Command{Words: words})
	return err == nil
}

// run is Machine.Run of this machine.
func run(ctx context.Context, c Command) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Words[0], c.Words[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.WaitDelay = time.Second // what it has started may hold its output open
	if c.Account != "" {
		who, err := credential(c.Account)
		if err != nil {
			return "", err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
		cmd.Dir = "/"
	}
	said, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(said))
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%s: not at its end within %v", c, commandTimeout)
	case err != nil && text != "":
		err = fmt.Errorf("%s: %w: %s", c, err, text)
	case err != nil:
		err = fmt.Errorf("%s: %w", c, err)
	}
	return text, err
}

// credential returns what a service of a user runs with: it is in all groups that
// the user is in, by which it may read keys.
func credential(name string) (*syscall.Credential, error) {
	uid, gid, err := account(name)
	if err != nil {
		return nil, err
	}
	groups, err := (&user.User{Username: name, Gid: strconv.Itoa(gid)}).GroupIds()
	if err != nil {
		return nil, err
	}
	who := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, text := range groups {
		if id, err := strconv.ParseUint(text, 10, 32); err == nil {
			who.Groups = append(who.Groups, uint32(id))
		}
	}
	return who, nil
}

// account is Machine.Account of this machine.
func account(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
