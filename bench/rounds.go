package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// result is what a work gave.
type result struct {
	work    work
	layout  layout
	names   []string // entrants in their order
	samples map[string][]sample
	failed  map[string]error // entrants that did not do the work, and why
	skipped string           // why nothing was measured
	plot    string           // file of the plot, beside the report; empty: none
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
	entrants := b.wanted(w.entrants(b.proxies()))
	for _, e := range entrants {
		r.names = append(r.names, e.name)
	}
	switch {
	case len(entrants) == 0:
		r.skipped = "not measured: there is nobody to measure"
	case w.proxyCores > 1 && len(b.machine.cores) <= w.proxyCores:
		r.skipped = fmt.Sprintf("not measured: it takes more than %d cores, this machine has %d", w.proxyCores, len(b.machine.cores))
	}
	if r.skipped != "" {
		b.say("%s %s", w.id, r.skipped)
		return r, nil
	}
	b.say("%s %s", w.id, w.title)
	if w.alone != nil {
		return r, b.measureAlone(ctx, &r)
	}
	start := w.origin
	if start == nil {
		start = (*bench).startOrigin
	}
	o, err := start(b, ctx, r.layout.origin)
	if err != nil {
		return r, err
	}
	return r, stopAfter(o.process, b.runRounds(ctx, &r, entrants, o))
}

// measureAlone measures Sluice's code without a proxy.
func (b *bench) measureAlone(ctx context.Context, r *result) error {
	samples, err := r.work.alone(ctx, b, r.work, r.layout.proxy)
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted: %w", ctx.Err())
	}
	if err != nil {
		b.say("  %-10s FAILED: %v", sluiceName, err)
		r.failed[sluiceName] = err
		return nil
	}
	for _, s := range samples {
		b.say("  %-10s %s %s", sluiceName, figure(s.value), r.work.unit)
	}
	r.samples[sluiceName] = samples
	return nil
}

// wanted keeps the entrants with a wanted name or, where nobody has that name,
// with names that hold it; none wanted keep all.
func (b *bench) wanted(all []entrant) []entrant {
	if len(b.who) == 0 {
		return all
	}
	var kept []entrant
	for _, e := range all {
		if slices.ContainsFunc(b.who, func(who string) bool {
			someone := slices.ContainsFunc(all, func(e entrant) bool { return strings.EqualFold(e.name, who) })
			return strings.EqualFold(e.name, who) || !someone && strings.Contains(strings.ToLower(e.name), strings.ToLower(who))
		}) {
			kept = append(kept, e)
		}
	}
	return kept
}

// roundsOf is how often each entrant of a work is measured.
func (b *bench) roundsOf(w work) int {
	if w.mostRounds > 0 {
		return min(b.rounds, w.mostRounds)
	}
	return b.rounds
}

// runRounds measures each entrant once a round, another one first each time.
// One that fails is not measured again.
func (b *bench) runRounds(ctx context.Context, r *result, entrants []entrant, o *origin) error {
	for round := range b.roundsOf(r.work) {
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
