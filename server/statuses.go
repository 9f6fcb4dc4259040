package server

import (
	"encoding/json"
	"sync"
	"time"
)

const (
	// statusAge is how old a Status may be that is given out: however many look,
	// there is a new one four times a second at most, besides those after changes.
	statusAge = 250 * time.Millisecond
	// statusShare: making them takes at most one part in so many of the time,
	// also with a hundred thousand connections to look at.
	statusShare = 20
	// maxStatusTexts is how many lengths of Series are kept as JSON.
	maxStatusTexts = 8
	// statusSeconds is how long Series are when nobody says.
	statusSeconds = 60
)

// statuses gives out what a Status is for as long as it is new enough.
type statuses struct {
	mu    sync.Mutex
	last  *Status        // guarded by mu, as what follows; its Series are whole
	until time.Time      // for how long
	texts map[int][]byte // as JSON, by the length of its Series
}

// Status says how the Server is, with the Series of so many last seconds; 0: 60.
// Many callers share it: it is not to be changed. It may be called by anyone
// after Listen.
func (s *Server) Status(seconds int) *Status {
	v := &s.statuses
	v.mu.Lock()
	defer v.mu.Unlock()
	s.renewStatus()
	return v.last.with(seconds)
}

// StatusText is Status as JSON.
func (s *Server) StatusText(seconds int) []byte {
	v := &s.statuses
	v.mu.Lock()
	defer v.mu.Unlock()
	s.renewStatus()
	if text := v.texts[seconds]; text != nil {
		return text
	}
	text, err := json.Marshal(v.last.with(seconds))
	if err != nil {
		panic("internal error: a Status is no JSON: " + err.Error())
	}
	if len(v.texts) < maxStatusTexts {
		v.texts[seconds] = text
	}
	return text
}

// renewStatus makes a Status if the last one is too old. statuses.mu is held.
func (s *Server) renewStatus() {
	v := &s.statuses
	began := time.Now()
	if v.last != nil && began.Before(v.until) {
		return
	}
	v.last = s.gather(began)
	ended := time.Now()
	v.until = began.Add(max(statusAge, statusShare*ended.Sub(began)))
	v.texts = make(map[int][]byte)
}

// outdate has the next who looks get a new Status: something was changed by hand,
// and whoever did that looks what has come of it. The caller holds no lock that
// gather takes.
func (v *statuses) outdate() {
	v.mu.Lock()
	v.until = time.Time{}
	v.mu.Unlock()
}

// with returns t with Series of so many seconds.
func (t *Status) with(seconds int) *Status {
	if seconds <= 0 {
		seconds = statusSeconds
	}
	c := *t
	c.Series = t.Series.last(seconds)
	return &c
}
