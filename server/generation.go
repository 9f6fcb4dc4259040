package server

import (
	"fmt"
	"reflect"
	"time"

	"sluice/admin"
	"sluice/certs"
	"sluice/config"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/proxy"
	"sluice/upstream"
)

// generation is all that is built from one Config. What its Config has in
// common with that of the one before it is the same object in both: a reload
// begins nothing anew that has not changed. It is fixed once it is in force.
type generation struct {
	cfg          *config.Config
	named        map[string]config.Site // of cfg, by their names
	before       *generation            // whose place it takes, while it is built; never nil then
	proxy        *proxy.Generation
	pools        map[string]*upstream.Pool
	members      map[string]*members           // of the Pools
	admissions   map[string]*limiter.Admission // of the Pools; none: it bears any number
	sites        map[string]*proxy.Site
	limits       map[string][]*proxy.Limit // of the Sites
	rooms        map[string]*limiter.Room  // likewise
	common       *degraded.Common          // of the Sites' Degraded answers; only while they are built
	maintenances *maintenances             // the Server's
	signs        bool                      // cookies are given out
	sources      []certs.Source
	own          map[ownCertificate]certs.Source // those of the Sites' own certificates
	managed      *certs.Managed                  // one of sources; nil: no certificate is ordered
	defaultHost  string                          // whose certificate answers names that no Site has
	wires        *wires
	token        admin.Token // of the admin server
	tokenMissing error       // why nobody has it; nil: it could be read
	doors        doors       // set by Listen or Reload, before it is in force
}

// build makes a generation that may take the place of before, which is nil for
// the first one. It opens no socket and starts nothing, and leaves nothing
// behind if the Config cannot be used.
func (s *Server) build(cfg *config.Config, before *generation) (*generation, error) {
	if before == nil {
		before = &generation{cfg: &config.Config{}}
	}
	g := &generation{
		cfg: cfg, named: make(map[string]config.Site, len(cfg.Sites)), before: before,
		maintenances: s.maintenances, common: degraded.NewCommon(),
		pools: make(map[string]*upstream.Pool, len(cfg.Pools)), members: make(map[string]*members, len(cfg.Pools)),
		admissions: buildAdmissions(cfg.Pools, before), sites: make(map[string]*proxy.Site, len(cfg.Sites)),
		limits: make(map[string][]*proxy.Limit), rooms: make(map[string]*limiter.Room), own: make(map[ownCertificate]certs.Source),
	}
	for _, site := range cfg.Sites {
		g.named[siteName(site)] = site
	}
	if err := s.fill(g); err != nil {
		g.leave(before)
		return nil, err
	}
	g.before, g.common = nil, nil
	return g, nil
}

// fill builds what g has.
func (s *Server) fill(g *generation) error {
	cfg := g.cfg
	if err := s.buildPools(g, cfg); err != nil {
		return err
	}
	if err := g.addSources(cfg.Sites, time.Now()); err != nil {
		return err
	}
	if err := s.addManaged(g, cfg, time.Now()); err != nil {
		return err
	}
	sites, err := g.buildSites(cfg.Sites, s.keyring)
	if err != nil {
		return err
	}
	g.token, g.tokenMissing = adminToken(cfg.Server)
	g.wires = s.newWires(cfg.Server, g.before)
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
	return nil
}

// leave ends what g has and other has not: its Pools and what keeps their
// members. Exchanges that began with g finish as they began.
func (g *generation) leave(other *generation) {
	for name, m := range g.members {
		if other.members[name] != m {
			m.end()
		}
	}
	for name, pool := range g.pools {
		if other.pools[name] != pool {
			pool.Close()
		}
	}
}

// ownCertificate is what a Source of a Site's own certificate is made of.
type ownCertificate struct {
	files config.CertFiles // none: it is self-signed
	names string
}

// addSources makes the Sources of the Sites' own certificates: one for each
// pair of files, and one self-signed certificate for each Site that wants one.
func (g *generation) addSources(sites []config.Site, now time.Time) error {
	for i, site := range sites {
		if site.Default && site.TLS.Mode != config.TLSOff {
			g.defaultHost = site.Hosts[0]
		}
		for _, files := range site.TLS.Files {
			if err := g.addSource(site, files, now); err != nil {
				return placed(g.cfg, g.cfg.SiteLine(i), err)
			}
		}
		if site.TLS.Mode == config.TLSSelfSigned {
			if err := g.addSource(site, config.CertFiles{}, now); err != nil {
				return placed(g.cfg, g.cfg.SiteLine(i), err)
			}
		}
	}
	return nil
}

