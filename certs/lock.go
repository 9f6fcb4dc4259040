package certs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// errLocked: another process holds the lock.
var errLocked = errors.New("locked by another process")

// lock is the right to order certificates with one state directory. The system
// gives it back when its process ends, however that comes.
type lock struct{ file *os.File }

// acquire takes the lock in dir, or returns an error that wraps errLocked and
// names the process that has it.
func acquire(dir string) (*lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w (process %s)", errLocked, strings.TrimSpace(string(holder)))
		}
		return nil, err
	}
	// For people only: a disk that takes nothing is told of elsewhere.
	if f.Truncate(0) == nil {
		fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return &lock{f}, nil
}

// release gives the lock back.
func (l *lock) release() { l.file.Close() }

// tryLock locks an open file for us alone, without waiting.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		default:
			return err
		}
	}
}
