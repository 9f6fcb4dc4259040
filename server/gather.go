package server

import (
	"cmp"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"sluice/config"
	"sluice/listener"
	"sluice/upstream"
)

// gather says how the Server is at this moment.
func (s *Server) gather(now time.Time) *Status {
	g := s.inForce.Load()
	t := &Status{
		Time: now, Version: Version(), PID: os.Getpid(), Started: s.started, State: "serving",
		Config:       s.reloads.configured(g.cfg.File),
		Listeners:    s.listenerStatus(g),
		Now:          s.recorder.rates(),
		Series:       s.recorder.series(),
		Sites:        s.siteStatus(g, now),
		Pools:        s.poolStatus(g, now),
		Certificates: s.Certificates(),
		Limits:       limitStatus(g, now),
		Rooms:        roomStatus(g),
		Cache:        s.cacheStatus(),
		AccessLog:    s.logStatus(g.cfg.Log),
		Memory:       memoryStatus(),
		Failures:     s.failures.shown(),
		Events:       s.timeline.shown(),
	}
	if s.draining.Load() {
		t.State = "draining"
	}
	t.Problems = problems(t, s.concerns(g, now))
	return t
}

func (s *Server) listenerStatus(g *generation) []ListenerStatus {
	all := []ListenerStatus{}
	counted := s.bygone.doorStats(g.doors)
	for _, key := range []string{keyHTTP, keyHTTPS} {
		d := g.doors.plain
		if key == keyHTTPS {
			d = g.doors.tls
		}
		if d == nil {
			continue
		}
		n := counted[key]
		all = append(all, ListenerStatus{
			Key: key, Address: d.Addr().String(), Open: n.Open, Idle: n.Idle, Accepted: n.Accepted,
			Refused: sumOf(n.Refused), Failed: failedConnections(n),
		})
	}
	if d := g.doors.admin; d != nil {
		all = append(all, ListenerStatus{Key: keyAdmin, Address: d.Addr().String()})
	}
	return all
}

func failedConnections(n listener.Stats) uint64 {
	return sumOf(n.HandshakeFailures) + sumOf(n.ProxyFailures)
}

func sumOf(causes map[string]uint64) (sum uint64) {
	for _, n := range causes {
		sum += n
	}
	return sum
}

func (s *Server) siteStatus(g *generation, now time.Time) []SiteStatus {
	counts := s.metrics.SiteCounts()
	closed := make(map[string]*MaintenanceStatus)
	for _, m := range s.maintenances.list(now) {
		closed[m.Site] = &m
	}
	all := make([]SiteStatus, len(g.cfg.Sites))
	for i, site := range g.cfg.Sites {
		name := siteName(site)
		all[i] = SiteStatus{
			Name: name, Hosts: site.Hosts, TLS: site.TLS.Mode != config.TLSOff, Maintenance: closed[name],
			Requests: counts[name].Exchanges, Errors: counts[name].Errors,
		}
	}
	return all
}

// Pools says how the Pools are, in the order of the config. It may be called by
// anyone after New.
func (s *Server) Pools() []PoolStatus { return s.poolStatus(s.inForce.Load(), time.Now()) }

// Limits returns how the Limits of all Sites are. It may be called by anyone while
// the Server runs.
func (s *Server) Limits() []LimitStatus { return limitStatus(s.inForce.Load(), time.Now()) }

func (s *Server) poolStatus(g *generation, now time.Time) []PoolStatus {
	all := make([]PoolStatus, 0, len(g.cfg.Pools))
	for _, p := range g.cfg.Pools {
		n := g.pools[p.Name].Stats()
		status := PoolStatus{
			Name: n.Pool, FailsOpen: n.FailsOpen, Missing: n.Missing,
			Shedding: s.strain.sheds(n.Pool, now), Upstreams: make([]UpstreamStatus, len(n.Upstreams)),
		}
		if a := g.admissions[p.Name]; a != nil {
			held := a.Stats()
			status.Limit, status.Queued = held.Limit, held.Queued
		}
		for i, u := range n.Upstreams {
			status.Upstreams[i] = upstreamStatus(u)
			set, found := s.byHand.of(p.Name, u.Address)
			if status.Upstreams[i].Set = found; set.weight != nil {
				status.Upstreams[i].Weight = *set.weight // also 0, by which it is drained
			}
			status.InFlight += u.InFlight
			if gets(u) {
				status.Available++
			}
		}
		all = append(all, status)
	}
	return all
}

