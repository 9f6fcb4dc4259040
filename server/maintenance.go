package server

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sluice/config"
	"sluice/metrics"
	"sluice/proxy"
	"sluice/statedir"
)

// MaintenanceStatus is a Site under maintenance, as "sluice maintenance" shows
// it and the admin server gives it as JSON.
type MaintenanceStatus struct {
	Site  string    `json:"site"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // absent: until it is turned off
}

// maintenances says which Sites are under maintenance. It belongs to the Server
// and not to a Generation: a reload ends none of them.
type maintenances struct {
	path     string                               // of the file that they are kept in; empty: in none
	replace  func(path string, text []byte) error // fixed; statedir.Write
	errlog   *slog.Logger
	timeline *timeline

	// writing holds one thing while the file is written, which may take for ever
	// if the disk hangs. Nobody who holds mu waits for it.
	writing chan struct{}

	mu       sync.Mutex             // held for memory only: requests and whoever looks never wait for the disk
	sites    map[string]*maintained // by the Site's name
	changes  int                    // of them, so far
	stored   int                    // changes that the file has
	unstored error                  // why the file does not say what is
	left     bool                   // another process says now which these are
}

func newMaintenances(path string, errlog *slog.Logger, timeline *timeline) *maintenances {
	return &maintenances{path: path, replace: statedir.Write, errlog: errlog, timeline: timeline, writing: make(chan struct{}, 1)}
}

// maintained is the Maintenance of one Site.
type maintained struct {
	proxy.Maintenance
	since, until time.Time // since is zero when it is not on
}

// of returns the Maintenance of the Site of that name, which is the same one
// for all Generations.
func (m *maintenances) of(name string) *proxy.Maintenance {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &m.site(name).Maintenance
}

// site returns what is known of a Site. m.mu is held.
func (m *maintenances) site(name string) *maintained {
	if m.sites == nil {
		m.sites = make(map[string]*maintained)
	}
	if m.sites[name] == nil {
		m.sites[name] = &maintained{}
	}
	return m.sites[name]
}

// errLeft: another process decides about maintenance, or will in a moment.
var errLeft = errors.New("a new process of sluice takes over just now, so nothing was done\ntry again in a moment")

// begin puts a Site under maintenance until then; the zero Time: until end. One
// that is goes on, with that end. The error says that it is not stored; it is on
// nevertheless, unless the error is errLeft.
func (m *maintenances) begin(name string, until, now time.Time) error {
	return m.change(now, func() {
		s := m.site(name)
		if s.since.IsZero() {
			s.since = now
		}
		s.until = until
		s.Begin(until)
		m.errlog.Warn("site is under maintenance", "site", name, "until", endText(until))
		m.timeline.add(LevelInfo, "maintenance_on", "The Site "+name+" is under maintenance until "+endText(until)+".",
			"site", name, "until", timeText(until))
	})
}

// end opens a Site. The error says that this is not stored, or is errLeft.
func (m *maintenances) end(name string, now time.Time) error {
	return m.change(now, func() { m.open(name, now, "site is open again") })
}

// change has do, which needs mu, change which Sites are under maintenance, and
// stores that.
func (m *maintenances) change(now time.Time, do func()) error {
	m.mu.Lock()
	left := m.left
	if !left {
		do()
		m.changes++
	}
	m.mu.Unlock()
	if left {
		return errLeft
	}
	return m.store(now)
}

// open is end without its storing. m.mu is held.
func (m *maintenances) open(name string, now time.Time, news string) {
	s := m.site(name)
	s.End()
	if !s.since.IsZero() {
		m.errlog.Info(news, "site", name, "closed", now.Sub(s.since).Round(time.Second))
		m.timeline.add(LevelInfo, "maintenance_off", "The Site "+name+" is open again.", "site", name)
	}
	s.since, s.until = time.Time{}, time.Time{}
}

// configured says which Sites there are from now on. One under maintenance that
// is called by another of its hosts now stays closed; one that is gone is kept in
// mind, so that it is closed if it comes back.
func (m *maintenances) configured(sites []config.Site, now time.Time) {
	if m.rename(sites, now) {
		m.store(now)
	}
}

// rename has Sites under maintenance go by the names that they have now, and
// reports whether any has another.
func (m *maintenances) rename(sites []config.Site, now time.Time) (moved bool) {
	there := make(map[string]bool, len(sites))
	for _, site := range sites {
		there[siteName(site)] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, s := range m.sites {
		if there[name] {
			continue
		}
		if _, on := s.On(now); !on {
			delete(m.sites, name)
			continue
		}
		next, err := siteWith(sites, name)
		if err != nil {
			continue
		}
		to := m.site(next)
		to.since, to.until = s.since, s.until
		to.Begin(s.until)
		delete(m.sites, name)
		m.changes++
		moved = true
	}
	return moved
}

// tidy does what is due: it tells of ends that have come by themselves, and
// stores what the disk did not take before.
func (m *maintenances) tidy(now time.Time) {
	if m.endThoseDue(now) {
		m.store(now)
	}
}

// endThoseDue opens the Sites whose time has come, and reports whether the file
// says something else than is.
func (m *maintenances) endThoseDue(now time.Time) (differs bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, s := range m.sites {
		if !s.until.IsZero() && !now.Before(s.until) {
			m.open(name, now, "maintenance has ended at its time, site is open again")
			m.changes++
		}
	}
	return m.stored != m.changes
}

// list returns the Sites that are under maintenance, sorted by name.
func (m *maintenances) list(now time.Time) []MaintenanceStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.on(now)
}

// lost returns "maintenance" when the disk does not take which Sites are under it.
func (m *maintenances) lost() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unstored != nil {
		return []string{"maintenance"}
	}
	return nil
}

// report shows for each Site whether it is under maintenance.
func (m *maintenances) report(p *metrics.Page) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	under := p.Gauge("sluice_site_maintenance", "1: the Site is under maintenance, and only its critical Routes are open.", "site")
	for name, s := range m.sites {
		_, on := s.On(now)
		under.Value(one(on), name)
	}
	p.Gauge("sluice_maintenance_unstored", "1: the disk does not take which Sites are under maintenance; a restart forgets it.").
		Value(one(m.unstored != nil))
}

// timeText is a time as Params have it; empty: none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func endText(until time.Time) string {
	if until.IsZero() {
		return "it is turned off"
	}
	return until.Format(time.RFC3339)
}

// longestMaintenance is the longest that one with an end may last.
const longestMaintenance = 365 * 24 * time.Hour

// Maintenance returns the Sites that are under maintenance. It may be called by
// anyone after New.
func (s *Server) Maintenance() []MaintenanceStatus { return s.maintenances.list(time.Now()) }

// BeginMaintenance puts the Site that has this host under maintenance, until a
// time or, if that is zero, until EndMaintenance. It returns what to tell who
// asked. The error says why nothing was done. It may be called by anyone while
// the Server runs.
func (s *Server) BeginMaintenance(host string, until time.Time) (said string, err error) {
	defer s.statuses.outdate()
	name, err := s.siteOf(host)
	if err != nil {
		return "", err
	}
	now := time.Now()
	switch {
	case until.IsZero():
	case !until.After(now):
		return "", fmt.Errorf("%s is over already, so nothing was done", until.Format(time.RFC3339))
	case until.Sub(now) > longestMaintenance:
		return "", fmt.Errorf("%s is more than a year away; leave the end out, and turn it off when it is time", until.Format(time.RFC3339))
	}
	said = name + ": under maintenance until " + endText(until)
	if err = s.maintenances.begin(name, until, now); err == errLeft {
		return "", err
	}
	return said + s.notKept(err, "under maintenance"), nil
}

// EndMaintenance opens the Site that has this host, as BeginMaintenance closes
// it. It does no harm when it is open.
func (s *Server) EndMaintenance(host string) (said string, err error) {
	defer s.statuses.outdate()
	name, err := s.siteOf(host)
	if err != nil {
		return "", err
	}
	if err = s.maintenances.end(name, time.Now()); err == errLeft {
		return "", err
	}
	return name + ": open" + s.notKept(err, "open"), nil
}

// notKept tells, on a line of its own, that a restart will not find the Site as
// it is.
func (s *Server) notKept(err error, state string) string {
	switch {
	case err != nil:
		return fmt.Sprintf("\nbut this could not be stored, and after a restart it may not be %s: %v\nfree space or repair the disk of server.state_dir; it is tried again each minute", state, err)
	case s.maintenances.path == "" && state != "open":
		return "\na restart ends it, for server.state_dir is \"\""
	}
	return ""
}

// siteOf returns the name of the Site that has a host.
func (s *Server) siteOf(host string) (name string, err error) {
	return siteWith(s.inForce.Load().cfg.Sites, host)
}

// siteWith returns the name of that of the Sites that has a host.
func siteWith(sites []config.Site, host string) (name string, err error) {
	wanted := strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	for _, site := range sites {
		for _, h := range site.Hosts {
			if h == wanted {
				return siteName(site), nil
			}
		}
	}
	return "", fmt.Errorf("no site has the host %q; there are %s", host, siteNames(sites))
}

// siteNames lists Sites for a person, as many as one can read.
func siteNames(sites []config.Site) string {
	const most = 20
	var names []string
	for i, site := range sites {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(sites)-most))
			break
		}
		names = append(names, siteName(site))
	}
	return strings.Join(names, ", ")
}
