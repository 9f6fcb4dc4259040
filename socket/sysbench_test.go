//go:build linux && !race

package socket

import (
	"syscall"
	"testing"
)

// BenchmarkSyscall is a read that finds nothing, and so little but the way
// into the kernel and back.
func BenchmarkSyscall(b *testing.B) {
	c, _ := pair(b)
	p := make([]byte, 100)
	c.raw.Control(func(fd uintptr) {
		b.Run("raw", func(b *testing.B) {
			for b.Loop() {
				readFD(fd, p)
			}
		})
		b.Run("std", func(b *testing.B) {
			for b.Loop() {
				syscall.Read(int(fd), p)
			}
		})
	})
}
