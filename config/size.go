package config

import (
	"math"
	"strconv"
	"strings"
)

// sizeUnit is a unit of bytes.
type sizeUnit struct {
	suffix string
	bytes  int64
}

// sizeUnits has the longer suffixes first, for they end in the shorter ones.
var sizeUnits = []sizeUnit{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
	{"B", 1}, {"", 1},
}

// parseSize reads a number of bytes such as "32KiB", "64KB", "1MiB" or "4096".
func parseSize(text string) (int64, *flaw) {
	for _, u := range sizeUnits {
		digits, found := strings.CutSuffix(text, u.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > math.MaxInt64/u.bytes {
			break
		}
		return int64(n) * u.bytes, nil
	}
	return 0, flawed(`write a whole number and a unit (B, KB, KiB, MB, MiB), such as "32KiB"`, "%s is not a size", shorten(text))
}

// size returns the bytes of a key: a text with a unit, or a plain integer.
func (s section) size(name string, least, most int64) int {
	n := s.value(name)
	if n.kind == kindInteger {
		n = &node{kind: kindText, text: strings.ReplaceAll(n.text, "_", "")}
	}
	if n.kind != kindText {
		s.fail(name, s.spec.key(name).howTo(), "must be a size, not %s", n.kind)
		return 0
	}
	v, bad := parseSize(n.text)
	if bad == nil && (v < least || v > most) {
		bad = flawed("write "+showSize(least)+" to "+showSize(most), "%s is out of range", shorten(n.text))
	}
	if bad != nil {
		s.fail(name, bad.remedy, "%s", bad.problem)
		return 0
	}
	return int(v)
}

// showSize returns a number of bytes in the largest binary unit that fits.
func showSize(n int64) string {
	for _, u := range []sizeUnit{{"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}
