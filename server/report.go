package server

import (
	"strings"

	"sluice/listener"
	"sluice/metrics"
	"sluice/upstream"
)

// What the leaves count themselves is read here when somebody scrapes.

func (s *Server) reportConnections(p *metrics.Page) {
	g := s.inForce.Load()
	named := s.bygone.doorStats(g.doors)
	accepted := p.Counter("sluice_connections_accepted_total", "Connections within the caps.", "listener")
	open := p.Gauge("sluice_connections_open", "Connections of clients.", "listener")
	idle := p.Gauge("sluice_connections_idle", "Connections between two requests.", "listener")
	evicted := p.Counter("sluice_connections_evicted_total", "Idle connections that were ended to make room.", "listener")
	challenges := p.Counter("sluice_tls_challenges_total", "Validations by CAs (tls-alpn-01) that were answered.", "listener")
	aborted := p.Counter("sluice_connections_aborted_total", "Connections cut at the end of a drain.", "listener")
	for name, n := range named {
		accepted.Value(float64(n.Accepted), name)
		open.Value(float64(n.Open), name)
		idle.Value(float64(n.Idle), name)
		evicted.Value(float64(n.Evicted), name)
		aborted.Value(float64(n.Aborted), name)
		challenges.Value(float64(n.Challenges), name)
	}
	p.Gauge("sluice_connections_max", "Connections that may be open at once, of all Listeners.").
		Value(float64(maxConnections(g.cfg.Server.MaxConnections)))
	reportCauses(p, named)
}

// reportCauses shows the connections that did not come to be.
func reportCauses(p *metrics.Page, named map[string]listener.Stats) {
	byCause := func(name, help string) metrics.Family { return p.Counter(name, help, "listener", "cause") }
	refused := byCause("sluice_connections_refused_total", "Connections beyond the caps.")
	errors := byCause("sluice_accept_errors_total", "Connections that the system could not give us.")
	headers := byCause("sluice_proxy_header_failures_total", "Connections whose PROXY header failed.")
	handshakes := byCause("sluice_tls_handshake_failures_total", "Connections whose TLS handshake failed.")
	each := func(f metrics.Family, name string, causes map[string]uint64) {
		for cause, n := range causes {
			f.Value(float64(n), name, cause)
		}
	}
	for name, n := range named {
		each(refused, name, n.Refused)
		each(errors, name, n.AcceptErrors)
		each(headers, name, n.ProxyFailures)
		each(handshakes, name, n.HandshakeFailures)
	}
}

func (s *Server) reportUpstreams(p *metrics.Page) {
	available := p.Gauge("sluice_pool_available", "Upstreams in service or on trial.", "pool")
	members := p.Gauge("sluice_pool_upstreams", "Upstreams of the Pool.", "pool")
	requests := p.Gauge("sluice_pool_recent_requests", "Requests of the last ten seconds, as the retry budget counts.", "pool")
	retries := p.Gauge("sluice_pool_recent_retries", "Second Attempts of the last ten seconds.", "pool")
	open := p.Gauge("sluice_pool_fails_open", "1: too few Upstreams are in service, so some that are out are asked too.", "pool")
	show := newUpstreamFamilies(p)
	for _, pool := range s.inForce.Load().pools {
		n := pool.Stats()
		available.Value(float64(n.Available), n.Pool)
		members.Value(float64(len(n.Upstreams)), n.Pool)
		requests.Value(float64(n.Requests), n.Pool)
		retries.Value(float64(n.Retries), n.Pool)
		open.Value(one(n.FailsOpen), n.Pool)
		for _, u := range n.Upstreams {
			show.upstream(n.Pool, u)
		}
	}
}

// upstreamFamilies are the numbers of each Upstream.
type upstreamFamilies struct{ up, draining, share, attempts, failures, inFlight, idle metrics.Family }

func newUpstreamFamilies(p *metrics.Page) upstreamFamilies {
	const pool, address = "pool", "upstream"
	return upstreamFamilies{
		up:       p.Gauge("sluice_upstream_up", "1: in service or on trial; 0: out, or new and not probed yet.", pool, address),
		draining: p.Gauge("sluice_upstream_draining", "1: no new requests; those under way finish.", pool, address),
		share:    p.Gauge("sluice_upstream_share", "Part of its weight that it has, less than 1 while it starts slowly.", pool, address),
		attempts: p.Counter("sluice_upstream_attempts_total", "Attempts on the Upstream.", pool, address),
		failures: p.Counter("sluice_upstream_failures_total", "Attempts that the Upstream failed.", pool, address),
		inFlight: p.Gauge("sluice_upstream_in_flight", "Attempts under way.", pool, address),
		idle:     p.Gauge("sluice_upstream_idle_connections", "Connections kept for the next Attempt.", pool, address),
	}
}

