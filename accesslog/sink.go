package accesslog

import (
	"fmt"
	"os"
	"syscall"
)

// Sink is where lines go. Only Run calls it, so it needs no lock.
type Sink interface {
	// Write is io.Writer's: short only with an error.
	Write(p []byte) (int, error)
	// Reopen makes the next Write go where the sink's name leads by now. After
	// an error all is as before.
	Reopen() error
	// Gone reports whether what Write writes is seen by nobody, because somebody
	// has deleted it, and Reopen would help.
	Gone() bool
	Close() error
}

// Open opens the sink that name stands for: "stdout", "stderr", or the path of
// a file, which is created if it isn't there.
func Open(name string) (Sink, error) {
	var sink Sink
	var err error
	switch name {
	case "stdout":
		sink, err = openStream(syscall.Stdout, name)
	case "stderr":
		sink, err = openStream(syscall.Stderr, name)
	default:
		sink, err = openFile(name)
	}
	if err != nil {
		return nil, err // and not an interface that holds a nil pointer
	}
	return sink, nil
}

// stream is a sink that came with the process and cannot be reopened.
type stream struct{ *os.File }

// openStream duplicates fd: when the reader of a pipe goes away, a write to
// descriptor 1 or 2 itself would end the process with SIGPIPE (see os/signal),
// a write to any other number is an error.
func openStream(fd int, name string) (stream, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := syscall.Dup(fd)
	if err != nil {
		return stream{}, fmt.Errorf("open %s: %w", name, err)
	}
	syscall.CloseOnExec(dup)
	return stream{os.NewFile(uintptr(dup), name)}, nil
}

// Reopen does nothing: a stream has no path.
func (stream) Reopen() error { return nil }

// Gone is false, wherever the stream leads: it couldn't be reopened.
func (stream) Gone() bool { return false }
