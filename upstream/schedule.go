package upstream

import (
	"container/heap"
	"time"
)

// schedule is the Upstreams that something is to be done with, the first due
// first. It implements heap.Interface; place says where each stands.
type schedule []*Upstream

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

// Push implements heap.Interface.
func (s *schedule) Push(x any) {
	u := x.(*Upstream)
	u.place = len(*s)
	*s = append(*s, u)
}

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	u := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	u.place = -1
	return u
}

// plan sets when u is due; the zero time takes it out.
func (s *schedule) plan(u *Upstream, due time.Time) {
	u.due = due
	switch {
	case due.IsZero() && u.place >= 0:
		heap.Remove(s, u.place)
	case due.IsZero():
	case u.place >= 0:
		heap.Fix(s, u.place)
	default:
		heap.Push(s, u)
	}
}

// next returns when u is due: the first of its probe, the end of its pause,
// and the next step of its growing share.
func (u *Upstream) next(now time.Time) (due time.Time) {
	h := &u.health
	sooner := func(t time.Time) {
		if due.IsZero() || t.Before(due) {
			due = t
		}
	}
	if h.state == StateOut {
		sooner(h.until)
	}
	if !u.probed && !h.probe.IsZero() {
		sooner(h.probe)
	}
	if h.state == StateIn && !u.warm.IsZero() {
		step := max(u.settings.SlowStart/warmSteps, time.Millisecond)
		passed := max(now.Sub(u.warm), 0)
		sooner(u.warm.Add((passed/step + 1) * step))
	}
	return due
}
