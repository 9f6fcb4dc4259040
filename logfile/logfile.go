// Package logfile opens the files that logs are appended to and says how it stands
// with them. Who writes, when, and what becomes of a failure is the logs' own.
package logfile

import (
	"os"
	"syscall"
)

// Open opens the file at path for appending, and makes it if there is none. torn:
// its last byte is there and isn't a line's end, because a process before us was
// killed, or its disk was full, in the middle of a line. A file that can't be read
// is taken to be whole.
func Open(path string) (f *os.File, torn bool, err error) {
	f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, false, err
	}
	return f, endsTorn(f), nil
}

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

// Gone reports whether f has no name any more: somebody has deleted it, and nobody
// sees what is written to it. One that was renamed has a name. What is no regular
// file, such as a FIFO, has readers that hold it, and whatever is at its path later
// isn't theirs.
func Gone(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	return ok && is.Nlink == 0
}
