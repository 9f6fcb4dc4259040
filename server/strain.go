package server

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"sluice/limiter"
	"sluice/proxy"
)

const (
	// strainEnds is for how long nothing must have been refused for load until
	// that is over.
	strainEnds = 10 * time.Second
	// limitEnds is for how long a Limit must have refused nothing until that it
	// refuses is news again. A trickle of refusals is to fill no timeline.
	limitEnds = 10 * time.Minute
)

// strain knows which Pools shed and which Limits refuse. It learns that from
// their counters, so that refusing costs nothing for it.
type strain struct {
	mu     sync.Mutex
	pools  map[*limiter.Admission]*refusing // guarded by mu
	limits map[*proxy.Limit]*refusing       // guarded by mu
	lately map[string]time.Time             // guarded by mu: when Pools that shed have done so last
}

// refusing is what one of them has refused.
type refusing struct {
	seen, from uint64    // the counter: now, and when it began
	last       time.Time // when it last grew; zero: it does not refuse
}

// looked is called each second.
func (s *Server) looked(now time.Time) {
	g := s.inForce.Load()
	s.strain.mu.Lock()
	defer s.strain.mu.Unlock()
	s.strain.lookAtPools(g, s.timeline, now)
	s.strain.lookAtLimits(g, s.timeline, now)
}

// lookAtPools tells which Pools have begun to shed and which have ended. mu is
// held.
func (t *strain) lookAtPools(g *generation, line *timeline, now time.Time) {
	lately := make(map[string]time.Time)
	pools := make(map[*limiter.Admission]*refusing, len(g.admissions))
	for name, a := range g.admissions {
		n := a.Stats()
		r := t.pools[a]
		if r == nil {
			r = &refusing{}
		}
		pools[a] = r
		began, ended := r.look(n.Shed+n.QueueFull+n.QueueTimeout, strainEnds, now)
		switch {
		case began:
			line.add(LevelWarn, "shedding_began", fmt.Sprintf(
				"The Pool %s has more to do than it bears: requests are refused, or get the last good copy.", name), "pool", name)
		case ended > 0:
			line.add(LevelInfo, "shedding_ended", fmt.Sprintf(
				"The Pool %s refuses no requests any more; it had refused %d.", name, ended), "pool", name, "count", strconv.FormatUint(ended, 10))
		}
		if !r.last.IsZero() {
			lately[name] = r.last
		}
	}
	t.pools, t.lately = pools, lately
}

// lookAtLimits tells which Limits have begun to refuse. mu is held.
func (t *strain) lookAtLimits(g *generation, line *timeline, now time.Time) {
	limits := make(map[*proxy.Limit]*refusing)
	for site, all := range g.limits {
		for _, l := range all {
			r := t.limits[l]
			if r == nil {
				r = &refusing{}
			}
			limits[l] = r
			refused, _ := l.Stats()
			if began, _ := r.look(refused, limitEnds, now); began {
				line.add(LevelWarn, "limited", fmt.Sprintf(
					"The limit %s of %s has begun to refuse requests.", l.Name, site), "site", site, "limit", l.Name)
			}
		}
	}
	t.limits = limits
}

// look takes what was refused so far. It reports whether that has begun, and how
// many it were when it has ended.
func (r *refusing) look(count uint64, patience time.Duration, now time.Time) (began bool, ended uint64) {
	grown := count > r.seen
	before := r.seen
	r.seen = count
	switch {
	case grown && r.last.IsZero():
		r.last, r.from = now, before
		return true, 0
	case grown:
		r.last = now
	case !r.last.IsZero() && now.Sub(r.last) >= patience:
		r.last = time.Time{}
		return false, count - r.from
	}
	return false, 0
}

// sheds reports whether a Pool has refused requests for load lately.
func (t *strain) sheds(pool string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return now.Sub(t.lately[pool]) < strainEnds
}
