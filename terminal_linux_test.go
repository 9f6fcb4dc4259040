package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sluice/server"
)

// openTerminal returns both ends of a terminal of that size: what a person looks
// at, and what a program writes to.
func openTerminal(t *testing.T, columns, lines uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %v", err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { program.Close() })
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: lines}); err != nil {
		t.Fatal(err)
	}
	return person, program
}

func TestColourIsForTerminalsOnly(t *testing.T) {
	_, program := openTerminal(t, 100, 40)
	for _, tt := range []struct {
		term, noColor string
		out           io.Writer
		colour        bool
		columns       int
	}{
		{"xterm", "", program, true, 100},
		{"xterm", "1", program, false, 100},
		{"dumb", "", program, false, 0},
		{"xterm", "", new(bytes.Buffer), false, 0},
		{"xterm", "", os.NewFile(^uintptr(0), "closed"), false, 0},
	} {
		t.Setenv("TERM", tt.term)
		t.Setenv("NO_COLOR", tt.noColor)
		got := newTerminal(tt.out)
		if columns, _ := got.size(); got.colour != tt.colour || columns != tt.columns {
			t.Errorf("TERM=%s NO_COLOR=%s: colour %v, %d columns", tt.term, tt.noColor, got.colour, columns)
		}
	}
}

// "alternate screen, restores the terminal on ^C".
func TestWatchLeavesTheTerminalAsItWas(t *testing.T) {
	person, program := openTerminal(t, 80, 24)
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	asked := make(chan struct{}, 1)
	w := watch{terminal: newTerminal(program), every: time.Millisecond, ask: func(context.Context) (*server.Status, error) {
		select {
		case asked <- struct{}{}:
		default: // the second time: there has been a frame
			cancel()
		}
		return illStatus(), nil
	}}
	seen := make(chan string, 1)
	go func() {
		var all []byte
		buffer := make([]byte, 4096)
		for !bytes.HasSuffix(all, []byte(formerOne)) {
			n, err := person.Read(buffer)
			if all = append(all, buffer[:n]...); err != nil {
				break
			}
		}
		seen <- string(all)
	}()
	if err := w.untilSignal(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-seen:
		if !strings.HasPrefix(got, otherScreen+frameBegin) || strings.Count(got, formerOne) != 1 {
			t.Errorf("the terminal got %q", got)
		}
		if got := strings.Count(got, lineEnd); got > 24 {
			t.Errorf("%d lines in a window of 24", got)
		}
	case <-time.After(10 * time.Second):
		t.Error("the terminal did not become what it was")
	}
}
