package upstream

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sluice/http1"
	"sluice/message"
)

// Fleet is all Upstreams of the process. It keeps each once, whichever Pools
// have it, and looks after their health.
type Fleet struct {
	connect connectFunc
	notify  func(Event)
	kicked  chan struct{} // the prober has something new to look at

	// mu guards the health of every Upstream and what follows from it, in
	// every Pool too. Requests take it only when an Upstream fails or is back.
	mu       sync.Mutex
	all      map[key]*Upstream
	schedule schedule
	flying   int     // probes under way
	events   []Event // not yet told
	retired  bool

	telling sync.Mutex // held while notify runs, so that events keep their order
}

// NewFleet returns a Fleet without Upstreams. notify is told of each Upstream
// that goes out or comes back, in that order, one at a time. It runs on the
// goroutine that noticed, which may be a request's, so it must not block. It
// may call Stats. Nil: nobody is told.
func NewFleet(notify func(Event)) *Fleet {
	return &Fleet{connect: connectTCP, notify: notify, kicked: make(chan struct{}, 1), all: make(map[key]*Upstream)}
}

// Run looks after the Upstreams: it probes and checks them and sweeps idle
// connections. It returns when ctx has ended and all it started has ended too.
// The Fleet is retired then: Exchanges that still hold an Upstream may go on,
// but no connection is kept any more.
func (f *Fleet) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { f.tendAll(ctx) })
	f.sweepIdle(ctx)
	wg.Wait()
	f.mu.Lock()
	f.retired = true
	all := f.upstreams()
	f.mu.Unlock()
	for _, u := range all {
		closeAll(u.idle.retire())
		u.closeIdleH2()
	}
	return nil
}

// upstreams returns them all, in no order. The caller holds mu.
func (f *Fleet) upstreams() []*Upstream {
	all := make([]*Upstream, 0, len(f.all))
	for _, u := range f.all {
		all = append(all, u)
	}
	return all
}

// InFlight reports how many Attempts are under way at all Upstreams.
func (f *Fleet) InFlight() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.all {
		n += u.InFlight()
	}
	return n
}

// acquire returns the Upstream of a key for one more Pool, and whether it is a
// new one. The caller holds mu.
func (f *Fleet) acquire(k key, p *Pool) (u *Upstream, made bool) {
	if u = f.all[k]; u == nil {
		u, made = newUpstream(f, k, p.tls), true
		u.health.since = time.Now()
		f.all[k] = u
		if f.retired {
			u.idle.retire()
		}
	}
	u.pools = append(u.pools, p)
	return u, made
}

// drop takes one Pool off an Upstream; nobody's it is forgotten. It returns
// connections to close. The caller holds mu.
func (f *Fleet) drop(u *Upstream, p *Pool) []*http1.ClientConn {
	if i := slices.Index(u.pools, p); i >= 0 {
		u.pools = slices.Delete(u.pools, i, i+1)
	}
	if len(u.pools) > 0 {
		return nil
	}
	u.released = true
	u.closeIdleH2() // which takes no lock that is held here, and does not wait
	f.schedule.plan(u, time.Time{})
	delete(f.all, u.key)
	return u.idle.retire()
}

// failed takes u out, unless what failed tells of an earlier state, or u must
// not go on this evidence: a connection that is refused proves that nobody is
// there, but of those whose responses fail the last ones stay, for without
// them nobody would be answered at all.
func (f *Fleet) failed(u *Upstream, by evidence, began time.Time, why *message.Failure) {
	f.change(u, func(h *health, now time.Time) bool {
		if by == byResponse && h.state == StateIn && u.lastOne() {
			return false
		}
		return h.failed(by, began, now, why, rand.Float64())
	})
}

// reached brings u back after a connection that began then.
func (f *Fleet) reached(u *Upstream, began time.Time) {
	f.change(u, func(h *health, now time.Time) bool { return h.reached(began, now) })
}

// answered brings u back after a request that began then.
func (f *Fleet) answered(u *Upstream, began time.Time) {
	f.change(u, func(h *health, now time.Time) bool { return h.answered(began, now) })
}

// change lets one Upstream take a step, and all follow that must. It reports
// whether there was a change.
func (f *Fleet) change(u *Upstream, step func(h *health, now time.Time) bool) bool {
	f.mu.Lock()
	now := time.Now()
	if !step(&u.health, now) {
		f.mu.Unlock()
		return false
	}
	closing := f.follow(u, now)
	f.arrange(u, now)
	f.mu.Unlock()

	closeAll(closing)
	if State(u.state.Load()) == StateOut {
		u.closeIdleH2()
	}
	f.tell()
	return true
}

// follow does for one Upstream what its new state asks for, but for its Pools.
// It returns connections to close. The caller holds mu.
func (f *Fleet) follow(u *Upstream, now time.Time) []*http1.ClientConn {
	h := &u.health
	was := State(u.state.Load())
	u.trial.Store(false)
	u.state.Store(uint32(h.state))
	switch h.state {
	case StateIn:
		u.tally.clear()
		u.warm = now
		if u.settings.SlowStart < 0 || was == StateNew && h.why == nil && u.alone() {
			u.warm = time.Time{}
		}
		h.probe = time.Time{}
		if u.settings.Check.Active() {
			h.probe = now.Add(jittered(u.settings.Check.Interval, rand.Float64()))
		}
		f.event(u, Event{At: now, State: StateIn, For: now.Sub(h.gone), Why: h.why})
	case StateOut:
		f.event(u, Event{At: now, State: StateOut, For: h.until.Sub(now), Why: h.why})
	}
	f.plan(u, now)
	return u.idle.admitting(h.state == StateIn || h.state == StateTrial || h.by != byDial)
}

// event notes a change for each Pool. One that comes in for the first time is
// no news. The caller holds mu.
func (f *Fleet) event(u *Upstream, e Event) {
	if e.Why == nil {
		return
	}
	for _, p := range u.pools {
		e.Pool, e.Upstream = p.Name, u.Address
		f.events = append(f.events, e)
	}
}

// plan sets when tend must look at u next. The caller holds mu.
func (f *Fleet) plan(u *Upstream, now time.Time) {
	if u.released {
		return
	}
	f.schedule.plan(u, u.next(now))
	if u.place == 0 {
		kick(f.kicked)
	}
}

// arrange lets the Pools of u pick from those that may be picked now. The
// caller holds mu.
func (f *Fleet) arrange(u *Upstream, now time.Time) {
	for _, p := range u.pools {
		p.arrange(now)
	}
}

// rearrange is arrange for who does not hold mu.
func (f *Fleet) rearrange(u *Upstream) {
	f.mu.Lock()
	f.arrange(u, time.Now())
	f.mu.Unlock()
	f.tell()
}

// lastOne reports that a Pool of u would have too few left without it. The
// caller holds fleet.mu.
func (u *Upstream) lastOne() bool {
	return slices.ContainsFunc(u.pools, func(p *Pool) bool { return p.inService(u) < p.fewest() })
}

// alone reports that no Pool of u has anybody else in service. The caller
// holds fleet.mu.
func (u *Upstream) alone() bool {
	return !slices.ContainsFunc(u.pools, func(p *Pool) bool { return p.inService(u) > 0 })
}

// tell passes events on, in their order and without holding mu.
func (f *Fleet) tell() {
	f.telling.Lock()
	defer f.telling.Unlock()
	f.mu.Lock()
	events := f.events
	f.events = nil
	f.mu.Unlock()
	if f.notify == nil {
		return
	}
	for _, e := range events {
		f.notify(e)
	}
}

// kick wakes whoever waits on c, now or next.
func kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
