//go:build race

package http1

// raceEnabled: sync.Pool drops at random then, so allocations say nothing.
const raceEnabled = true
