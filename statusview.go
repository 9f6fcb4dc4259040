package main

import (
	"fmt"
	"math"
	"time"

	"sluice/server"
)

// view is how a Status is shown.
type view struct {
	*server.Status
	width  int // columns; 0: any number
	most   rows
	pool   string // the only Pool that is shown, in full; "": everything
	all    bool   // those Pools, too, that are well, however many there are
	lately queues // when there is more than one look
	hint   string // what follows the number of what is left out: how to see it
}

// rows are how many rows of each table are shown at most, how many Problems, and
// how many Pools. Of Upstreams it is those of each Pool.
type rows [sections]int

// The sections, those first that a small window has room for.
const (
	problemLines = iota
	poolLines
	poolRows
	failureRows
	siteRows
	certificateRows
	limitRows
	eventRows
	sections
)

// standardRows are shown where there is no window to fill.
func standardRows() rows {
	return rows{problemLines: 20, poolLines: 20, poolRows: 10, failureRows: 5, siteRows: 10, certificateRows: 10, limitRows: 5, eventRows: 5}
}

// allRows is where nothing is left out.
func allRows() (most rows) {
	for i := range most {
		most[i] = math.MaxInt
	}
	return most
}

// sheet returns what is shown, the most important things first.
func (v view) sheet() *sheet {
	s := &sheet{width: v.width}
	v.health(s)
	v.process(s)
	s.gap()
	if v.pool != "" {
		v.most[poolLines], v.most[poolRows] = 1, math.MaxInt
		v.pools(s)
		return s
	}
	v.numbers(s)
	v.sites(s)
	v.pools(s)
	v.certificates(s)
	v.limits(s)
	v.stores(s)
	v.failures(s)
	v.events(s)
	return s
}

// health says that all is well, or what is not and what to do about it.
func (v view) health(s *sheet) {
	if v.State == "draining" {
		s.line(part{"draining: what has begun is finished, nothing new is accepted", doubt})
	}
	if len(v.Problems) == 0 {
		s.line(part{"all is well", good})
		return
	}
	most := max(v.most[problemLines], 1)
	for _, p := range v.Problems[:min(len(v.Problems), most)] {
		s.paragraph(part{p.Level + ": ", styleOf(p.Level)}, readable(p.Text))
		if p.Remedy != "" {
			s.paragraph(text("  do: "), p.Remedy)
		}
	}
	if more := len(v.Problems) - most; more > 0 {
		s.left += more
		s.line(part{"... and " + things(more, "more problem") + v.hint, faint})
	}
}

// section adds a table.
func (v view) section(s *sheet, name string, t table, section int, after ...part) {
	t.how = v.hint
	s.section(name, t, v.most[section], after...)
}

func styleOf(level string) style {
	switch level {
	case server.LevelError:
		return bad
	case server.LevelWarn:
		return doubt
	}
	return plain
}

// process says which Sluice that is.
func (v view) process(s *sheet) {
	reloads := ""
	if v.Config.Reloads > 0 {
		reloads = fmt.Sprintf(", reload %d", v.Config.Reloads)
	}
	s.paragraph(part{}, fmt.Sprintf("sluice %s, pid %d, %s for %s; %s in force for %s%s", v.Version, v.PID, v.State,
		length(v.Time.Sub(v.Started)), v.Config.File, length(v.Time.Sub(v.Config.Loaded)), reloads))
	for _, key := range v.Config.Restart {
		s.line(part{"waits for a restart: ", doubt}, text(key))
	}
}

