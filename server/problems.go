package server

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// concerns is what Problems are made of besides the Status.
type concerns struct {
	sources     []string // names and files that cannot be looked up or read
	unstored    []string // what the disk does not take: "certificates", "maintenance"
	memoryShort bool     // new connections are refused
	errors      uint32   // answers of applications with 5xx, at least, of the last seconds
	requests    uint32   // in them
	closed      []string // Pools that nobody is to reach now: all their Sites are under maintenance
}

// expiringBefore is how long before its end a certificate is a Problem. Those
// that are renewed by themselves have been tried for long by then.
const expiringBefore = 14 * 24 * time.Hour

// lastDays are those in which a certificate that nobody renews, or that cannot be
// renewed, is as bad as one that has expired.
const lastDays = 3 * 24 * time.Hour

// someErrors are how many answers with 5xx within the last seconds are worth a
// Problem, if they are a part of the answers that matters.
const someErrors = 5

// problems says what a person should look at, the worst first.
func problems(t *Status, c concerns) []Problem {
	all := []Problem{}
	for i := range t.Pools {
		all = append(all, poolProblems(&t.Pools[i], slices.Contains(c.closed, t.Pools[i].Name))...)
	}
	for i := range t.Certificates {
		all = append(all, certificateProblems(&t.Certificates[i], t.Time)...)
	}
	all = append(all, configProblems(&t.Config)...)
	all = append(all, concernProblems(t, c)...)
	for i := range t.Limits {
		all = append(all, limitProblems(&t.Limits[i], t.Time)...)
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(severity(a.Level), severity(b.Level)), cmp.Compare(rank(a.Code), rank(b.Code)))
	})
	return all
}

// ranks are the codes of Problems, the worst first.
var ranks = []string{
	"pool_empty", "memory", "certificate_expired", "certificate_missing", "certificate_unfit", "shedding", "errors", "upstreams_out", "draining",
	"certificate_failing", "certificate_expiring", "names_failing", "reload_refused", "access_log_failing", "access_log_renamed",
	"unstored", "clients_limited", "restart_needed",
}

func rank(code string) int { return slices.Index(ranks, code) }

func severity(level string) int {
	return slices.Index([]string{LevelError, LevelWarn, LevelInfo}, level)
}

// problem makes one. params are names and values in turns.
func problem(level, code, text, remedy string, params ...string) Problem {
	p := Problem{Level: level, Code: code, Text: text, Remedy: remedy}
	for pair := range slices.Chunk(params, 2) {
		if p.Params == nil {
			p.Params = make(map[string]string, len(params)/2)
		}
		p.Params[pair[0]] = pair[1]
	}
	return p
}

// poolProblems says what is the matter with a Pool. While it is closed for
// maintenance, that nobody is there may be what the maintenance is for.
func poolProblems(p *PoolStatus, closed bool) (all []Problem) {
	empty := LevelError
	if closed {
		empty = LevelWarn
	}
	out, of := 0, 0
	why := p.Missing
	for i := range p.Upstreams {
		u := &p.Upstreams[i]
		if u.Draining {
			continue
		}
		of++
		if u.State == "out" {
			out++
			why = cmp.Or(why, u.Why)
		}
	}
	switch {
	case p.Available == 0 && len(p.Upstreams) > 0 && of == 0:
		all = append(all, problem(empty, "pool_empty",
			fmt.Sprintf("No Upstream of the Pool %s gets requests: all of them are drained.", p.Name),
			"undrain one: sluice upstream undrain "+p.Name+" "+p.Upstreams[0].Address, "pool", p.Name, "why", "drained"))
	case p.Available == 0 && p.FailsOpen:
		all = append(all, problem(empty, "pool_empty",
			fmt.Sprintf("All Upstreams of the Pool %s are out, and some are asked nevertheless: %s.", p.Name, sentence(cmp.Or(why, "none answers well"))),
			"look at the application there; each is back by itself as soon as it answers", "pool", p.Name, "why", why))
	case p.Available == 0:
		all = append(all, problem(empty, "pool_empty",
			fmt.Sprintf("No Upstream of the Pool %s can be reached: %s.", p.Name, sentence(cmp.Or(why, "none is known"))),
			"start the application, or correct "+serversOf(p.Name), "pool", p.Name, "why", why))
	case out > 0:
		all = append(all, problem(LevelWarn, "upstreams_out",
			fmt.Sprintf("%d of %d Upstreams of the Pool %s are out: %s.", out, of, p.Name, sentence(why)),
			"look at the application there; each is back by itself as soon as it answers",
			"pool", p.Name, "out", strconv.Itoa(out), "of", strconv.Itoa(of), "why", why))
	}
	if p.Shedding {
		all = append(all, problem(LevelError, "shedding",
			fmt.Sprintf("The Pool %s has more to do than it bears: requests are refused, or get the last good copy.", p.Name),
			"make the application faster, add servers, or limit who asks too often ([[site.limit]])", "pool", p.Name))
	}
	return all
}

