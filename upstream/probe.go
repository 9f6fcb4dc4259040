package upstream

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"sluice/message"
)

// The prober's pace. It begins at most batch probes every pace, so ten
// thousand dead Upstreams cost five thousand dials a second and no more. No more than
// maxFlying probes wait for their time-out at a time.
const (
	pace      = 10 * time.Millisecond
	batch     = 50
	maxFlying = 512
	never     = time.Hour
)

// tendAll does what is due with each Upstream, until ctx ends: it tries
// whether those that are away can be connected to, checks those that want it,
// puts on trial whose pause is over and lets shares grow.
func (f *Fleet) tendAll(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		due, wake := f.tend(time.Now())
		for _, u := range due {
			wg.Go(func() { f.probe(ctx, u) })
		}
		timer.Reset(pace)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(wake)
		select {
		case <-ctx.Done():
			return
		case <-f.kicked:
		case <-timer.C:
		}
	}
}

// tend returns those to be probed now, and for how long there will be nothing
// more to do. What need not wait for the network it does itself.
func (f *Fleet) tend(now time.Time) (due []*Upstream, wake time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := make(map[*Pool]bool)
	for len(f.schedule) > 0 {
		u := f.schedule[0]
		if now.Before(u.due) {
			break
		}
		h := &u.health
		if h.ended(now) {
			f.follow(u, now)
			note(changed, u)
		}
		if h.state == StateIn && !u.warm.IsZero() {
			if now.Sub(u.warm) >= u.settings.SlowStart {
				u.warm = time.Time{}
			}
			note(changed, u)
		}
		if !u.probed && !h.probe.IsZero() && !now.Before(h.probe) {
			if len(due) == batch || f.flying == maxFlying {
				break // it stays the first
			}
			f.launch(u, now)
			due = append(due, u)
		}
		f.schedule.plan(u, u.next(now))
	}
	for p := range changed {
		p.arrange(now)
	}
	if len(f.schedule) == 0 {
		return due, never
	}
	return due, max(f.schedule[0].due.Sub(now), 0)
}

func note(changed map[*Pool]bool, u *Upstream) {
	for _, p := range u.pools {
		changed[p] = true
	}
}

// launch notes that a probe begins. The caller holds mu.
func (f *Fleet) launch(u *Upstream, now time.Time) {
	wait := nextProbe
	if u.settings.Check.Active() {
		wait = u.settings.Check.Interval
	}
	u.health.probe = now.Add(jittered(wait, rand.Float64()))
	u.probed = true
	f.flying++
}

// probe asks u whether it works, and takes the answer in.
func (f *Fleet) probe(ctx context.Context, u *Upstream) {
	began := time.Now()
	failure := u.ask(ctx)
	f.landed(u)
	if failure != nil && failure.Party != message.PartyUpstream {
		return // our own shortage, or we are ending: it says nothing about u
	}
	check := &u.settings.Check
	f.change(u, func(h *health, now time.Time) bool {
		switch {
		case !check.Active() && failure != nil:
			h.probeFailed(began, now)
			return false
		case !check.Active():
			return h.reached(began, now)
		case failure != nil:
			return h.checkFailed(began, now, check.UnhealthyAfter, failure, rand.Float64())
		}
		return h.passed(began, now, check.HealthyAfter)
	})
}

// landed notes that a probe has ended.
func (f *Fleet) landed(u *Upstream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	u.probed = false
	f.flying--
	f.plan(u, time.Now())
	if f.flying == maxFlying-1 {
		kick(f.kicked) // others wait for the place
	}
}
