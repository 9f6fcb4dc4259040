package main

import (
	"math/rand/v2"
	"time"
)

// arrivals is when requests are due, from the start of a phase: independent of
// each other, so many a second on average (a Poisson process). Users come like
// this; at even distances they would never queue before capacity is reached.
func arrivals(perSecond float64, length time.Duration, dice *rand.Rand) []time.Duration {
	due := make([]time.Duration, 0, int(perSecond*length.Seconds()*1.05)+10)
	for at := 0.0; ; {
		at += dice.ExpFloat64() / perSecond
		if at >= length.Seconds() {
			return due
		}
		due = append(due, time.Duration(at*float64(time.Second)))
	}
}

// seeded is chance that is the same in every run, so that all proxies are
// asked at the same moments.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
