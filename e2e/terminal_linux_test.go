package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is one that a person types into, and a program shows things on.
type terminal struct {
	person *os.File
	shown  *output // all that the program has written
}

// openTerminal starts a program at a terminal of its own. It ends with the test.
func openTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: this machine has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: 300, Row: 50})
	}
	if err != nil {
		t.Skipf("skipped: this machine has no pseudo terminals: %v", err)
	}
	side, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: this machine has no pseudo terminals: %v", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = side, side, side
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	side.Close()
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{person: person, shown: new(output)}
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		x.look()
	}()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with what it has started
		cmd.Wait()                                      // it was killed
		<-silent
	})
	return x
}

// look takes in what is shown, until nobody has the terminal open any more.
func (x *terminal) look() {
	buffer := make([]byte, 4096)
	for {
		n, err := x.person.Read(buffer)
		x.shown.Write(buffer[:n])
		if err != nil {
			return
		}
	}
}

// typed presses keys.
func (x *terminal) typed(t *testing.T, keys string) {
	t.Helper()
	if _, err := x.person.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// since returns what was shown after so many bytes.
func (x *terminal) since(from int) string { return x.shown.text()[from:] }
