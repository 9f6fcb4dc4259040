package server

import (
	"sluice/accesslog"
	"sluice/config"
	"sluice/metrics"
)

// newMetrics builds the Metrics: they count by Site, and show what the others
// have counted.
func (s *Server) newMetrics(sites []config.Site) *metrics.Metrics {
	m := metrics.New(Version())
	m.Sites(namesOf(sites))
	m.Failed = func(err error) { s.errlog.Error("a number is missing in the metrics; please report this", "why", err) }
	m.Register(s.reportConnections)
	m.Register(s.reportUpstreams)
	m.Register(s.reportNames)
	m.Register(s.reportCertificates)
	m.Register(s.reportLimits)
	m.Register(s.reportAdmissions)
	m.Register(s.reportRooms)
	m.Register(s.maintenances.report)
	m.Register(s.reportCache)
	m.Register(s.reportAccessLog)
	m.Register(s.reportErrorLog)
	m.Register(s.reportHTTP2)
	m.Register(s.reloads.report)
	return m
}

// namesOf returns what logs and metrics call the Sites.
func namesOf(sites []config.Site) []string {
	names := make([]string, len(sites))
	for i, site := range sites {
		names[i] = siteName(site)
	}
	return names
}

// observe counts an Exchange, and remembers it if it failed.
func (s *Server) observe(e *accesslog.Entry) {
	s.metrics.Exchange(&metrics.Observation{
		Site:     e.Site,
		Protocol: e.Proto,
		Status:   e.Status,
		Cause:    e.Cause,
		Degraded: e.Degraded,
		Cache:    e.Cache,
		Total:    e.Total,
		BytesIn:  e.BytesIn,
		BytesOut: e.BytesOut,
		Attempts: e.Attempts,
	})
	s.failures.see(e)
}
