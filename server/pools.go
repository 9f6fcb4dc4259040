package server

import (
	"reflect"
	"strings"

	"sluice/config"
	"sluice/upstream"
)

// buildPools makes the Pools of a Config and keeps their Upstreams what their
// names and files say. A Pool that has not changed is the one that is there.
func (s *Server) buildPools(g *generation, cfg *config.Config) error {
	for _, p := range cfg.Pools {
		if g.keepPool(p) {
			continue
		}
		c := poolConfig(p, checkHost(cfg.Sites, p))
		c.Replaces = g.before.pools[p.Name]
		pool, err := s.fleet.NewPool(c)
		if err != nil {
			return placed(cfg, cfg.PoolLine(p.Name), err)
		}
		g.pools[p.Name] = pool
		m, err := s.follow(pool, p)
		if err != nil {
			return placed(cfg, cfg.PoolLine(p.Name), err)
		}
		g.members[p.Name] = m
	}
	return nil
}

// keepPool takes over a Pool that is there, and reports whether it is the same
// as before.
func (g *generation) keepPool(p config.Pool) bool {
	was, found := g.before.cfg.Pool(p.Name)
	if !found || !reflect.DeepEqual(was, p) || checkHost(g.before.cfg.Sites, was) != checkHost(g.cfg.Sites, p) {
		return false
	}
	g.pools[p.Name], g.members[p.Name] = g.before.pools[p.Name], g.before.members[p.Name]
	return true
}

// poolConfig translates.
func poolConfig(p config.Pool, host string) upstream.Config {
	share, floor := p.RetryBudget, 0.0 // 0: "not said", and then the default
	if share == 0 {
		share, floor = -1, -1 // none at all
	}
	return upstream.Config{
		Name:            p.Name,
		Policy:          policy(p.Policy),
		ResponseTimeout: p.ResponseTimeout,
		RetryOn:         p.RetryOn,
		FailOn:          p.FailOn,
		RetryShare:      share,
		RetryFloor:      floor,
		MinHealthy:      p.MinHealthy,
		Settings: upstream.Settings{
			ConnectTimeout: p.ConnectTimeout,
			MaxConnections: p.MaxConnections,
			MaxIdle:        orNone(p.MaxIdle),
			IdleTimeout:    p.IdleTimeout,
			SlowStart:      orNone(p.SlowStart),
			Evidence: upstream.Evidence{
				InARow: orNone(p.FailuresInARow), Requests: p.FailureRequests, Share: orNone(p.FailureShare)},
			Check:    check(p.Health, host),
			Protocol: protocol(p.Protocol),
			TLS: upstream.TLS{
				On:   p.Protocol == config.ProtocolHTTPS || p.Protocol == config.ProtocolH2,
				Name: p.TLS.Name, CA: p.TLS.CA, Cert: p.TLS.Cert, Key: p.TLS.Key, Insecure: !p.TLS.Verify,
			},
		},
	}
}

// orNone returns v as package upstream has it: there 0 means the default, and
// less than that none.
func orNone[T ~int | ~int64 | ~float64](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

func policy(p config.Policy) upstream.Policy {
	switch p {
	case config.PolicyLeastConn:
		return upstream.LeastConn
	case config.PolicyClientHash:
		return upstream.ClientHash
	}
	return upstream.RoundRobin
}

func protocol(p config.Protocol) upstream.Protocol {
	if p == config.ProtocolH2C || p == config.ProtocolH2 {
		return upstream.HTTP2
	}
	return upstream.HTTP1
}

func check(h config.Health, host string) upstream.Check {
	kind := upstream.CheckAway
	switch h.Type {
	case config.HealthHTTP:
		kind = upstream.CheckHTTP
	case config.HealthTCP:
		kind = upstream.CheckTCP
	case config.HealthTLS:
		kind = upstream.CheckTLS
	}
	return upstream.Check{
		Kind: kind, Interval: h.Interval, Timeout: h.Timeout,
		UnhealthyAfter: h.UnhealthyAfter, HealthyAfter: h.HealthyAfter,
		Method: h.Method, Path: h.Path, Host: host, From: h.From, To: h.To, Body: h.Body,
	}
}

// checkHost returns what checks say in Host: what is configured, else the
// public name that the Pool's first Site is asked for by.
func checkHost(sites []config.Site, p config.Pool) string {
	if p.Health.Host != "" || p.Health.Type == config.HealthAway {
		return p.Health.Host
	}
	for _, site := range sites {
		if !serves(site, p.Name) {
			continue
		}
		for _, host := range site.Hosts {
			if !strings.HasPrefix(host, "*.") {
				return host
			}
		}
	}
	return ""
}

// serves reports that a Site or one of its Routes has a Pool.
func serves(site config.Site, pool string) bool {
	if site.Pool == pool {
		return true
	}
	for _, r := range site.Routes {
		if r.Pool == pool {
			return true
		}
	}
	return false
}
