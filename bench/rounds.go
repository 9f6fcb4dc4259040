package main

import (
	"context"
	"fmt"
)

// result is what a work gave.
type result struct {
	work    work
	layout  layout
	names   []string // entrants in their order
	samples map[string][]sample
	failed  map[string]error // entrants that did not do the work, and why
	skipped string           // why nothing was measured
}

// measureAll measures the works one after another.
func (b *bench) measureAll(ctx context.Context, works []work) ([]result, error) {
	var results []result
	for _, w := range works {
		r, err := b.measureWork(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.id, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// measureWork runs all rounds of one work. Only what no entrant is to blame
// for is an error.
func (b *bench) measureWork(ctx context.Context, w work) (result, error) {
	r := result{work: w, layout: layoutFor(b.machine.cores, w.proxyCores), samples: map[string][]sample{}, failed: map[string]error{}}
	entrants := w.entrants(b.proxies())
	for _, e := range entrants {
		r.names = append(r.names, e.name)
	}
	switch {
	case len(entrants) == 0:
		r.skipped = "not measured: there is no Sluice to measure"
	case w.proxyCores > 1 && len(b.machine.cores) <= w.proxyCores:
		r.skipped = fmt.Sprintf("not measured: it takes more than %d cores, this machine has %d", w.proxyCores, len(b.machine.cores))
	}
	if r.skipped != "" {
		b.say("%s %s", w.id, r.skipped)
		return r, nil
	}
	b.say("%s %s", w.id, w.title)
	o, err := b.startOrigin(ctx, r.layout.origin)
	if err != nil {
		return r, err
	}
	return r, stopAfter(o.process, b.runRounds(ctx, &r, entrants, o))
}

// runRounds measures each entrant once a round, another one first each time.
// One that fails is not measured again.
func (b *bench) runRounds(ctx context.Context, r *result, entrants []entrant, o *origin) error {
	rounds := b.rounds
	if most := r.work.mostRounds; most > 0 {
		rounds = min(rounds, most)
	}
	for round := range rounds {
		for i := range entrants {
			e := entrants[(round+i)%len(entrants)]
			if r.failed[e.name] != nil {
				continue
			}
			s, err := b.measureOnce(ctx, r.work, e, o, r.layout)
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted: %w", ctx.Err())
			}
			if err != nil {
				b.say("  round %d  %-10s FAILED: %v", round+1, e.name, err)
				r.failed[e.name] = err
				continue
			}
			b.say("  round %d  %-10s %s %s", round+1, e.name, figure(s.value), r.work.unit)
			r.samples[e.name] = append(r.samples[e.name], s)
		}
	}
	return nil
}

// firstFailure is the error of a run in which some entrant failed.
func firstFailure(results []result) error {
	for _, r := range results {
		for _, name := range r.names {
			if err := r.failed[name]; err != nil {
				return fmt.Errorf("%s failed in %s (%s): %w", name, r.work.id, r.work.title, err)
			}
		}
	}
	return nil
}
