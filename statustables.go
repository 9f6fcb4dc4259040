package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sluice/server"
)

// fewPools are shown one by one whether they are well or not.
const fewPools = 20

// pools shows each Pool with its first Upstreams. Of many, those that are well are
// summed up.
func (v view) pools(s *sheet) {
	all := v.poolsShown()
	shown := all[:min(len(all), v.most[poolLines])]
	for i, p := range shown {
		if i == 0 || v.most[poolRows] > 0 {
			s.gap()
		}
		v.poolLine(s, p)
		v.upstreams(s, p)
	}
	v.poolsLeft(s, all[len(shown):], len(shown) == 0 || v.most[poolRows] > 0)
}

// poolsLeft says how many Pools are not shown one by one: those that there is no
// room for, and those that are well. apart: with room before that.
func (v view) poolsLeft(s *sheet, left []server.PoolStatus, apart bool) {
	fine := len(v.Pools) - len(v.poolsShown())
	if v.pool != "" || len(left) == 0 && fine == 0 {
		return
	}
	if apart {
		s.gap()
	}
	if len(left) > 0 {
		for _, p := range left {
			s.left += 1 + len(p.Upstreams)
		}
		s.line(part{"... and " + things(len(left), "more Pool") + v.hint, faint})
	}
	if fine > 0 {
		words := things(fine, "other Pool") + " are well"
		if fine == len(v.Pools) {
			words = fmt.Sprintf("all %d Pools are well", fine)
		} else if fine == 1 {
			words = "1 other Pool is well"
		}
		s.line(part{words, good}, part{": sluice status --pool NAME shows one, --all shows all", faint})
	}
}

// poolsShown returns the Pools that are shown one by one, as far as there is room.
func (v view) poolsShown() (all []server.PoolStatus) {
	if v.pool == "" && (v.all || len(v.Pools) <= fewPools) {
		return v.Pools
	}
	of := needs(v.Status, v.lately)
	for _, p := range v.Pools {
		if p.Name == v.pool || v.pool == "" && of[p.Name] != well {
			all = append(all, p)
		}
	}
	return all
}

// upstreams shows the first ones of a Pool.
func (v view) upstreams(s *sheet, p server.PoolStatus) {
	t := table{titles: []string{"UPSTREAM", ">WEIGHT", ">IN FLIGHT", ">ATTEMPTS", ">FAILED", "STATE"}}
	shown := min(len(p.Upstreams), v.most[poolRows])
	t.left = len(p.Upstreams) - shown
	if v.hint != "" {
		t.how = ": sluice status --pool NAME"
		if isID(p.Name) {
			t.how = ": sluice status --pool " + p.Name
		}
	}
	for _, u := range p.Upstreams[:shown] {
		t.row(text(upstreamName(u)), text(fmt.Sprint(u.Weight)), text(fmt.Sprint(u.InFlight)),
			text(count(u.Requests)), text(count(u.Failures)), v.upstreamState(u))
	}
	s.table(t, v.most[poolRows])
}

// poolLine says how a Pool is.
func (v view) poolLine(s *sheet, p server.PoolStatus) {
	state := text(fmt.Sprintf("%d of %d Upstreams get requests", p.Available, len(p.Upstreams)))
	switch {
	case p.Available == 0:
		state.style = bad
	case p.Available < len(p.Upstreams):
		state.style = doubt
	}
	limit := ""
	if p.Limit > 0 {
		limit = fmt.Sprintf(" of %d", p.Limit)
	}
	line := []part{{"Pool " + p.Name, title}, text(": "), state, text(fmt.Sprintf("; in flight %d%s, queued %d", p.InFlight, limit, p.Queued))}
	if p.Shedding {
		line = append(line, text("; "), part{"sheds load", doubt})
	}
	s.line(line...)
	if p.Missing != "" {
		s.paragraph(text("  no Upstreams: "), p.Missing)
	}
	if p.FailsOpen {
		s.line(part{"  fails open: all are out, so requests are tried on them nevertheless", doubt})
	}
}

