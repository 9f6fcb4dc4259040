package upstream

import (
	"fmt"
	"math/rand/v2"
	"time"

	"sluice/http1"
	"sluice/message"
)

// dialFailed takes u out, unless the dial tells of an earlier state.
func (p *Pool) dialFailed(u *Upstream, began time.Time, f *message.Failure) {
	out := p.change(u, func(h *health, now time.Time) bool {
		return h.dialFailed(began, now, f, rand.Float64())
	})
	if out && u.name != nil {
		u.name.wanted.Store(true) // it may have moved
		kick(p.nameKick)
	}
}

// worked brings u back after something that began then got through to it.
func (p *Pool) worked(u *Upstream, began time.Time) {
	p.change(u, func(h *health, now time.Time) bool { return h.worked(began, now) })
}

// change lets one Upstream take a step, and all follow that must. It reports
// whether there was a change.
func (p *Pool) change(u *Upstream, step func(h *health, now time.Time) bool) bool {
	p.mu.Lock()
	now := time.Now()
	if !step(&u.health, now) {
		p.mu.Unlock()
		return false
	}
	closing := p.follow(u, now)
	p.rebuild()
	p.mu.Unlock()

	closeAll(closing)
	p.tell()
	return true
}

// follow does for one Upstream what its new state asks for, but for the ring.
// It returns connections to close. The caller holds mu.
func (p *Pool) follow(u *Upstream, now time.Time) []*http1.ClientConn {
	state := u.health.state
	u.trial.Store(false)
	u.state.Store(uint32(state))
	switch state {
	case StateIn:
		p.remove(u)
		if why := u.health.why; why != nil && why.Phase != message.PhaseResolve {
			p.events = append(p.events, Event{At: now, Pool: p.Name, Upstream: u.Address,
				State: StateIn, For: now.Sub(u.health.gone), Why: why})
		}
	case StateOut:
		p.add(u)
		p.events = append(p.events, Event{At: now, Pool: p.Name, Upstream: u.Address,
			State: StateOut, For: u.health.until.Sub(now), Why: u.health.why})
		kick(p.probeKick)
	case StateResolving:
		p.add(u)
	}
	return u.idle.admitting(u.pickable())
}

// add and remove keep the list of those away. The caller holds mu.
func (p *Pool) add(u *Upstream) {
	if u.place == 0 {
		p.away = append(p.away, u)
		u.place = len(p.away)
	}
}

func (p *Pool) remove(u *Upstream) {
	if u.place == 0 {
		return
	}
	last := p.away[len(p.away)-1]
	p.away[u.place-1] = last
	last.place = u.place
	p.away = p.away[:len(p.away)-1]
	u.place = 0
}

// rebuild swaps in the ring of those that may be picked now. It costs some
// nanoseconds a slot, which a state change can bear. The caller holds mu.
func (p *Pool) rebuild() {
	r := p.balancer.within()
	if len(r.slots) == 0 {
		r.none = p.none()
	}
	p.balancer.ring.Store(r)
}

// none says why nobody may be picked: by the name that cannot be resolved if
// that is all there is, else by the one that went out last. The caller holds
// mu.
func (p *Pool) none() *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseDial,
		Cause: message.CauseDestinationUnavailable,
	}
	var last *Upstream
	dialled := false
	for _, u := range p.Upstreams {
		out := u.health.state == StateOut
		if last == nil || out && !dialled || out == dialled && u.health.since.After(last.health.since) {
			last, dialled = u, out
		}
	}
	if last == nil {
		f.Err = fmt.Errorf("pool %s has no upstreams", p.Name)
		return f
	}
	if !dialled {
		f.Phase, f.Cause = message.PhaseResolve, last.health.why.Cause
	}
	f.Where = last.Address
	f.Err = fmt.Errorf("pool %s: all of %d upstreams are out, the last one: %w", p.Name, len(p.Upstreams), last.health.why)
	return f
}

// tell passes events on, in their order and without holding mu.
func (p *Pool) tell() {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.mu.Lock()
	events := p.events
	p.events = nil
	p.mu.Unlock()
	if p.notify == nil {
		return
	}
	for _, e := range events {
		p.notify(e)
	}
}

// kick wakes whoever waits on c, now or next.
func kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
