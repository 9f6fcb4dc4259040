package degraded

import (
	"strconv"
	"strings"
	"time"
)

// estimates are the words for how long a visitor waits.
type estimates struct {
	unknown string
	known   []estimate // the shortest first
	longer  string     // than all of known
}

// estimate is what is said of all waits up to a length.
type estimate struct {
	upTo time.Duration
	text string
}

// newEstimates renders the estimates in one language: by minutes up to ten, by
// five minutes up to an hour, and by half hours up to twelve. They are rounded
// up, since who is let in early does not mind, and no finer than an estimate of
// that length can be.
func newEstimates(w roomWords) estimates {
	count := func(words, n string) string { return w.estimate + strings.Replace(words, "0", n, 1) }
	all := []estimate{
		{time.Minute - time.Second, w.estimate + w.lessThanAMinute},
		{time.Minute, w.estimate + w.minute},
	}
	for m := 2; m < 60; {
		all = append(all, estimate{time.Duration(m) * time.Minute, count(w.minutes, strconv.Itoa(m))})
		if m++; m > 10 {
			m += 4
		}
	}
	all = append(all, estimate{time.Hour, w.estimate + w.hour})
	for h := 1; h < 12; h++ {
		d := time.Duration(h) * time.Hour
		all = append(all,
			estimate{d + 30*time.Minute, count(w.hours, strconv.Itoa(h)+w.half)},
			estimate{d + time.Hour, count(w.hours, strconv.Itoa(h+1))})
	}
	return estimates{w.unknown, all, w.estimate + w.longer}
}

// text returns what is said of a wait.
func (e *estimates) text(d time.Duration) string {
	if d <= 0 {
		return e.unknown
	}
	for i := range e.known {
		if d <= e.known[i].upTo {
			return e.known[i].text
		}
	}
	return e.longer
}
