package server

import (
	"sluice/metrics"
)

// reportLimits shows what clients were refused by which limit.
func (s *Server) reportLimits(p *metrics.Page) {
	const site, limit = "site", "limit"
	refused := p.Counter("sluice_limit_refused_total", "Requests beyond a limit, answered by 429.", site, limit)
	would := p.Counter("sluice_limit_would_refuse_total", "Requests beyond a limit that is only tried out.", site, limit)
	keys := p.Gauge("sluice_limit_keys", "Clients that a limit remembers.", site, limit)
	evicted := p.Counter("sluice_limit_evicted_total", "Clients that a limit has forgotten to make room.", site, limit)
	for name, limits := range s.inForce.Load().limits {
		seen := map[string]bool{}
		for _, l := range limits {
			if seen[l.Name] {
				continue // two limits that say the same
			}
			seen[l.Name] = true
			r, w := l.Stats()
			refused.Value(float64(r), name, l.Name)
			would.Value(float64(w), name, l.Name)
			if l.Rate != nil {
				n := l.Rate.Stats()
				keys.Value(float64(n.Keys), name, l.Name)
				evicted.Value(float64(n.Evicted), name, l.Name)
			}
		}
	}
}

// reportAdmissions shows how much Pools bear, and how many had no place.
func (s *Server) reportAdmissions(p *metrics.Page) {
	const pool, outcome = "pool", "outcome"
	limit := p.Gauge("sluice_pool_limit", "Exchanges that the Pool may have under way at a time.", pool)
	inFlight := p.Gauge("sluice_pool_in_flight", "Exchanges that hold a place of the Pool.", pool)
	queued := p.Gauge("sluice_pool_queued", "Exchanges that wait for a place.", pool)
	standing := p.Gauge("sluice_pool_queue_standing", "1: the queue does not drain, so the least important are refused.", pool)
	baseline := p.Gauge("sluice_pool_baseline_seconds", "Time to the response head when nothing is in its way; 0: not known.", pool)
	outcomes := p.Counter("sluice_pool_admissions_total", "Exchanges that asked for a place, by what came of it.", pool, outcome)
	waited := p.Counter("sluice_pool_queue_seconds_total", "Time that the admitted have waited for their places.", pool)
	for name, a := range s.inForce.Load().admissions {
		n := a.Stats()
		limit.Value(float64(n.Limit), name)
		inFlight.Value(float64(n.InFlight), name)
		queued.Value(float64(n.Queued), name)
		standing.Value(one(n.Standing), name)
		baseline.Value(n.Baseline.Seconds(), name)
		outcomes.Value(float64(n.Admitted), name, "admitted")
		outcomes.Value(float64(n.QueueFull), name, "queue_full")
		outcomes.Value(float64(n.QueueTimeout), name, "queue_timeout")
		outcomes.Value(float64(n.Shed), name, "shed")
		outcomes.Value(float64(n.Gone), name, "gone")
		waited.Value(n.Waited.Seconds(), name)
	}
}
