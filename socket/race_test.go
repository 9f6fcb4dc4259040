//go:build race

package socket

// raceEnabled: sync.Pool drops at random then, so allocations say nothing.
const raceEnabled = true