// serversOf says where the servers of a Pool are written. One that a Site or Route
// has without a name is called by an address, or by a host and a path.
func serversOf(pool string) string {
	if strings.ContainsAny(pool, ":/. ") {
		return "upstream of the Site or Route that has this address"
	}
	return "servers in [upstream." + pool + "]"
}

// sentence is words of an error within a sentence of ours.
func sentence(why string) string { return strings.TrimRight(strings.SplitN(why, "\n", 2)[0], ".") }

// certificateProblems says what is the matter with a certificate: its end, and
// what clients refuse it for before that.
func certificateProblems(c *CertificateStatus, now time.Time) (all []Problem) {
	names := strings.Join(c.Names, ", ")
	remedy := cmp.Or(c.Remedy, "look at what sluice certs says")
	about := []string{"names", names}
	file, isFile := strings.CutPrefix(c.Source, "files ")
	if isFile {
		remedy = cmp.Or(c.Remedy, "put a new one in the place of "+file+"; Sluice loads it by itself")
		about = append(about, "file", file)
	}
	why := ""
	if c.Failure != "" {
		why = ": " + sentence(c.Failure)
		about = append(about, "why", sentence(c.Failure))
	}
	left := c.NotAfter.Sub(now)
	if !c.NotAfter.IsZero() {
		about = append(about, "days", strconv.Itoa(int(left/(24*time.Hour))))
	}
	level := LevelWarn
	if left < lastDays {
		level = LevelError
	}
	switch {
	case c.NotAfter.IsZero() && c.Failure == "" && (c.Ordering || !c.NextTry.IsZero()):
		return nil // it has just begun
	case c.NotAfter.IsZero():
		return []Problem{problem(LevelError, "certificate_missing", "There is no certificate for "+names+why+".", remedy, about...)}
	case left <= 0:
		return []Problem{problem(LevelError, "certificate_expired", "The certificate of "+names+" has expired"+why+".", remedy, about...)}
	case c.Failure != "":
		all = append(all, problem(level, "certificate_failing", fmt.Sprintf(
			"The certificate of %s cannot be renewed, and ends in %s%s.", names, leftText(left), why), remedy, about...))
	case left < expiringBefore && !c.NextTry.After(now) && !c.Ordering:
		all = append(all, problem(level, "certificate_expiring", fmt.Sprintf("The certificate of %s ends in %s.", names, leftText(left)), remedy, about...))
	}
	if now.Before(c.NotBefore) {
		from := c.NotBefore.UTC().Format("2006-01-02 15:04 UTC")
		all = append(all, problem(LevelError, "certificate_unfit", "Clients refuse the certificate of "+names+": it is not valid before "+from+".",
			"look whether the clock of this machine is right (date); if so, serve another one until then", append(about, "why", "not valid before "+from)...))
	}
	for _, fault := range c.Faults {
		all = append(all, problem(LevelWarn, "certificate_unfit", "Clients may refuse the certificate of "+names+": "+fault+".",
			remedy, append(about, "why", fault)...))
	}
	return all
}

