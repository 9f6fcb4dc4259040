package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// column is a figure of a step as the overload tables show it.
type column struct {
	head string
	cell func(r result, name string, load float64) string
}

// overloadTables are what clients felt, and what that is made of.
func overloadTables(r result) string {
	return overloadTable(r, feltColumns()).String() + "\n" + overloadTable(r, causeColumns()).String()
}

// overloadTable has a line a load and entrant.
func overloadTable(r result, columns []column) *table {
	t := &table{head: []string{"load", "proxy"}}
	for _, c := range columns {
		t.head = append(t.head, c.head)
	}
	for _, load := range slices.Concat([]float64{unloadedAt}, overloads()) {
		for _, name := range r.names {
			cells := []string{fmt.Sprintf("%gx", load), name}
			if r.failed[name] != nil {
				t.add(append(cells, "**FAILED**")...)
				continue
			}
			for _, c := range columns {
				cells = append(cells, c.cell(r, name, load))
			}
			t.add(cells...)
		}
	}
	return t
}

// feltColumns are what is asked about.
func feltColumns() []column {
	return []column{
		percentOf("goodput", func(s strain) float64 { return s.goodput }),
		milliOf("p50 ms", func(s strain) time.Duration { return s.admitted.p50 }),
		milliOf("p99 ms", func(s strain) time.Duration { return s.admitted.p99 }),
		{"x unloaded", func(r result, name string, load float64) string {
			return figure(r.overloadFigure(name, func(s *overloadSample) float64 { return s.slowdown(load) }))
		}},
		percentOf("refused", func(s strain) float64 { return s.share(limited, shed) }),
		percentOf("gave up", func(s strain) float64 { return s.share(gaveUp) }),
		percentOf("CPU", func(s strain) float64 { return s.busy }),
		{"normal after s", func(r result, name string, load float64) string {
			return figure(r.stepFigure(name, load, func(s strain) float64 { return s.normal }))
		}},
	}
}

// causeColumns are the rest.
func causeColumns() []column {
	return []column{
		{"attempts/visit", func(r result, name string, load float64) string {
			return figure(r.stepFigure(name, load, func(s strain) float64 { return float64(s.attempts) / float64(s.visits) }))
		}},
		percentOf("429", func(s strain) float64 { return s.share(limited) }),
		percentOf("503", func(s strain) float64 { return s.share(shed) }),
		percentOf("broken", func(s strain) float64 { return s.share(broken) }),
		percentOf("no connection", func(s strain) float64 { return s.share(crowdedUp) }),
		milliOf("refusal p50 ms", func(s strain) time.Duration { return s.refusals.p50 }),
		milliOf("refusal p99 ms", func(s strain) time.Duration { return s.refusals.p99 }),
		percentOf("workers busy", func(s strain) float64 { return s.working }),
		percentOf("in vain", func(s strain) float64 { return s.wasted }),
		milliOf("generator late p99 ms", func(s strain) time.Duration { return s.late }),
	}
}

// percentOf is a column of a share.
func percentOf(head string, share func(strain) float64) column {
	return column{head, func(r result, name string, load float64) string {
		return percent(r.stepFigure(name, load, share))
	}}
}

// percent prints a share; what is not quite nothing is not shown as nothing.
func percent(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v > 0 && v < 0.001:
		return "< 0.1 %"
	default:
		return fmt.Sprintf("%.1f %%", 100*v)
	}
}

// milliOf is a column of a time; none is a dash, as nobody was there to wait.
func milliOf(head string, took func(strain) time.Duration) column {
	return column{head, func(r result, name string, load float64) string {
		v := r.stepFigure(name, load, func(s strain) float64 { return took(s).Seconds() * 1000 })
		if v == 0 {
			v = math.NaN()
		}
		return figure(v)
	}}
}