func upstreamName(u server.UpstreamStatus) string {
	if u.Name == "" {
		return u.Address
	}
	return u.Address + " (" + u.Name + ")"
}

// upstreamState says whether it gets requests, since when, what is to come, and
// what took it out last.
func (v view) upstreamState(u server.UpstreamStatus) part {
	p := part{text: u.State, style: doubt}
	switch {
	case u.Draining:
		p.text = "draining"
	case u.State == "in" && u.Share < 1:
		p = part{fmt.Sprintf("in, starts slowly (%.0f %%)", u.Share*100), good}
	case u.State == "in":
		p.style = good
	case u.State == "out":
		p.style = bad
		if !u.Since.IsZero() {
			p.text += " for " + length(v.Time.Sub(u.Since))
		}
		if u.Until.After(v.Time) {
			p.text += ", tried in " + length(u.Until.Sub(v.Time))
		}
	}
	if u.Set {
		p.text += ", set by hand"
	}
	if u.Why != "" {
		if u.State == "in" {
			p.text += "; was out"
		}
		p.text += ": " + u.Why
	}
	return p
}

// limits shows who has been refused most often.
func (v view) limits(s *sheet) {
	t := table{titles: []string{"CLIENT", ">REFUSED", "AGO", "LIMIT", "SITE"}}
	type refused struct {
		server.LimitedClient
		limit server.LimitStatus
	}
	var all []refused
	for _, l := range v.Limits {
		for _, c := range l.Top {
			all = append(all, refused{c, l})
		}
	}
	slices.SortStableFunc(all, func(a, b refused) int { return cmp.Compare(b.Refused, a.Refused) })
	for _, r := range all {
		t.row(text(r.Client), text(count(r.Refused)), text(age(r.Last, v.Time)), text(r.limit.Name), text(r.limit.Site))
	}
	v.section(s, "Limited clients", t, limitRows)
}

// stores shows the Listeners, the cache, the access log and the process, a line
// each.
func (v view) stores(s *sheet) {
	s.gap()
	var doors []string
	for _, l := range v.Listeners {
		doors = append(doors, fmt.Sprintf("%s %s open %d", l.Key, l.Address, l.Open))
	}
	s.line(part{"Listeners ", title}, text(strings.Join(doors, "   ")))
	if c := v.Cache; c != nil {
		hits := "not asked lately"
		if v.Now.HitRate >= 0 {
			hits = fmt.Sprintf("%.0f %% hits", v.Now.HitRate*100)
		}
		s.line(part{"Cache     ", title}, text(fmt.Sprintf("%s copies, %s of %s, %s, last good copies used %s",
			count(uint64(max(c.Copies, 0))), size(float64(c.Bytes)), size(float64(c.Capacity)), hits, count(c.Stale))))
	}
	if l := v.AccessLog; l != nil {
		s.line(part{"Log       ", title}, text(l.To+", "+count(l.Written)+" lines, "),
			part{count(l.Dropped) + " dropped", badIf(l.Dropped > 0)}, part{failureOf(l), bad})
	}
	s.line(part{"Process   ", title}, text(fmt.Sprintf("heap %s, %d goroutines, descriptors %s",
		size(float64(v.Memory.Heap)), v.Memory.Goroutines, figure(float64(v.Memory.Descriptors)))))
}

func failureOf(l *server.LogStatus) string {
	if l.Failure == "" {
		return ""
	}
	return "; " + l.Failure
}

// failures shows the last Exchanges that failed.
func (v view) failures(s *sheet) {
	v.section(s, "Last failures", failureTable(v.Failures, v.Time), failureRows,
		part{"  (sluice why ID tells the story of one)", faint})
}

// events shows what has happened lately.
func (v view) events(s *sheet) {
	t := table{titles: []string{"AGO", "LEVEL", "WHAT"}}
	for _, e := range v.Events {
		what := readable(e.Text)
		if e.Times > 1 {
			what += fmt.Sprintf(" (%d times)", e.Times)
		}
		t.row(text(age(e.Time, v.Time)), part{e.Level, styleOf(e.Level)}, text(what))
	}
	v.section(s, "Last events", t, eventRows)
}
