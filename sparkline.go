package main

import "math"

// blocks are how high a value is. The lowest one is for nothing at all, so that
// what is seldom can be seen beside what is often.
var blocks = [...]rune{'▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'}

// sparkline draws the last values, one a column, the highest as high as a line.
func sparkline(values []float64, most int) (drawn string, highest float64) {
	values = values[max(0, len(values)-max(most, 0)):]
	for _, v := range values {
		if v > highest && !math.IsInf(v, 0) {
			highest = v
		}
	}
	line := make([]rune, len(values))
	for i, v := range values {
		step := 0
		if v > 0 { // which NaN is not
			step = 1 + int(math.Min(v/highest, 1)*float64(len(blocks)-2))
		}
		line[i] = blocks[step]
	}
	return string(line), highest
}
