package upstream

import (
	"net/netip"
	"time"
)

// Stats is what a Pool was like at one moment.
type Stats struct {
	Pool      string
	Available int   // Upstreams in service or on trial
	Requests  int64 // of the last ten seconds, as the Budget counts
	Retries   int64
	Upstreams []UpstreamStats
}

// UpstreamStats is what one Upstream was like.
type UpstreamStats struct {
	Address   string
	Weight    int
	State     State
	Since     time.Time // zero: from the start
	Until     time.Time // when the pause ends, if it is out
	Why       string    // what took it out last, in words; empty if nothing did
	Addresses []netip.AddrPort

	Requests uint64 // Attempts
	Failures uint64 // Attempts that the Upstream failed
	InFlight int
	Idle     int
}

// Stats takes a snapshot. Counters go on while it is taken.
func (p *Pool) Stats() Stats {
	s := Stats{Pool: p.Name, Upstreams: make([]UpstreamStats, len(p.Upstreams))}
	s.Requests, s.Retries = p.Budget.Recent(time.Now())
	health := p.healths()
	for i, u := range p.Upstreams {
		us := &s.Upstreams[i]
		*us = health[i].stats()
		us.Address, us.Weight = u.Address, u.Weight
		us.Addresses = u.addresses.Load().plain()
		us.Requests, us.Failures = u.requests.Load(), u.failures.Load()
		us.InFlight, us.Idle = u.InFlight(), u.idle.len()
		if us.State == StateIn || us.State == StateTrial {
			s.Available++
		}
	}
	return s
}

// healths copies what mu guards, so that words are made without holding it.
func (p *Pool) healths() []health {
	all := make([]health, len(p.Upstreams))
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, u := range p.Upstreams {
		all[i] = u.health
	}
	return all
}

// stats returns the part that health knows.
func (h *health) stats() UpstreamStats {
	s := UpstreamStats{State: h.state, Since: h.since}
	if h.state == StateOut {
		s.Until = h.until
	}
	if h.why != nil {
		s.Why = h.why.Error()
	}
	return s
}
