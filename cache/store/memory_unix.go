//go:build linux || darwin

package store

import (
	"os"
	"syscall"
)

// reserve returns n bytes of zeroed memory outside of Go's heap. A page costs
// nothing before it is written to.
func reserve(n int) ([]byte, error) {
	mem, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	return mem, os.NewSyscallError("mmap", err)
}

// giveBack ends what reserve began. Nobody may use the memory any more.
func giveBack(mem []byte) error { return os.NewSyscallError("munmap", syscall.Munmap(mem)) }
