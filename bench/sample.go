package main

import (
	"math"
	"slices"
)

// sample is what one measurement of one entrant gave.
type sample struct {
	value  float64      // in the work's unit; less is better
	rate   float64      // requests per second; 0: not that kind of work
	busy   float64      // share of its cores that the proxy used; 0: likewise
	logged float64      // access log lines per request; 0: it logs nothing
	abuse  *abuseSample // what value is made of under an attack; nil: there was none

	overload *overloadSample // how overload was borne; nil: there was none
	limiter  *limiterSample  // what a limiter of many clients gave; nil: none was measured
}

// of returns one figure of every sample.
func of(samples []sample, figure func(sample) float64) []float64 {
	list := make([]float64, len(samples))
	for i, s := range samples {
		list[i] = figure(s)
	}
	return list
}

// median is the middle of a list, or the mean of the two in the middle; NaN of
// an empty one.
func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(list))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
