package main

import (
	"math"
	"slices"
	"time"
)

// latency is how long a client waited for its answers.
type latency struct {
	p50, p99, max time.Duration
	errors        int
}

// newLatency sums up how long each request took.
func newLatency(took []time.Duration, errors int) latency {
	sorted := slices.Sorted(slices.Values(took))
	return latency{p50: percentile(sorted, 50), p99: percentile(sorted, 99), max: percentile(sorted, 100), errors: errors}
}

// percentile is the least of a sorted list that p percent of it do not exceed
// (nearest rank); 0 of an empty list.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}