// one returns 1 for true.
func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (f upstreamFamilies) upstream(pool string, u upstream.UpstreamStats) {
	f.up.Value(one(u.State == upstream.StateIn || u.State == upstream.StateTrial), pool, u.Address)
	f.draining.Value(one(u.Draining), pool, u.Address)
	f.share.Value(u.Share, pool, u.Address)
	f.attempts.Value(float64(u.Requests), pool, u.Address)
	f.failures.Value(float64(u.Failures), pool, u.Address)
	f.inFlight.Value(float64(u.InFlight), pool, u.Address)
	f.idle.Value(float64(u.Idle), pool, u.Address)
}

// reportCertificates shows when certificates end, and whether they are renewed.
func (s *Server) reportCertificates(p *metrics.Page) {
	const names, source, key = "names", "source", "key"
	ends := p.Gauge("sluice_certificate_not_after_timestamp_seconds", "When a certificate ends; 0: there is none yet.", names, source, key)
	next := p.Gauge("sluice_certificate_next_renewal_timestamp_seconds", "When a certificate is ordered next.", names, source, key)
	failing := p.Gauge("sluice_certificate_failing", "1: the last try to renew or load it failed.", names, source, key)
	for _, c := range s.Certificates() {
		labels := []string{strings.Join(c.Names, ","), c.Source, c.Key}
		end := 0.0
		if !c.NotAfter.IsZero() {
			end = float64(c.NotAfter.Unix())
		}
		ends.Value(end, labels...)
		failing.Value(one(c.Failure != ""), labels...)
		if !c.NextTry.IsZero() {
			next.Value(float64(c.NextTry.Unix()), labels...)
		}
	}
	outcomes := p.Counter("sluice_certificate_renewals_total", "Certificates obtained or loaded while running, and tries that failed.", "outcome")
	outcomes.Value(float64(s.renewed.Load()), "new")
	outcomes.Value(float64(s.unrenewed.Load()), "failed")
	_, failure := s.vault.Failure()
	p.Gauge("sluice_certificates_unstored", "1: the disk does not take what was obtained; it is in memory only.").Value(one(failure != nil))
}

// reportNames shows how the names and files are that say where Upstreams are.
func (s *Server) reportNames(p *metrics.Page) {
	n := s.names.Stats()
	lookups := p.Counter("sluice_lookups_total", "Questions to resolvers, by what came of them.", "outcome")
	lookups.Value(float64(n.Answered), "answered")
	lookups.Value(float64(n.TimedOut), "timed_out")
	lookups.Value(float64(n.NotFound), "not_found")
	lookups.Value(float64(n.Failed), "failed")
	p.Counter("sluice_lookups_throttled_total", "Times that a question had to wait for the budget.").Value(float64(n.Throttled))
	addresses := p.Gauge("sluice_source_addresses", "Addresses that a name or file leads to.", "source")
	failing := p.Gauge("sluice_source_failing", "1: it cannot be looked up or read; what was known stays.", "source")
	for _, source := range n.Sources {
		addresses.Value(float64(source.Addresses), source.Source)
		failing.Value(one(source.Err != nil), source.Source)
	}
}

func (s *Server) reportAccessLog(p *metrics.Page) {
	if s.access == nil {
		return
	}
	n := s.access.Stats()
	lines := p.Counter("sluice_access_log_lines_total", "Lines of the access log; dropped ones are lost, those sampled out were not to be written.", "outcome")
	lines.Value(float64(n.Written), "written")
	lines.Value(float64(n.Dropped), "dropped")
	lines.Value(float64(n.SampledOut), "sampled_out")
	p.Counter("sluice_access_log_bytes_total", "Bytes written to the access log.").Value(float64(n.Bytes))
	failing := 0.0
	if n.Failure != nil || n.NotReopened != nil {
		failing = 1
	}
	p.Gauge("sluice_access_log_failing", "1: the last line of the access log could not be written where it belongs.").Value(failing)
}

func (s *Server) reportHTTP2(p *metrics.Page) {
	n := s.bygone.http2Stats(s.inForce.Load().wires)
	for _, one := range []struct {
		name, help string
		value      uint64
	}{
		{"connections", "Connections that speak HTTP/2.", n.Connections},
		{"streams", "Streams that clients opened.", n.Streams},
		{"resets", "Streams that clients took back.", n.Resets},
		{"refused_streams", "Streams beyond max_streams.", n.Refused},
		{"stream_errors", "Streams reset because the client broke the rules on them.", n.StreamErrors},
		{"stalled", "Responses given up because the client kept the window shut.", n.Stalled},
		{"violations", "Connections ended because the client broke the rules.", n.Violations},
	} {
		p.Counter("sluice_http2_"+one.name+"_total", one.help).Value(float64(one.value))
	}
	abuse := p.Counter("sluice_http2_abuse_total", "Connections ended because a budget was used up, by budget.", "kind")
	abuse.Value(float64(n.Abuse.Resets), "resets")
	abuse.Value(float64(n.Abuse.Errors), "errors")
	abuse.Value(float64(n.Abuse.Head), "head")
	abuse.Value(float64(n.Abuse.Frames), "frames")
}
