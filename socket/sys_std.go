//go:build (unix && !linux) || (linux && race)

package socket

import "syscall"

// With the race detector the system calls of package syscall are needed: they
// tell it that what happened before a write happened before the read of it.

// readFD is one read(2) of a non-blocking descriptor.
func readFD(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// writeFD is one write(2) on a non-blocking descriptor.
func writeFD(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
