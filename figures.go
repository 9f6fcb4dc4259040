package main

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// count writes a number with its thousands apart.
func count(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// things writes a number of them.
func things(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return count(uint64(max(n, 0))) + " " + what
}

// figure writes a number as exactly as a person reads it.
func figure(f float64) string {
	switch {
	case math.IsNaN(f) || f < 0:
		return "-"
	case f == 0:
		return "0"
	case f < 9.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	case f < 1e15:
		return count(uint64(f + 0.5))
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}

// milliseconds writes how long something took.
func milliseconds(ms float64) string {
	switch {
	case ms < 1000:
		return figure(ms) + " ms"
	case ms < 100_000:
		return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
	}
	return figure(ms/1000) + " s"
}

// size writes a number of bytes.
func size(bytes float64) string {
	units := []string{"B", "KB", "MB", "GB", "TB"}
	i := 0
	for bytes >= 1000 && i < len(units)-1 {
		bytes /= 1000
		i++
	}
	return figure(bytes) + " " + units[i]
}

// length writes a time that has passed, or is to pass, in its largest unit.
func length(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(d, 0)/time.Second)
}

// age writes how long before now something was.
func age(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return length(now.Sub(t))
}