// gets reports whether an Upstream gets requests.
func gets(u upstream.UpstreamStats) bool {
	return !u.Draining && (u.State == upstream.StateIn || u.State == upstream.StateTrial)
}

func upstreamStatus(u upstream.UpstreamStats) UpstreamStatus {
	return UpstreamStatus{
		Address: u.Address, Name: u.Name, State: u.State.String(), Draining: u.Draining,
		Since: u.Since, Until: u.Until, Why: whyOut(u.Failure), Weight: u.Weight, Share: u.Share,
		InFlight: u.InFlight, Requests: u.Requests, Failures: u.Failures,
	}
}

// limitStatus says what the Limits have refused. Of two that say the same in a
// Site one is shown, as in the metrics.
func limitStatus(g *generation, now time.Time) []LimitStatus {
	all := []LimitStatus{}
	for _, site := range g.cfg.Sites {
		name := siteName(site)
		seen := map[string]bool{}
		for _, l := range g.limits[name] {
			if seen[l.Name] {
				continue
			}
			seen[l.Name] = true
			status := LimitStatus{Site: name, Name: l.Name, Top: []LimitedClient{}, shared: l.Shared()}
			status.Refused, status.Would = l.Stats()
			if l.Rate != nil {
				status.Keys = l.Rate.Stats().Keys
			} else if l.InFlight != nil {
				status.Keys = l.InFlight.Stats().Keys
			}
			for _, c := range l.Top(shownLimited, now) {
				status.Top = append(status.Top, LimitedClient{Client: c.Client, Refused: uint64(math.Ceil(c.Times)), Last: c.Last})
			}
			all = append(all, status)
		}
	}
	return all
}

// shownLimited is how many clients a LimitStatus names.
const shownLimited = 10

func roomStatus(g *generation) []RoomStatus {
	all := []RoomStatus{}
	for name, room := range g.rooms {
		n := room.Stats()
		all = append(all, RoomStatus{Site: name, Waiting: n.Waiting, Entered: n.Entered})
	}
	slices.SortFunc(all, func(a, b RoomStatus) int { return cmp.Compare(a.Site, b.Site) })
	return all
}

func (s *Server) cacheStatus() *CacheStatus {
	if s.cache == nil {
		return nil
	}
	n := s.cache.Stats()
	cached := s.recorder.cached()
	return &CacheStatus{
		Copies: n.Objects, Bytes: uint64(n.Bytes), Capacity: uint64(n.MaxBytes),
		Hits: n.Hits, Misses: n.Misses, Stale: cached["last_good"],
	}
}

func (s *Server) logStatus(c config.Log) *LogStatus {
	if s.access == nil {
		return nil
	}
	n := s.access.Stats()
	status := &LogStatus{To: string(c.Access.To), Written: n.Written, Dropped: n.Dropped}
	if c.Access.To == config.LogFile {
		status.To = c.Access.File
	}
	switch {
	case n.Failure != nil:
		status.Failure = n.Failure.Error()
	case n.NotReopened != nil:
		status.Failure, status.Renamed = n.NotReopened.Error(), true
	}
	return status
}

func memoryStatus() MemoryStatus {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/gomemlimit:bytes"}}
	metrics.Read(sample)
	m := MemoryStatus{Heap: sample[0].Value.Uint64(), Goroutines: runtime.NumGoroutine(), Descriptors: openDescriptors()}
	if limit := sample[1].Value.Uint64(); limit < math.MaxInt64 {
		m.Limit = int64(limit)
	}
	return m
}

// load returns how many Exchanges are with the Pools, and how many wait for a
// place in one.
func (s *Server) load() (inFlight, queued int) {
	for _, a := range s.inForce.Load().admissions {
		queued += a.Stats().Queued
	}
	return s.fleet.InFlight(), queued
}
