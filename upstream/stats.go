package upstream

import (
	"time"

	"sluice/message"
)

// Stats is what a Pool was like at one moment.
type Stats struct {
	Pool      string
	Available int   // Upstreams in service or on trial
	FailsOpen bool  // too few are, so that some that are out are asked too
	Requests  int64 // of the last ten seconds, as the Budget counts
	Retries   int64
	Missing   string // why there are no Upstreams, in words; empty if there are
	Upstreams []UpstreamStats
}

// UpstreamStats is what one Upstream was like.
type UpstreamStats struct {
	Address  string
	Name     string // the DNS name that led there
	Weight   int
	State    State
	Draining bool
	Share    float64          // of its weight, less than 1 while it starts slowly
	Since    time.Time        // when it came to this state
	Until    time.Time        // when the pause ends, if it is out
	Why      string           // what took it out last, in words; empty if nothing did
	Failure  *message.Failure // the same; nil if nothing did

	Requests uint64 // Attempts
	Failures uint64 // Attempts that the Upstream failed
	InFlight int
	Idle     int
}

// Stats takes a snapshot. Counters go on while it is taken.
func (p *Pool) Stats() Stats {
	s := Stats{Pool: p.Name, FailsOpen: p.FailsOpen()}
	now := time.Now()
	s.Requests, s.Retries = p.Budget.Recent(now)
	members, health, missing := p.snapshot(now, &s)
	if len(members) == 0 && missing != nil {
		s.Missing = missing.Error()
	}
	for i, m := range members {
		us, u := &s.Upstreams[i], m.up
		us.fromHealth(&health[i])
		us.Address, us.Name, us.Weight = u.Address, u.Name, m.weight
		us.Draining = !m.usable()
		us.Requests, us.Failures = u.requests.Load(), u.failures.Load()
		us.InFlight, us.Idle = u.InFlight(), u.idle.len()
		if us.State == StateIn || us.State == StateTrial {
			s.Available++
		}
	}
	return s
}

// snapshot copies what fleet.mu guards, so that words are made without it.
func (p *Pool) snapshot(now time.Time, s *Stats) (members []member, all []health, missing error) {
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	members = p.members // replaced, never changed
	s.Upstreams = make([]UpstreamStats, len(members))
	all = make([]health, len(members))
	for i, m := range members {
		all[i] = m.up.health
		s.Upstreams[i].Share = float64(m.up.share(now)) / 1000
	}
	if p.missing != nil {
		missing = p.missing
	}
	return members, all, missing
}

// fromHealth fills in the part that health knows.
func (s *UpstreamStats) fromHealth(h *health) {
	s.State, s.Since = h.state, h.since
	if h.state == StateOut {
		s.Until = h.until
	}
	if h.why != nil {
		s.Why, s.Failure = h.why.Error(), h.why
	}
}
