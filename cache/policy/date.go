package policy

import (
	"bytes"
	"time"

	"sluice/grammar"
	"sluice/message"
)

// parseDate reads an HTTP-date in any of its three forms (RFC 9110 section
// 5.6.7) and returns it in seconds since 1970. now, in the same, says in which
// century a year of two digits is.
//
// It is strict on form, and not on two points: letters may be in any case ("a
// cache recipient SHOULD match the field value case-insensitively", RFC 9111
// section 4.2), and the day of the week need not be right, because nobody
// reads it.
func parseDate(b []byte, now int64) (seconds int64, ok bool) {
	switch comma := bytes.IndexByte(b, ','); {
	case comma == 3 && len(b) == len("Sun, 06 Nov 1994 08:49:37 GMT"):
		return parseIMF(b)
	case comma < 0 && len(b) == len("Sun Nov  6 08:49:37 1994"):
		return parseAsctime(b)
	case comma > 3:
		return parseRFC850(b, comma, now)
	}
	return 0, false
}

// parseIMF reads "Sun, 06 Nov 1994 08:49:37 GMT". b has that length.
func parseIMF(b []byte) (int64, bool) {
	if !isWeekday(b[:3]) || b[4] != ' ' || b[7] != ' ' || b[11] != ' ' || b[16] != ' ' || !isGMT(b[25:]) {
		return 0, false
	}
	return seconds(number(b[12:16]), monthOf(b[8:11]), number(b[5:7]), b[17:25])
}

// parseAsctime reads "Sun Nov  6 08:49:37 1994". b has that length.
func parseAsctime(b []byte) (int64, bool) {
	if !isWeekday(b[:3]) || b[3] != ' ' || b[7] != ' ' || b[10] != ' ' || b[19] != ' ' {
		return 0, false
	}
	day := b[8:10]
	if day[0] == ' ' {
		day = day[1:]
	}
	return seconds(number(b[20:24]), monthOf(b[4:7]), number(day), b[11:19])
}

// parseRFC850 reads "Sunday, 06-Nov-94 08:49:37 GMT".
func parseRFC850(b []byte, comma int, now int64) (int64, bool) {
	rest := b[comma+1:]
	if !isLongWeekday(b[:comma]) || len(rest) != len(" 06-Nov-94 08:49:37 GMT") ||
		rest[0] != ' ' || rest[3] != '-' || rest[7] != '-' || rest[10] != ' ' || !isGMT(rest[19:]) {
		return 0, false
	}
	year := number(rest[8:10])
	if year < 0 {
		return 0, false
	}
	return seconds(nearYear(year, now), monthOf(rest[4:7]), number(rest[1:3]), rest[11:19])
}

// nearYear returns the year that ends in two digits and is nearest to now:
// "Recipients [...] MUST interpret a timestamp that appears to be more than 50
// years in the future as representing the most recent year in the past that
// had the same last two digits" (RFC 9110 section 5.6.7).
func nearYear(digits int, now int64) int {
	this := time.Unix(now, 0).UTC().Year()
	year := this - this%100 + digits
	switch {
	case year > this+50:
		return year - 100
	case year <= this-50:
		return year + 100
	}
	return year
}

// seconds puts a date together; clock is "08:49:37". Negative numbers are
// those that were none. The second may be 60: leap seconds exist.
func seconds(year int, month time.Month, day int, clock []byte) (int64, bool) {
	hour, minute, second := number(clock[:2]), number(clock[3:5]), number(clock[6:8])
	if year < 0 || month == 0 || day < 1 || clock[2] != ':' || clock[5] != ':' ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false
	}
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day { // the month has no such day
		return 0, false
	}
	return t.Unix() + int64(hour*3600+minute*60+second), true
}

// number reads digits, -1 if there is anything else.
func number(digits []byte) int {
	n := 0
	for _, c := range digits {
		if !grammar.IsDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// isGMT reports " GMT".
func isGMT(b []byte) bool { return b[0] == ' ' && message.EqualFold(b[1:], "gmt") }

var months = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// monthOf returns the month, 0 if b is none.
func monthOf(b []byte) time.Month {
	for i, m := range months {
		if message.EqualFold(b, m) {
			return time.Month(i + 1)
		}
	}
	return 0
}

var weekdays = [...]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

func isWeekday(b []byte) bool {
	for _, d := range weekdays {
		if message.EqualFold(b, d[:3]) {
			return true
		}
	}
	return false
}

func isLongWeekday(b []byte) bool {
	for _, d := range weekdays {
		if message.EqualFold(b, d) {
			return true
		}
	}
	return false
}