// numbers are those of this moment, and the drawings those of the last minute.
func (v view) numbers(s *sheet) {
	n := v.Now
	s.line(part{"Requests  ", title}, text(figure(n.Requests)+"/s   "), part{"5xx " + figure(n.Errors) + "/s", badIf(n.Errors > 0)},
		text(fmt.Sprintf("   refused %s/s   in flight %d   queued %d", figure(n.Refused), n.InFlight, n.Queued)))
	s.line(part{"Latency   ", title}, text("p50 "+milliseconds(n.P50)+"   p90 "+milliseconds(n.P90)+"   p99 "+milliseconds(n.P99)+
		"   out "+size(n.BytesOut)+"/s"))
	r := v.Series
	s.line(part{fmt.Sprintf("In %-7s", fmt.Sprintf("%d s", len(r.Requests))), title},
		text("2xx "+count(sum(r.Status2))+"   3xx "+count(sum(r.Status3))+"   4xx "+count(sum(r.Status4))+"   "),
		part{"5xx " + count(sum(r.Status5)), badIf(sum(r.Status5) > 0)},
		text("   limited "+count(sum(r.Limited))+"   shed "+count(sum(r.Shed))+"   degraded "+count(sum(r.Stale))))
	s.gap()
	v.drawing(s, "requests/s", floats(r.Requests), figure)
	v.drawing(s, "5xx/s", floats(r.Status5), figure)
	v.drawing(s, "p99", floats(r.P99), milliseconds)
	v.drawing(s, "in flight", floats(r.InFlight), figure)
}

// drawing adds a line that shows how a value went.
func (v view) drawing(s *sheet, name string, values []float64, write func(float64) string) {
	const before, seconds = 24, 60
	if len(values) == 0 {
		return
	}
	room := seconds
	if v.width > 0 {
		room = min(room, v.width-before)
	}
	drawn, highest := sparkline(values, room)
	s.line(text(fmt.Sprintf("%-10s max %-*s", name, before-15, write(highest))), text(drawn))
}

// sites shows each Site, and whether it is open.
func (v view) sites(s *sheet) {
	t := table{titles: []string{"SITE", ">REQUESTS", ">5XX", "STATE"}}
	for _, site := range v.Sites {
		t.row(text(site.Name), text(count(site.Requests)), text(count(site.Errors)), v.siteState(site))
	}
	v.section(s, "Sites", t, siteRows)
}

func (v view) siteState(site server.SiteStatus) part {
	if m := site.Maintenance; m != nil {
		if m.Until.IsZero() {
			return part{"under maintenance", doubt}
		}
		return part{"under maintenance for another " + length(m.Until.Sub(v.Time)), doubt}
	}
	for _, room := range v.Rooms {
		if room.Site == site.Name && room.Waiting > 0 {
			return part{"open; " + count(room.Waiting) + " in the waiting room", doubt}
		}
	}
	return text("open")
}

// certificates shows how long they last.
func (v view) certificates(s *sheet) {
	t := table{titles: []string{"NAME", "SOURCE", ">DAYS LEFT", "STATE"}}
	for _, c := range v.Certificates {
		t.row(text(joined(c.Names)), text(c.Source), daysLeft(c, v.Time), certificateState(c, v.Time))
	}
	v.section(s, "Certificates", t, certificateRows)
}

// daysLeft says how long a certificate lasts.
func daysLeft(c server.CertificateStatus, now time.Time) part {
	left := c.NotAfter.Sub(now)
	switch days := fmt.Sprint(int(left / (24 * time.Hour))); {
	case c.NotAfter.IsZero():
		return part{"none yet", doubt}
	case left <= 0:
		return part{"expired", bad}
	case left < 7*24*time.Hour:
		return part{days, doubt}
	default:
		return text(days)
	}
}

// certificateState says what is the matter with a certificate.
func certificateState(c server.CertificateStatus, now time.Time) part {
	switch {
	case c.Failure != "" && c.NotAfter.IsZero():
		return part{"not obtained: " + c.Failure, bad}
	case c.Failure != "":
		return part{"not renewed: " + c.Failure, bad}
	case c.Ordering:
		return text("is being ordered")
	case !c.NotAfter.IsZero() && !c.NotAfter.After(now):
		return part{"clients refuse it", bad}
	case c.StandIn:
		return part{"a self-signed one stands in", doubt}
	case len(c.Warnings) > 0:
		return part{c.Warnings[0], doubt}
	}
	return part{"ok", good}
}

// sum returns all of a list together.
func sum(values []uint32) (all uint64) {
	for _, v := range values {
		all += uint64(v)
	}
	return all
}

func floats[N uint32 | float32](values []N) []float64 {
	all := make([]float64, len(values))
	for i, v := range values {
		all[i] = float64(v)
	}
	return all
}

func badIf(is bool) style {
	if is {
		return bad
	}
	return plain
}
