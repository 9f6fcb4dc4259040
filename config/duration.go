package config

import (
	"strconv"
	"strings"
	"time"
)

// durationBetween returns a parser of durations in a range.
func durationBetween(least, most time.Duration) func(string) (time.Duration, *flaw) {
	return func(text string) (time.Duration, *flaw) {
		d, err := parseDuration(text)
		if err != nil {
			return 0, flawed(`write a number and a unit (ms, s, m, h, d), such as "10s"`, "%s is not a duration", shorten(text))
		}
		if d < least || d > most {
			return 0, flawed("write "+showDuration(least)+" to "+showDuration(most), "%s is out of range", shorten(text))
		}
		return d, nil
	}
}

// parseDuration reads Go's form, and whole days: "90d".
func parseDuration(text string) (time.Duration, error) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		if days, err := strconv.ParseUint(number, 10, 16); err == nil {
			return time.Duration(days) * 24 * time.Hour, nil
		}
	}
	return time.ParseDuration(text)
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
	if day := 24 * time.Hour; d >= 2*day && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	text := d.String()
	if short, cut := strings.CutSuffix(text, "m0s"); cut {
		text = short + "m"
	}
	if short, cut := strings.CutSuffix(text, "h0m"); cut {
		text = short + "h"
	}
	return text
}
