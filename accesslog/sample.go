package accesslog

import (
	"hash/maphash"
	"time"
)

// Rule says how many of the lines that it matches are written.
type Rule struct {
	Keep int // one of so many; 1: all, 0: none

	// What it matches; all of these together.
	Site        string        // empty: all
	Path        string        // one that ends in a slash: what is below it; else itself, too. Empty: all
	Least, Most int           // statuses from Least to Most; 0 and 0: all
	SlowerThan  time.Duration // Exchanges that took longer
}

// sampler decides which lines are written. It is fixed once it is in force.
type sampler struct {
	rules []Rule
	seed  maphash.Seed
}

// keep reports whether the line of e is written, and for how many it stands.
// The first rule that matches decides. What failed, was a Degraded answer or has
// a status from 500 on is left to no rule but those that are for such a status.
//
// One of so many is chosen by the hash of the request's ID: its seed is ours, so
// a client that chooses IDs cannot tell which are written.
func (s *sampler) keep(e *Entry) (of int, keep bool) {
	matters := e.Status >= 500 || e.Who != "" || e.Degraded != ""
	for i := range s.rules {
		r := &s.rules[i]
		if matters && (r.Most == 0 || r.Least < 400) || !r.matches(e) {
			continue
		}
		if r.Keep <= 1 {
			return 1, r.Keep == 1
		}
		return r.Keep, maphash.Bytes(s.seed, e.RequestID)%uint64(r.Keep) == 0
	}
	return 1, true
}

func (r *Rule) matches(e *Entry) bool {
	return (r.Most == 0 || r.Least <= e.Status && e.Status <= r.Most) &&
		(r.SlowerThan == 0 || e.Total > r.SlowerThan) &&
		(r.Site == "" || r.Site == e.Site) &&
		(r.Path == "" || below(r.Path, e.Path))
}

// below reports whether path, which may have a query, is matched by prefix.
func below(prefix string, path []byte) bool {
	n := len(prefix)
	if len(path) < n || string(path[:n]) != prefix {
		return false
	}
	return prefix[n-1] == '/' || len(path) == n || path[n] == '/' || path[n] == '?'
}

// Sample puts rules in force for the lines logged from now on; none: all are
// written. Rules that are in force must not be changed.
func (l *Log) Sample(rules []Rule) {
	if len(rules) == 0 {
		l.sampler.Store(nil)
		return
	}
	l.sampler.Store(&sampler{rules: rules, seed: l.seed})
}

// leavesOut reports whether e is not written because of a rule. It notes in e
// for how many its line stands.
func (l *Log) leavesOut(e *Entry) bool {
	s := l.sampler.Load()
	if s == nil {
		return false
	}
	of, keep := s.keep(e)
	if !keep {
		l.sampledOut.Add(1)
		return true
	}
	e.Sample = of
	return false
}
