package accesslog

import (
	"os"
	"syscall"
)

// file is a sink at a path.
type file struct {
	path string
	open *os.File
	// torn: the file doesn't end with a line's end, because a process before
	// us was killed, or its disk was full, in the middle of a line.
	torn bool
}

func openFile(path string) (*file, error) {
	f := &file{path: path}
	if err := f.Reopen(); err != nil {
		return nil, err
	}
	return f, nil
}

// Write appends p.
func (f *file) Write(p []byte) (int, error) {
	if f.torn {
		if _, err := f.open.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
		f.torn = false
	}
	return f.open.Write(p)
}

// Reopen opens what is at the path now, and closes what was open before.
func (f *file) Reopen() error {
	next, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if f.open != nil {
		f.open.Close() // every byte is with the kernel already
	}
	f.open, f.torn = next, endsTorn(next)
	return nil
}

// Gone reports whether the file has no name any more. One that was renamed has
// one. What is no regular file, such as a FIFO, has readers that hold it, and
// whatever is at its path later isn't theirs.
func (f *file) Gone() bool {
	info, err := f.open.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	return ok && is.Nlink == 0
}

// Close closes the file.
func (f *file) Close() error { return f.open.Close() }

// endsTorn reports whether the last byte of f is there and isn't a line's end.
// A file that can't be read is taken to be whole.
func endsTorn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	r, err := os.Open(f.Name())
	if err != nil {
		return false
	}
	defer r.Close()
	var last [1]byte
	_, err = r.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] != '\n'
}
