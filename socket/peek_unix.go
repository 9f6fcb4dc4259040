//go:build unix && !linux

package socket

import "syscall"

// peek looks whether a byte is there without taking it; n is -1 with an error.
func peek(fd uintptr) (n int, err error) {
	var b [1]byte
	for {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		if err == nil {
			return n, nil
		}
		if err != syscall.EINTR {
			return -1, err
		}
	}
}
