package config

import (
	"strings"
	"time"
)

// durationBetween returns a parser of durations in a range.
func durationBetween(least, most time.Duration) func(string) (time.Duration, *flaw) {
	return func(text string) (time.Duration, *flaw) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, flawed(`write a number and a unit (ms, s, m, h), such as "10s"`, "%s is not a duration", shorten(text))
		}
		if d < least || d > most {
			return 0, flawed("write "+showDuration(least)+" to "+showDuration(most), "%s is out of range", shorten(text))
		}
		return d, nil
	}
}

// wholeSeconds parses a duration that an HTTP Retry-After field can carry,
// which counts in seconds.
func wholeSeconds(least, most time.Duration) func(string) (time.Duration, *flaw) {
	parse := durationBetween(least, most)
	return func(text string) (time.Duration, *flaw) {
		d, bad := parse(text)
		if bad == nil && d%time.Second != 0 {
			return 0, flawed(`write whole seconds, such as "5s"`, "%s is not a whole number of seconds", shorten(text))
		}
		return d, bad
	}
}

// showDuration returns d as a person writes it: "1h", not "1h0m0s".
func showDuration(d time.Duration) string {
	text := d.String()
	if short, cut := strings.CutSuffix(text, "m0s"); cut {
		text = short + "m"
	}
	if short, cut := strings.CutSuffix(text, "h0m"); cut {
		text = short + "h"
	}
	return text
}
