package config

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Room is the waiting room of a Site.
type Room struct {
	On        bool
	Rate      float64 // new visitors let in a second; 0: any, once it has opened
	Burst     int
	Title     string        // what people wait for; empty: nothing is said
	NotBefore time.Time     // opens; zero: it is open
	NotAfter  time.Time     // closes; zero: never
	Stay      time.Duration // of those let in, without having to wait again
}

const (
	longestTitle = 80 // characters
	shortestStay = time.Minute
)

// room reads [site.waiting_room].
func (s section) room() Room {
	if !s.written("waiting_room") {
		return Room{}
	}
	r := s.table("waiting_room")
	v := Room{On: true, Title: read(r, "title", parseTitle), Stay: read(r, "stay", durationBetween(shortestStay, longestStay))}
	v.Rate, v.Burst = r.rate()
	if r.written("not_before") {
		v.NotBefore = read(r, "not_before", parseMoment)
	}
	if r.written("not_after") {
		v.NotAfter = read(r, "not_after", parseMoment)
	}
	switch {
	case !r.written("rate") && !r.misspelt("rate") && !r.written("not_before") && !r.written("not_after"):
		r.missing("rate")
	case !v.NotBefore.IsZero() && !v.NotAfter.IsZero() && !v.NotBefore.Before(v.NotAfter):
		r.fail("not_after", "write a time after not_before", "the end is not after the beginning")
	}
	return v
}

func parseTitle(text string) (string, *flaw) {
	if utf8.RuneCountInString(text) > longestTitle || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
		return "", flawed("write at most 80 characters on one line", "%s cannot be a title", shorten(text))
	}
	return text, nil
}

// parseMoment reads a time with its zone (RFC 3339).
func parseMoment(text string) (time.Time, *flaw) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, flawed(`write date, time and zone, such as "2026-12-01T20:00:00+08:00"`, "%s is not a time with its zone", shorten(text))
	}
	return t, nil
}
