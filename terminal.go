package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// terminal is what a command prints on: a window, a file or a pipe.
type terminal struct {
	out    io.Writer
	window *os.File // nil: out is none
	colour bool
}

// newTerminal returns what out is. There is colour only in a window, and not if
// NO_COLOR says that nobody wants it (https://no-color.org).
func newTerminal(out io.Writer) terminal {
	t := terminal{out: out}
	f, ok := out.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return t
	}
	if _, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err != nil {
		return t
	}
	t.window = f
	t.colour = os.Getenv("NO_COLOR") == ""
	return t
}

// size returns how many columns and lines the window has; 0: any number, for it
// is none.
func (t terminal) size() (columns, lines int) {
	if t.window == nil {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(t.window.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 || size.Row == 0 {
		return 80, 24 // what does not know is as large as windows once were
	}
	return int(size.Col), int(size.Row)
}
