package upstream

import (
	"fmt"
	"math"
	"time"

	"sluice/message"
)

// service is who may be picked at present. It is immutable.
type service struct {
	picker
	members int
	open    bool // it fails open
	// desperate: nobody is in service, so that any request may be a trial.
	desperate bool
	none      *message.Failure // why nobody can be picked; nil: somebody can
}

// inService counts those in service, without one. The caller holds fleet.mu.
func (p *Pool) inService(without *Upstream) (n int) {
	for i := range p.members {
		if m := &p.members[i]; m.up != without && m.usable() && m.up.health.state == StateIn {
			n++
		}
	}
	return n
}

// usable reports that nobody has asked to leave it alone.
func (m *member) usable() bool { return !m.drain && !m.up.drained.Load() }

// fewest is how many must be in service, or it fails open.
func (p *Pool) fewest() int {
	return max(1, int(math.Ceil(p.minHealthy*float64(len(p.members)))))
}

// arrange swaps in those that may be picked now. It costs some nanoseconds a
// member, which a change of state can bear. The caller holds fleet.mu.
func (p *Pool) arrange(now time.Time) {
	serving := p.inService(nil)
	open := serving < p.fewest()
	s := &service{members: len(p.members), desperate: serving == 0}
	// Where nobody could connect there is nobody to ask.
	lastResort := func(h *health) bool { return open && h.state == StateOut && h.by != byDial }
	usable := func(m *member) bool {
		h := &m.up.health
		return m.usable() && (h.state == StateIn || h.state == StateTrial || lastResort(h))
	}
	askable := 0
	for i := range p.members {
		if m := &p.members[i]; usable(m) {
			askable++
			s.open = s.open || lastResort(&m.up.health)
		}
	}
	s.picker = p.balancer.arrange(usable, now)
	if askable == 0 {
		s.none = p.none()
	}
	before := p.service.Swap(s)
	if before != nil && before.open != s.open {
		state := StateIn
		if s.open {
			state = StateOut
		}
		p.fleet.events = append(p.fleet.events, Event{At: now, Pool: p.Name, State: state})
	}
}

// none says why nobody may be picked: by the one that went out last. The
// caller holds fleet.mu.
func (p *Pool) none() *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseDial,
		Cause: message.CauseDestinationUnavailable,
	}
	var last *Upstream
	for _, m := range p.members {
		if h := &m.up.health; h.why != nil && (last == nil || h.since.After(last.health.since)) {
			last = m.up
		}
	}
	switch {
	case len(p.members) == 0 && p.missing != nil:
		return p.missing
	case len(p.members) == 0:
		f.Err = fmt.Errorf("pool %s has no upstreams", p.Name)
	case last == nil:
		f.Err = fmt.Errorf("pool %s: all of %d upstreams are drained", p.Name, len(p.members))
	default:
		f.Where = last.Address
		f.Err = fmt.Errorf("pool %s: all of %d upstreams are out, the last one: %w", p.Name, len(p.members), last.health.why)
	}
	return f
}