// addSource adds the Source of one certificate of a Site: the one that was there
// before, if it has not changed.
func (g *generation) addSource(site config.Site, files config.CertFiles, now time.Time) error {
	key := ownCertificate{files: files, names: fmt.Sprint(site.Hosts)}
	source := g.before.own[key]
	var err error
	switch {
	case source != nil:
	case files == config.CertFiles{}:
		source, err = certs.NewSelfSigned(certs.SelfSignedOptions{Names: site.Hosts}, now)
	default:
		source, err = certs.NewFile(certs.FileOptions{Cert: files.Cert, Key: files.Key, Names: site.Hosts}, now)
	}
	if err != nil {
		return fmt.Errorf("site %s: %w", siteName(site), err)
	}
	g.own[key] = source
	g.sources = append(g.sources, source)
	return nil
}

func (g *generation) buildSites(sites []config.Site, keys *limiter.Keyring) (*proxy.Sites, error) {
	built := make([]*proxy.Site, len(sites))
	var byDefault *proxy.Site
	for i, site := range sites {
		b, err := g.buildSite(site, keys)
		if err != nil {
			return nil, placed(g.cfg, g.cfg.SiteLine(i), fmt.Errorf("site %s: %w", site.Hosts[0], err))
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

// buildSite makes a Site, or takes over the one that is there if it and its
// Pools have not changed.
func (g *generation) buildSite(site config.Site, keys *limiter.Keyring) (*proxy.Site, error) {
	name := siteName(site)
	if keepsCookies(site) {
		g.signs = true
	}
	if same := g.unchanged(site); same != nil {
		g.limits[name] = g.before.limits[name]
		if room := g.before.rooms[name]; room != nil {
			g.rooms[name] = room
		}
		g.sites[name] = same
		return same, nil
	}
	b := &proxy.Site{Name: name, TLS: site.TLS.Mode != config.TLSOff, Redirect: site.Redirect}
	if site.HSTS != "" {
		b.HSTS = []byte(site.HSTS)
	}
	b.Maintenance = g.maintenances.of(name)
	b.IgnoreCookies = ignoredCookies(site)
	b.Limits, b.Bandwidth = buildLimits(site.Limits, g.before.named[name].Limits, g.before.limits[name]), site.Bandwidth
	g.limits[name] = b.Limits
	if err := g.buildRoom(b, site, keys, time.Now()); err != nil {
		return nil, err
	}
	if err := g.addRoutes(b, site); err != nil {
		return nil, err
	}
	g.sites[name] = b
	return b, nil
}

// unchanged returns the Site as it is in force, nil if it, or a Pool that it
// has, is another one now.
func (g *generation) unchanged(site config.Site) *proxy.Site {
	was, found := g.before.named[siteName(site)]
	if !found || !reflect.DeepEqual(was, site) {
		return nil
	}
	pools := []string{site.Pool}
	for _, r := range site.Routes {
		pools = append(pools, r.Pool)
	}
	for _, name := range pools {
		if g.pools[name] != g.before.pools[name] || g.admissions[name] != g.before.admissions[name] {
			return nil
		}
	}
	return g.before.sites[siteName(site)]
}

// addRoutes gives a Site its Routes, the longest prefix first.
func (g *generation) addRoutes(b *proxy.Site, site config.Site) error {
	answers, err := newAnswers(site, g.common)
	if err != nil {
		return err
	}
	routes := site.Routes
	if !hasRoot(routes) {
		routes = append(routes[:len(routes):len(routes)],
			config.Route{Path: "/", Pool: site.Pool, Degraded: site.Degraded, Class: config.ClassNormal, LastGood: site.LastGood})
	}
	for _, r := range routes {
		answer, err := answers.of(r.Degraded)
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Path, err)
		}
		b.Routes = append(b.Routes, proxy.Route{
			Prefix: r.Path, Pool: g.pools[r.Pool], Degraded: answer, Form: mode(r.Degraded.Form),
			Admission: g.admissions[r.Pool], Class: class(r.Class), Streams: r.Streams,
			Reuse: reuse(r.Reuse), LastGood: lastGood(site, r),
		})
	}
	proxy.SortRoutes(b.Routes)
	return nil
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
