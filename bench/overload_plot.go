package main

import (
	"fmt"
	"math"
	"slices"
)

// overloadPlot draws goodput and p99 over the offered load, a line an entrant.
func overloadPlot(r result) string {
	loads := slices.Concat([]float64{unloadedAt}, overloads())
	goodput := panel{
		title:  "goodput by capacity; dashed: as much as is asked for",
		ticks:  []float64{0, 0.2, 0.4, 0.6, 0.8, 1, 1.1},
		format: func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) },
		marks:  []float64{0.95},
	}
	p99 := panel{
		title:  "p99 of the admitted in ms (who gives up does so after " + fmt.Sprint(patience) + ")",
		log:    true,
		ticks:  []float64{20, 50, 100, 200, 500, 1000},
		format: func(v float64) string { return fmt.Sprintf("%.0f", v) },
	}
	c := chart{title: r.work.id + ": " + r.work.title, xTitle: "offered load by capacity", xs: loads}
	for _, name := range r.names {
		if r.failed[name] != nil || len(r.samples[name]) == 0 {
			continue
		}
		var good, slow []float64
		for _, load := range loads {
			good = append(good, r.stepFigure(name, load, func(s strain) float64 { return s.goodput }))
			slow = append(slow, r.stepFigure(name, load, func(s strain) float64 {
				if s.admitted.p99 == 0 { // nobody was admitted
					return math.NaN()
				}
				return s.admitted.p99.Seconds() * 1000
			}))
		}
		c.series = append(c.series, name)
		goodput.values = append(goodput.values, good)
		p99.values = append(p99.values, slow)
	}
	c.panels = []panel{goodput, p99}
	return c.SVG()
}
