package upstream

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"sluice/message"
)

// The prober's pace. It begins at most batch probes every pace, so a thousand
// dead Upstreams cost a thousand dials a second and no more, and each is still
// seen within about a second of its return, as long as no more than maxFlying
// probes wait for their ConnectTimeout at a time.
const (
	pace      = 10 * time.Millisecond
	batch     = 10
	maxFlying = 256
	never     = time.Hour
)

// probeAway looks after those that are away, until ctx ends: it tries whether
// they can be connected to, and puts them on trial when their pause is over.
func (p *Pool) probeAway(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		due, wake := p.tend(time.Now())
		for _, u := range due {
			wg.Go(func() { p.probe(ctx, u) })
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
		case <-p.probeKick:
		case <-timer.C:
		}
	}
}

// tend puts on trial those whose pause is over and returns those to be probed
// now, and for how long there will be nothing more to do.
func (p *Pool) tend(now time.Time) (due []*Upstream, wake time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPauses(now)
	wake = never
	// The round goes on where the last one had to stop, or the first ones
	// would be due again before the last ones ever were.
	first := p.cursor
	for i := range p.away {
		at := (first + i) % len(p.away)
		u := p.away[at]
		h := &u.health
		if h.state == StateOut {
			wake = min(wake, h.until.Sub(now))
		}
		if h.state == StateResolving || u.probed {
			continue
		}
		if !now.Before(h.probe) && len(due) < batch && p.flying < maxFlying {
			h.probing(now, rand.Float64())
			u.probed = true
			p.flying++
			p.cursor = at + 1
			due = append(due, u)
			continue
		}
		wake = min(wake, h.probe.Sub(now))
	}
	return due, max(wake, 0)
}

// endPauses builds the ring once for all whose pause is over. The caller holds
// mu.
func (p *Pool) endPauses(now time.Time) {
	ended := false
	for _, u := range p.away {
		if u.health.ended(now) {
			p.follow(u, now)
			ended = true
		}
	}
	if ended {
		p.rebuild()
	}
}

// probe connects to u and hangs up.
func (p *Pool) probe(ctx context.Context, u *Upstream) {
	began := time.Now()
	nc, _, f := p.dial(ctx, u)
	p.mu.Lock()
	u.probed = false
	p.flying--
	if f != nil && f.Party == message.PartyUpstream {
		u.health.probeFailed(began, time.Now())
	}
	p.mu.Unlock()
	kick(p.probeKick)
	if f == nil {
		nc.Close()
		p.worked(u, began)
	}
}
