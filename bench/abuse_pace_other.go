//go:build !linux

package main

import "time"

// sleepUntil waits for a time.
func sleepUntil(due time.Time) { time.Sleep(time.Until(due)) }
