package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// measure takes one figure from a proxy that has just given its first answer.
type measure func(ctx context.Context, m *measurement) (sample, error)

// work is one thing that is measured, of several entrants.
type work struct {
	id         string
	name       string // for the summary
	title      string
	unit       string // of sample.value; less is better
	proxyCores int
	entrants   func([]proxy) []entrant
	measure    measure
	against    []string // entrants whose best is the yardstick
	goal       goal
	mostRounds int      // 0: as many as asked for
	notes      []string // what a reader must know to read the table

	origin func(b *bench, ctx context.Context, pin cores) (*origin, error)          // nil: nginx with files
	alone  func(ctx context.Context, b *bench, w work, pin cores) ([]sample, error) // measures Sluice's code without a proxy; nil: proxies are measured

	score func(r result, name string) float64 // figure of a name in the summary; nil: its median
	parts []part                              // lines of the summary; empty: one, of the work itself
	body  func(r result) string               // tables of the section; nil: one with a line an entrant
	plot  func(r result) string               // SVG beside the report; nil: none
}

// entrant is a proxy with the setup it has in one work.
type entrant struct {
	name    string
	proxy   proxy
	change  func(*setup) // nil: nothing
	refusal int          // status of its refusals, where it refuses
	attack  attack       // that it is under, where it is
}

// part is one of several figures that a work is judged by.
type part struct {
	name  string
	unit  string
	goal  goal
	score func(r result, name string) float64
}

// judged are the parts of a work, of which one without parts is its only one.
func (w work) judged() []part {
	if len(w.parts) > 0 {
		return w.parts
	}
	score := w.score
	if score == nil {
		score = result.median
	}
	return []part{{name: w.name, unit: w.unit, goal: w.goal, score: score}}
}

// goal is what is asked of Sluice, as ratio to the yardstick or as a figure.
type goal struct {
	ask, aim float64 // 0: nothing is asked
	absolute bool    // of the figure itself rather than of the ratio
	atLeast  bool    // more is better
}

// peers are the names whose best most work is held against.
func peers() []string { return []string{"nginx", "HAProxy", "Caddy"} }

// everyone enters all proxies as they are.
func everyone(list []proxy) []entrant {
	var all []entrant
	for _, p := range list {
		all = append(all, entrant{name: p.name, proxy: p})
	}
	return all
}

// only enters the named proxies as they are.
func only(names ...string) func([]proxy) []entrant {
	return func(list []proxy) []entrant {
		return slices.DeleteFunc(everyone(list), func(e entrant) bool { return !slices.Contains(names, e.name) })
	}
}

// allWorks is everything that can be measured, in the order of the report.
func allWorks() []work {
	return slices.Concat(
		[]work{workP1(), workPlain()},
		worksP2(),
		worksP4(),
		[]work{workP5(), workP6()},
		worksP7(),
		[]work{workP8(), workP9(), workP10()},
		worksP11(),
		worksCache(),
		[]work{workAbuse()},
	)
}

// chooseWorks keeps the works with the wanted IDs; no IDs keep all.
func chooseWorks(all []work, ids []string) ([]work, error) {
	if len(ids) == 0 {
		return all, nil
	}
	var chosen []work
	var known []string
	for _, w := range all {
		if !slices.Contains(known, w.id) {
			known = append(known, w.id)
		}
		if slices.ContainsFunc(ids, func(id string) bool { return strings.EqualFold(id, w.id) }) {
			chosen = append(chosen, w)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, id) }) {
			return nil, fmt.Errorf("no work %q; there are %s", id, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
