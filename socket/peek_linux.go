package socket

import (
	"syscall"
	"unsafe"
)

// peek looks whether a byte is there without taking it; n is -1 with an error.
func peek(fd uintptr) (n int, err error) {
	var b [1]byte
	for {
		r, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b[0])), 1,
			syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(r), nil
		case syscall.EINTR:
		default:
			return -1, errno
		}
	}
}
