package main

import (
	"math"
	"slices"
)

// overloadSample is one climb of the ladder.
type overloadSample struct {
	steps []strain // by load
}

// at is the step of a load that was measured.
func (s *overloadSample) at(load float64) strain {
	i := slices.IndexFunc(s.steps, func(st strain) bool { return st.load == load })
	if i < 0 {
		panic("internal error: a load that was not measured")
	}
	return s.steps[i]
}

// slowdown is how many times the unloaded p99 that at a load is.
func (s *overloadSample) slowdown(load float64) float64 {
	return float64(s.at(load).admitted.p99) / float64(s.at(unloadedAt).admitted.p99)
}

// overloadFigure is the median over the rounds of one figure of an entrant;
// NaN if it failed.
func (r result) overloadFigure(name string, figure func(*overloadSample) float64) float64 {
	if r.failed[name] != nil {
		return math.NaN()
	}
	return median(of(r.samples[name], func(s sample) float64 { return figure(s.overload) }))
}

// stepFigure is the same of one step.
func (r result) stepFigure(name string, load float64, figure func(strain) float64) float64 {
	return r.overloadFigure(name, func(s *overloadSample) float64 { return figure(s.at(load)) })
}
