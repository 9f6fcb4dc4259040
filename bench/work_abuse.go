package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// abuseSettle is how long after an attack memory is read for the last time.
const abuseSettle = 2 * time.Second

// abused are the proxies that are attacked: nginx is there to tell what is
// Sluice's own from what any proxy suffers on one core.
func abused() []string { return []string{sluiceName, "nginx"} }

// workAbuse is what a client notices while another attacks by HTTP/2.
func workAbuse() work {
	return work{
		id:         "H2ABUSE",
		name:       "HTTP/2 under attack, the worst",
		title:      "a well-behaved client's p99 under HTTP/2's abuses, by what it is without; one core",
		unit:       "x quiet p99",
		proxyCores: 1,
		entrants:   attackedByAll,
		measure:    underAttack,
		against:    []string{"nginx"},
		goal:       goal{ask: 3, absolute: true},
		mostRounds: 3,
		score:      worstRatio,
		body:       abuseTables,
		notes: []string{
			fmt.Sprintf("A client asks %d times a second over one HTTP/2 connection, first alone, then beside an attacker at full speed over one connection at a time; "+
				"latency counts from when a request was due. Medians of the rounds; peak, errors and counts of all rounds. "+
				"The controls are no attacks: without any attacker, and with one that connects, asks once and leaves, over and over.", clientRate),
		},
	}
}

// attackedByAll enters each proxy once an attack.
func attackedByAll(list []proxy) []entrant {
	var all []entrant
	for _, a := range attacks() {
		for _, e := range only(abused()...)(list) {
			e.attack = a
			e.name = attackedName(a, e.name)
			e.change = func(s *setup) { s.Abused = true }
			all = append(all, e)
		}
	}
	return all
}

// attackedName is the name of a proxy under an attack.
func attackedName(a attack, proxy string) string { return proxy + " under " + a.name }

// abuseSample is what one measurement under an attack gave.
type abuseSample struct {
	quiet, attacked phase
	before, after   int64 // resident memory in bytes
	tally           tally
}

// ratio is how many times the quiet p99 the attacked one is.
func (s abuseSample) ratio() float64 {
	return float64(s.attacked.latency.p99) / float64(s.quiet.latency.p99)
}

// phase is a time with or without an attack.
type phase struct {
	latency latency
	peak    int64   // most resident memory in bytes
	busy    float64 // share of its cores that the proxy used
}

// underAttack measures a client's latency without and with the attack.
func underAttack(ctx context.Context, m *measurement) (sample, error) {
	restore, err := m.makeRoom(ctx)
	if err != nil {
		return sample{}, err
	}
	defer restore()
	c := newClient(m.smallProbe())
	defer c.close()
	if c.run(ctx, warmUp); c.err != nil {
		return sample{}, fmt.Errorf("the well-behaved client, unattacked: %w", c.err)
	}
	var s abuseSample
	if s.quiet, err = m.observe(ctx, c); err != nil {
		return sample{}, err
	}
	if s.before, err = groupRSS(m.group); err != nil {
		return sample{}, err
	}
	if s.attacked, s.tally, err = m.observeAttacked(ctx, c); err != nil {
		return sample{}, err
	}
	if err := pause(ctx, abuseSettle); err != nil {
		return sample{}, err
	}
	s.after, err = groupRSS(m.group)
	return sample{value: s.ratio(), abuse: &s}, err
}

// observeAttacked lets the client ask beside the attack.
func (m *measurement) observeAttacked(ctx context.Context, c *client) (phase, tally, error) {
	if m.attack.open == nil && m.attack.flood == nil {
		p, err := m.observe(ctx, c)
		return p, tally{}, err
	}
	k, err := m.startAttack(ctx)
	if err != nil {
		return phase{}, tally{}, err
	}
	p, err := m.observe(ctx, c)
	t, stopErr := k.stop()
	if err := errors.Join(err, stopErr); err != nil {
		return phase{}, tally{}, err
	}
	if t.Frames == 0 {
		return phase{}, tally{}, fmt.Errorf("no frame of the attack was sent: %s", t.Failure)
	}
	return p, t, nil
}

// observe lets the client ask while memory and CPU are watched.
func (m *measurement) observe(ctx context.Context, c *client) (phase, error) {
	w, err := watchMemory(ctx, m.group)
	if err != nil {
		return phase{}, err
	}
	start := time.Now()
	before, err := groupCPU(m.group)
	if err != nil {
		_, _ = w.stop()
		return phase{}, err
	}
	p := phase{latency: c.run(ctx, m.length())}
	after, err := groupCPU(m.group)
	p.busy = (after - before).Seconds() / time.Since(start).Seconds() / float64(len(m.setup.Cores))
	var watchErr error
	if p.peak, watchErr = w.stop(); err == nil {
		err = watchErr
	}
	return p, err
}

// makeRoom moves this program off the core of the attacker. It also gives the
// runtime more processors than it has cores: the kernel wakes the client then,
// whatever else this program does.
func (m *measurement) makeRoom(ctx context.Context) (restore func(), err error) {
	client, _ := m.layout.load.split()
	if err := m.moveTo(ctx, client); err != nil {
		return nil, err
	}
	runtime.GOMAXPROCS(2*runtime.NumCPU() + 2)
	return func() {
		if err := m.moveTo(context.WithoutCancel(ctx), m.layout.load); err != nil {
			m.say("%v", err)
		}
		runtime.SetDefaultGOMAXPROCS()
	}, nil
}
