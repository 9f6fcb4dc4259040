package main

import (
	"slices"
	"time"
)

const (
	normalWindow = 100 * time.Millisecond
	// normalTimes is how many times the unloaded p99 that of a window may be.
	normalTimes = 1.5
	// normalRow is how many windows in a row say that all is well again. One of
	// them may be slow: a window has 40 answers, so its p99 is the slowest, and
	// without any overload three windows in a hundred are too slow.
	normalRow     = 10
	normalOutlier = 1
)

// normalAgain finds when all was well again in visits whose due times count
// from when the load dropped: the begin of the first windows in a row with a
// p99 near the unloaded one and nobody refused or failed. Only whole windows
// before end are looked at.
func normalAgain(visits []visit, unloaded time.Duration, end time.Duration) (time.Duration, bool) {
	windows := make([]window, int(end/normalWindow))
	for _, v := range visits {
		if i := int(v.due / normalWindow); i < len(windows) {
			windows[i].add(v)
		}
	}
	limit := time.Duration(normalTimes * float64(unloaded))
	for i := 0; i+normalRow <= len(windows); i++ {
		if wellInARow(windows[i:i+normalRow], limit) {
			return time.Duration(i) * normalWindow, true
		}
	}
	return 0, false
}

// window is the visits that were due in a short time.
type window struct {
	took   []time.Duration
	failed bool // somebody did not get a good answer, or only after a retry
}

func (w *window) add(v visit) {
	w.took = append(w.took, v.took)
	if v.outcome != good || v.attempts > 1 {
		w.failed = true
	}
}

// wellInARow reports whether nobody failed and few windows were slow, the
// first not among them.
func wellInARow(row []window, limit time.Duration) bool {
	slow := 0
	for i, w := range row {
		slices.Sort(w.took)
		if w.failed {
			return false
		}
		if percentile(w.took, 99) > limit {
			if slow++; i == 0 || slow > normalOutlier {
				return false
			}
		}
	}
	return true
}
