package main

import (
	"cmp"
	"slices"
	"time"

	"sluice/server"
)

// A need is how much a Pool wants a look. What has less stands further up.
type need int

const (
	alarming need = iota // no Upstream of it gets requests
	troubled
	well
)

// queues are when Pools had a queue last. By one that comes and goes within
// seconds a Pool would move up and down all the time.
type queues map[string]time.Time

// queueKept is for how long a queue is a trouble after its end.
const queueKept = 10 * time.Second

// note takes in one look of several.
func (q queues) note(s *server.Status) {
	for _, p := range s.Pools {
		if past := s.Time.Sub(q[p.Name]); p.Queued > 0 {
			q[p.Name] = s.Time
		} else if past < 0 || past >= queueKept { // or the clock was set
			delete(q, p.Name)
		}
	}
}

// needs says how much each Pool wants a look, by name. The page has the same rule.
func needs(s *server.Status, lately queues) map[string]need {
	all := make(map[string]need, len(s.Pools))
	for _, p := range s.Pools {
		_, queued := lately[p.Name]
		switch {
		case p.Available <= 0:
			all[p.Name] = alarming
		case p.Available < len(p.Upstreams) || p.Shedding || p.FailsOpen || p.Queued > 0 || queued || slices.ContainsFunc(p.Upstreams, isNotIn):
			all[p.Name] = troubled
		default:
			all[p.Name] = well
		}
	}
	for _, problem := range s.Problems {
		name := problem.Params["pool"]
		if all[name] == well { // or there is none of that name
			all[name] = troubled
		}
	}
	return all
}

func isNotIn(u server.UpstreamStatus) bool { return u.State != "in" }

// arrange puts what needs a look before what is well: Pools, the Upstreams of
// each, Sites and certificates. As long as they are of the same kind they stay
// where they are.
func arrange(s *server.Status, lately queues) {
	for _, p := range s.Pools {
		slices.SortStableFunc(p.Upstreams, func(a, b server.UpstreamStatus) int {
			return cmp.Compare(urgency(a), urgency(b))
		})
	}
	of := needs(s, lately)
	slices.SortStableFunc(s.Pools, func(a, b server.PoolStatus) int {
		return cmp.Or(cmp.Compare(of[a.Name], of[b.Name]), cmp.Compare(a.Name, b.Name))
	})
	arrangeSites(s)
	slices.SortStableFunc(s.Certificates, func(a, b server.CertificateStatus) int {
		return cmp.Or(yesFirst(isOdd(a, s.Time), isOdd(b, s.Time)), a.NotAfter.Compare(b.NotAfter), slices.Compare(a.Names, b.Names))
	})
}

// urgency is where an Upstream stands among others: less is further up.
func urgency(u server.UpstreamStatus) int {
	switch {
	case u.State == "out":
		return 0
	case u.State != "in":
		return 1
	case u.Draining || u.Share < 1:
		return 2
	}
	return 3
}

// arrangeSites puts those first that are not simply open, then goes by name.
func arrangeSites(s *server.Status) {
	waited := make(map[string]bool)
	for _, room := range s.Rooms {
		waited[room.Site] = room.Waiting > 0
	}
	slices.SortStableFunc(s.Sites, func(a, b server.SiteStatus) int {
		return cmp.Or(yesFirst(a.Maintenance != nil, b.Maintenance != nil), yesFirst(waited[a.Name], waited[b.Name]), cmp.Compare(a.Name, b.Name))
	})
}

// soonEnding is how long before its end a certificate stands further up.
const soonEnding = 14 * 24 * time.Hour

// isOdd reports whether a certificate wants a look.
func isOdd(c server.CertificateStatus, now time.Time) bool {
	return c.Failure != "" || c.StandIn || len(c.Warnings) > 0 || c.NotAfter.Before(now.Add(soonEnding))
}

func yesFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