// leftText is how long a certificate is valid still, as the page says it.
func leftText(left time.Duration) string {
	if hours := int(left / time.Hour); hours < 48 {
		return count(hours, "hour")
	}
	return count(int(left/(24*time.Hour)), "day")
}

// count is a number of things.
func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return strconv.Itoa(n) + " " + of + "s"
}

func configProblems(c *Configured) (all []Problem) {
	if c.Failed != "" {
		all = append(all, problem(LevelWarn, "reload_refused",
			"The configuration file could not be put in force, the one before is: "+sentence(c.Failed)+".",
			"sluice check says all that is wrong with it", "file", c.File, "why", sentence(c.Failed)))
	}
	if len(c.Restart) > 0 {
		keys := strings.Join(c.Restart, ", ")
		all = append(all, problem(LevelWarn, "restart_needed",
			"Changed in the configuration, but in force only after a restart: "+keys+".", "restart Sluice when it suits", "names", keys))
	}
	return all
}

// errorsProblem says that the application answers, but mostly with errors.
func errorsProblem(errors, requests uint32) []Problem {
	if errors < someErrors || errors*10 < requests {
		return nil
	}
	level := LevelWarn
	if errors*2 >= requests {
		level = LevelError
	}
	share := strconv.Itoa(int(100*errors/requests)) + " %"
	return []Problem{problem(level, "errors", fmt.Sprintf("The application answers %s of the requests with an error (5xx).", share),
		"look at the application's log, and below or with sluice why at which requests they are", "share", share)}
}

func concernProblems(t *Status, c concerns) (all []Problem) {
	all = append(all, errorsProblem(c.errors, c.requests)...)
	if c.memoryShort {
		all = append(all, problem(LevelError, "memory", "Memory is short: new connections are refused.",
			"give the machine more memory, or set server.max_connections lower"))
	}
	if t.State == "draining" {
		all = append(all, problem(LevelWarn, "draining", "Sluice ends: it accepts no connections and lets requests finish.", ""))
	}
	if len(c.sources) > 0 {
		names := strings.Join(c.sources, ", ")
		all = append(all, problem(LevelWarn, "names_failing",
			"Where Upstreams are cannot be looked up, what was known stays: "+names+".",
			"look whether the resolvers of this machine answer, and whether the name or file is there", "names", names))
	}
	if len(c.unstored) > 0 {
		names := strings.Join(c.unstored, ", ")
		all = append(all, problem(LevelWarn, "unstored", "The disk does not take what a restart needs: "+names+".",
			"free space or repair the disk of server.state_dir", "names", names))
	}
	switch l := t.AccessLog; {
	case l == nil || l.Failure == "":
	case l.Renamed:
		all = append(all, problem(LevelWarn, "access_log_renamed",
			"The access log could not be reopened, and goes to the file that was renamed or deleted: "+sentence(l.Failure)+".",
			"let the user that Sluice runs as make files in that folder; it is tried again each second", "file", l.To, "why", l.Failure))
	default:
		all = append(all, problem(LevelWarn, "access_log_failing",
			"The access log cannot be written: "+sentence(l.Failure)+".",
			"free space, or let the user that Sluice runs as write there", "file", l.To, "why", l.Failure))
	}
	return all
}

// concerns returns what Problems need besides a Status.
func (s *Server) concerns(g *generation, now time.Time) concerns {
	c := concerns{memoryShort: s.memoryShort.Load(), unstored: s.maintenances.lost(),
		closed: closedPools(g.cfg, s.maintenances.list(now))}
	c.errors, c.requests = s.recorder.ownErrors()
	for _, source := range s.names.Stats().Sources {
		if source.Err != nil {
			c.sources = append(c.sources, source.Source)
		}
	}
	if _, failure := s.vault.Failure(); failure != nil {
		c.unstored = append(c.unstored, "certificates")
	}
	return c
}
