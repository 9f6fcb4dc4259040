package server

import (
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	// maxEvents is how many Events are remembered.
	maxEvents = 200
	// maxEventText bounds the words of each: a refused Reload may name a
	// thousand mistakes.
	maxEventText = 2 << 10
	// shownEvents is how many of them a Status has, and shownAlike how many of one
	// code: an Upstream that comes and goes hides nothing else.
	shownEvents = 20
	shownAlike  = 8
)

// timeline remembers what has happened to Sluice lately. Its nil remembers
// nothing.
type timeline struct {
	mu     sync.Mutex
	events []Event // guarded by mu; the oldest first
}

// add remembers an Event that has happened now. params are names and values in
// turns; those without a value are left out. Of Events that say the same in a
// row one is kept, with their number.
func (t *timeline) add(level, code, text string, params ...string) {
	if t == nil {
		return
	}
	e := Event{Time: time.Now(), Level: level, Code: code, Text: cut(text, maxEventText), Times: 1}
	for pair := range slices.Chunk(params, 2) {
		if pair[1] == "" {
			continue
		}
		if e.Params == nil {
			e.Params = make(map[string]string, len(params)/2)
		}
		e.Params[pair[0]] = cut(pair[1], maxEventText)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.events); n > 0 && t.events[n-1].says(&e) {
		t.events[n-1].Time = e.Time
		t.events[n-1].Times++
		return
	}
	if len(t.events) == maxEvents {
		t.makeRoom()
	}
	t.events = append(t.events, e)
}

// makeRoom forgets the oldest Event of the code that there are most of: when a
// thousand Upstreams are gone, that is no reason to forget what led there. mu is
// held.
func (t *timeline) makeRoom() {
	count := make(map[string]int)
	most := ""
	for i := range t.events {
		code := t.events[i].Code
		if count[code]++; count[code] > count[most] {
			most = code
		}
	}
	i := slices.IndexFunc(t.events, func(e Event) bool { return e.Code == most })
	t.events = slices.Delete(t.events, i, i+1)
}

// says reports whether two Events say the same.
func (e *Event) says(other *Event) bool {
	return e.Code == other.Code && e.Level == other.Level && e.Text == other.Text && maps.Equal(e.Params, other.Params)
}

// last returns the newest Events, the newest first; at most that many.
func (t *timeline) last(most int) []Event { return t.newest(most, maxEvents) }

// shown returns what a Status has.
func (t *timeline) shown() []Event { return t.newest(shownEvents, shownAlike) }

// newest returns the newest Events, the newest first: at most so many, of which so
// many have the same code.
func (t *timeline) newest(most, alike int) []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []Event{}
	count := make(map[string]int)
	for i := len(t.events) - 1; i >= 0 && len(all) < most; i-- {
		e := t.events[i]
		if count[e.Code]++; count[e.Code] > alike {
			continue
		}
		if e.Times == 1 {
			e.Times = 0 // which JSON leaves out
		}
		all = append(all, e)
	}
	return all
}

// cut returns at most so many bytes of a text, and says where it was cut.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "..."
	for most -= len(mark); most > 0 && text[most]&0xc0 == 0x80; most-- {
		// not within a character
	}
	return text[:most] + mark
}
