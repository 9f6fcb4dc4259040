package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// report is the whole run in Markdown, without the names of temporary files.
func (b *bench) report(results []result) string {
	var t strings.Builder
	b.reportHead(&t)
	t.WriteString("## Summary\n\n" + summary(results).String() + "\n")
	for _, r := range results {
		t.WriteString(r.report())
	}
	return strings.ReplaceAll(t.String(), b.dir, "$TMP")
}

// reportHead says where and with what the figures were made.
func (b *bench) reportHead(t *strings.Builder) {
	fmt.Fprintf(t, "# Sluice side by side, %s\n\n", b.started.Format("2006-01-02 15:04"))
	fmt.Fprintf(t, "- commit: %s\n", b.commit)
	m := b.machine
	fmt.Fprintf(t, "- machine: %s, %d cores, %d MB, Linux %s; load average before the run %s\n", m.cpu, len(m.cores), m.memoryMB, m.kernel, m.load)
	var list []string
	for _, v := range b.versions {
		list = append(list, v.name+" "+v.number)
	}
	fmt.Fprintf(t, "- versions: %s\n", strings.Join(list, ", "))
	fmt.Fprintf(t, "- %d rounds of %d s, interleaved, each proxy freshly started and warmed up; medians, with the least and the most beside them\n", b.rounds, b.seconds)
	if b.sluice.path == "" {
		why, _, _ := strings.Cut(b.sluice.missing, "\n")
		fmt.Fprintf(t, "- **Sluice was not measured: %s.** The tables hold its peers only.\n", why)
	}
	if len(m.cores) < 3 {
		fmt.Fprintf(t, "- **This machine has too few cores to give proxy, origin and load their own:** compare with care.\n")
	}
	t.WriteByte('\n')
}

// summary is a line a work: Sluice against its yardstick and what is asked.
func summary(results []result) *table {
	t := &table{head: []string{"work", "unit", "Sluice", "yardstick", "ratio", "ask", "aim", "verdict"}}
	for _, r := range results {
		for _, p := range r.work.judged() {
			name, best := r.bestIn(p)
			mine := p.score(r, sluiceName)
			against := "–"
			if name != "" {
				against = name + " " + figure(best)
			}
			ask, aim := p.goal.cells()
			ratio := "–"
			if v := mine / best; !math.IsNaN(v) && !math.IsInf(v, 0) {
				ratio = fmt.Sprintf("%.2f", v)
			}
			t.add(r.work.id+" "+p.name, p.unit, figure(mine), against, ratio, ask, aim, p.goal.verdict(mine, best))
		}
	}
	return t
}

// cells are the ask and the aim as the summary shows them.
func (g goal) cells() (ask, aim string) {
	if g.ask == 0 {
		return "–", "–"
	}
	ask, aim = "≤ "+g.cell(g.ask), g.cell(g.aim)
	if g.atLeast {
		ask = "≥ " + g.cell(g.ask)
	}
	if g.aim == 0 {
		aim = "–"
	}
	return ask, aim
}

// cell is a ratio, or a figure, for which whole numbers are asked if it is large.
func (g goal) cell(v float64) string {
	if g.absolute && v >= 10 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%.2f", v)
}

// verdict compares Sluice's figure with the goal.
func (g goal) verdict(mine, best float64) string {
	v := mine / best
	if g.absolute {
		v = mine
	}
	switch {
	case g.ask == 0 || math.IsNaN(v):
		return "–"
	case g.aim != 0 && g.reached(v, g.aim):
		return "aim reached"
	case g.reached(v, g.ask):
		return "ask met"
	default:
		return "**missed**"
	}
}

// reached reports whether a figure is as good as another.
func (g goal) reached(v, wanted float64) bool {
	if g.atLeast {
		return v >= wanted
	}
	return v <= wanted
}

// yardstick is the best of those a work is held against.
func (r result) yardstick() (name string, best float64) {
	return r.bestIn(r.work.judged()[0])
}

// bestIn is the best in one part of those a work is held against.
func (r result) bestIn(p part) (name string, best float64) {
	best = math.NaN()
	for _, n := range r.work.against {
		if v := p.score(r, n); !math.IsNaN(v) && (name == "" || !p.goal.reached(best, v)) {
			name, best = n, v
		}
	}
	return name, best
}

// median is the median figure of an entrant, NaN if it has none or failed.
func (r result) median(name string) float64 {
	if r.failed[name] != nil {
		return math.NaN()
	}
	return median(of(r.samples[name], func(s sample) float64 { return s.value }))
}

// report is the section of one work.
func (r result) report() string {
	var t strings.Builder
	fmt.Fprintf(&t, "## %s: %s\n\n", r.work.id, r.work.title)
	for _, note := range r.work.notes {
		t.WriteString(note + "\n\n")
	}
	if r.skipped != "" {
		return t.String() + r.skipped + "\n\n"
	}
	t.WriteString(r.body() + "\n")
	if r.plot != "" {
		fmt.Fprintf(&t, "![%s: %s](%s)\n\n", r.work.id, r.work.title, r.plot)
	}
	fmt.Fprintf(&t, "Cores: proxy %s, origin %s, load %s.", r.layout.proxy, r.layout.origin, r.layout.load)
	if r.layout.shared != "" {
		fmt.Fprintf(&t, " Note that %s.", r.layout.shared)
	}
	t.WriteString("\n\n")
	for _, name := range r.names {
		t.WriteString(r.remark(name))
	}
	return t.String()
}

// body is the tables of the section.
func (r result) body() string {
	if r.work.body != nil {
		return r.work.body(r)
	}
	return r.table().String()
}

// table has a line an entrant.
func (r result) table() *table {
	t := &table{head: []string{"proxy", r.work.unit, "min..max", "ratio", "requests/s", "busy"}}
	_, best := r.yardstick()
	for _, name := range r.names {
		if r.failed[name] != nil {
			t.add(name, "**FAILED**", "–", "–", "–", "–")
			continue
		}
		samples := r.samples[name]
		values := of(samples, func(s sample) float64 { return s.value })
		ratio, rate, busy := "–", "–", "–"
		if v := median(values) / best; !math.IsNaN(v) {
			ratio = fmt.Sprintf("%.2f", v)
		}
		if v := median(of(samples, func(s sample) float64 { return s.rate })); v > 0 {
			rate = fmt.Sprintf("%.0f", v)
			busy = fmt.Sprintf("%.0f %%", 100*median(of(samples, func(s sample) float64 { return s.busy })))
		}
		t.add(name, figure(median(values)), figure(slices.Min(values))+".."+figure(slices.Max(values)), ratio, rate, busy)
	}
	return t
}

// remark is what must be said of an entrant below the table: that it failed, or
// that its access log is not complete.
func (r result) remark(name string) string {
	if err := r.failed[name]; err != nil {
		return fmt.Sprintf("**%s failed:** %s\n\n", name, strings.ReplaceAll(err.Error(), "\n", " / "))
	}
	logged := median(of(r.samples[name], func(s sample) float64 { return s.logged }))
	if logged > 0 && logged < 0.995 {
		return fmt.Sprintf("%s logged %.1f %% of its requests.\n\n", name, 100*logged)
	}
	return ""
}
