package server

import (
	"fmt"
	"time"

	"sluice/certs"
	"sluice/config"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/proxy"
	"sluice/upstream"
)

// generation is all that is built from one Config.
type generation struct {
	proxy        *proxy.Generation
	pools        map[string]*upstream.Pool
	members      map[string]*members           // of the Pools
	admissions   map[string]*limiter.Admission // of the Pools; none: it bears any number
	limits       map[string][]*proxy.Limit     // of the Sites
	rooms        map[string]*limiter.Room      // likewise
	common       *degraded.Common              // of the Sites' Degraded answers; only while they are built
	maintenances *maintenances                 // the Server's
	signs        bool                          // cookies are given out
	sources      []certs.Source
	managed      *certs.Managed // one of sources; nil: no certificate is ordered
	defaultHost  string         // whose certificate answers names that no Site has
}

// build makes a generation. It opens no socket and starts nothing, so that a
// Config which cannot be used changes nothing.
func (s *Server) build(cfg *config.Config) (*generation, error) {
	g := &generation{pools: make(map[string]*upstream.Pool, len(cfg.Pools)), members: make(map[string]*members, len(cfg.Pools)),
		admissions: buildAdmissions(cfg.Pools), limits: make(map[string][]*proxy.Limit), rooms: make(map[string]*limiter.Room), common: degraded.NewCommon(), maintenances: &s.maintenances}
	if err := s.buildPools(g, cfg); err != nil {
		return nil, err
	}
	if err := g.addSources(cfg.Sites, time.Now()); err != nil {
		return nil, err
	}
	if err := s.addManaged(g, cfg, time.Now()); err != nil {
		return nil, err
	}
	sites, err := g.buildSites(cfg.Sites, s.keyring)
	if err != nil {
		return nil, err
	}
	g.common = nil
	g.proxy = &proxy.Generation{
		Sites:         sites,
		Trusted:       cfg.Server.TrustedProxies,
		Debug:         cfg.Server.Debug,
		HTTPSPort:     cfg.Server.HTTPS.Port,
		StreamTimeout: cfg.Server.StreamTimeout,
		BodyTimeout:   cfg.Server.BodyTimeout,
		Refusals:      degraded.NewRefusals(),
		Challenge:     s.challenge,
		Cache:         s.cache,
		Panicked:      s.panicked,
	}
	return g, nil
}

// addSources makes the Sources of the Sites' own certificates: one for each
// pair of files, and one self-signed certificate for each Site that wants one.
func (g *generation) addSources(sites []config.Site, now time.Time) error {
	for _, site := range sites {
		if site.Default && site.TLS.Mode != config.TLSOff {
			g.defaultHost = site.Hosts[0]
		}
		for _, files := range site.TLS.Files {
			source, err := certs.NewFile(certs.FileOptions{Cert: files.Cert, Key: files.Key, Names: site.Hosts}, now)
			if err != nil {
				return fmt.Errorf("site %s: %w", site.Hosts[0], err)
			}
			g.sources = append(g.sources, source)
		}
		if site.TLS.Mode == config.TLSSelfSigned {
			source, err := certs.NewSelfSigned(certs.SelfSignedOptions{Names: site.Hosts}, now)
			if err != nil {
				return fmt.Errorf("site %s: %w", site.Hosts[0], err)
			}
			g.sources = append(g.sources, source)
		}
	}
	return nil
}

func (g *generation) buildSites(sites []config.Site, keys *limiter.Keyring) (*proxy.Sites, error) {
	built := make([]*proxy.Site, len(sites))
	var byDefault *proxy.Site
	for i, site := range sites {
		b, err := g.buildSite(site, keys)
		if err != nil {
			return nil, fmt.Errorf("site %s: %w", site.Hosts[0], err)
		}
		if built[i] = b; site.Default {
			byDefault = b
		}
	}
	table := proxy.NewSites(byDefault)
	for i, site := range sites {
		for _, host := range site.Hosts {
			table.Add(host, built[i])
		}
	}
	return table, nil
}

func (g *generation) buildSite(site config.Site, keys *limiter.Keyring) (*proxy.Site, error) {
	b := &proxy.Site{Name: siteName(site), TLS: site.TLS.Mode != config.TLSOff, Redirect: site.Redirect}
	if site.HSTS != "" {
		b.HSTS = []byte(site.HSTS)
	}
	b.Maintenance = g.maintenances.of(b.Name)
	b.IgnoreCookies = ignoredCookies(site)
	b.Limits, b.Bandwidth = buildLimits(site.Limits), site.Bandwidth
	g.limits[b.Name] = b.Limits
	if err := g.buildRoom(b, site, keys, time.Now()); err != nil {
		return nil, err
	}
	answers, err := newAnswers(site, g.common)
	if err != nil {
		return nil, err
	}
	routes := site.Routes
	if !hasRoot(routes) {
		routes = append(routes[:len(routes):len(routes)],
			config.Route{Path: "/", Pool: site.Pool, Degraded: site.Degraded, Class: config.ClassNormal, LastGood: site.LastGood})
	}
	for _, r := range routes {
		answer, err := answers.of(r.Degraded)
		if err != nil {
			return nil, fmt.Errorf("route %s: %w", r.Path, err)
		}
		b.Routes = append(b.Routes, proxy.Route{
			Prefix: r.Path, Pool: g.pools[r.Pool], Degraded: answer, Form: mode(r.Degraded.Form),
			Admission: g.admissions[r.Pool], Class: class(r.Class), Streams: r.Streams,
			Reuse: reuse(r.Reuse), LastGood: lastGood(site, r),
		})
	}
	proxy.SortRoutes(b.Routes)
	return b, nil
}

// siteName is what the Site is called in logs and metrics.
func siteName(s config.Site) string { return s.Hosts[0] }

func hasRoot(routes []config.Route) bool {
	for _, r := range routes {
		if r.Path == "/" {
			return true
		}
	}
	return false
}

func class(c config.Class) limiter.Class {
	switch c {
	case config.ClassCritical:
		return limiter.ClassCritical
	case config.ClassSheddable:
		return limiter.ClassSheddable
	}
	return limiter.ClassNormal
}
