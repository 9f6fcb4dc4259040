package main

import (
	"math"
	"slices"
	"time"
)

// strain is what one phase of an overload measurement gave.
type strain struct {
	load     float64 // offered, by the capacity of the origin
	visits   int
	attempts int
	ends     [outcomes]int // visits by outcome
	goodput  float64       // good answers within the phase, by capacity
	admitted latency
	refusals latency       // how long a no took
	late     time.Duration // p99 of how much the generator missed its schedule by
	busy     float64       // share of its cores that the proxy used
	working  float64       // share of the time that the workers worked
	wasted   float64       // share of their answers that came when nobody waited
	normal   float64       // seconds from the end of the phase until all was well; infinite: it never was
}

// newStrain sums up the visits of a phase. The rest is filled in by who
// measured it.
func newStrain(load, capacity float64, o *offered) strain {
	s := strain{load: load, visits: len(o.visits), normal: math.NaN()}
	var admitted, refused, late []time.Duration
	inTime := 0
	for _, v := range o.visits {
		s.attempts += v.attempts
		s.ends[v.outcome]++
		late = append(late, v.late)
		if v.admitted() {
			admitted = append(admitted, v.took)
		}
		if v.outcome.refused() {
			refused = append(refused, v.took)
		}
		// What is answered after the phase is not its throughput: a long queue
		// would add to it.
		if v.outcome == good && v.due+v.took <= o.length {
			inTime++
		}
	}
	s.goodput = float64(inTime) / o.length.Seconds() / capacity
	s.admitted = newLatency(admitted, s.ends[broken])
	s.refusals = newLatency(refused, 0)
	slices.Sort(late)
	s.late = percentile(late, 99)
	return s
}

// share is how many visits of a phase ended like this, by all.
func (s strain) share(ends ...outcome) float64 {
	sum := 0
	for _, o := range ends {
		sum += s.ends[o]
	}
	return float64(sum) / float64(s.visits)
}
