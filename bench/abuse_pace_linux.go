package main

import (
	"syscall"
	"time"
)

// sleepUntil waits for a time. The runtime's timers are late by up to a
// millisecond, which would hide what a proxy adds to an answer that takes less;
// the kernel's are not.
func sleepUntil(due time.Time) {
	for {
		left := time.Until(due)
		if left <= 0 {
			return
		}
		pause := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&pause, nil) // interrupted, it is called again
	}
}
