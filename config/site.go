package config

import (
	"strconv"
	"time"
)

// Site is a set of host names and all that is decided for them.
type Site struct {
	Hosts    []string // lower case; "*.example.com" stands for one label
	TLS      TLS
	Pool     string // name of a Pool of the Config
	Redirect bool   // plain HTTP is sent to HTTPS; never with TLSOff
	Default  bool   // answers the hosts that no Site names, too
	HSTS     string // value of Strict-Transport-Security; empty: none
	// Bandwidth is how many bytes a second one connection may take; 0: any.
	Bandwidth int64
	// KeepAdmitted is how long somebody who was let in under overload stays
	// in, by a signed cookie; 0: nobody is given one.
	KeepAdmitted time.Duration
	// LastGood: copies of anonymous answers are kept and used when a Pool is
	// down or sheds, up to LastGoodFor old.
	LastGood    bool
	LastGoodFor time.Duration
	// IgnoreCookies are the cookies that no answer depends on, by name or by the
	// beginning of it and a star.
	IgnoreCookies []string
	Limits        []Limit // in the order of the file
	Room          Room
	Routes        []Route // in the order of the file; no path twice
	Degraded      Degraded
}

// sites reads all [[site]].
func (d *decoder) sites(top section, server Server) []Site {
	if n := top.node.keys["site"]; n == nil || n.kind == kindList && len(n.items) == 0 {
		top.fail("site", "write a [[site]] with hosts, tls and upstream", "there is none, so no request would be answered")
	}
	var sites []Site
	first := 0 // line of the first default
	for _, s := range top.tables("site") {
		v := d.site(s, server)
		if v.Default && first != 0 {
			s.fail("default", "keep one of the two", "the Site with default = true at line %d is the default already", first)
		}
		if v.Default && first == 0 {
			first = s.line("default")
		}
		sites, d.siteLines = append(sites, v), append(d.siteLines, s.node.line)
	}
	return sites
}

// site reads one [[site]].
func (d *decoder) site(s section, server Server) Site {
	v := Site{
		Hosts:    s.hosts(),
		TLS:      d.tls(s),
		Redirect: s.boolean("redirect"),
		Default:  s.boolean("default"),
		Degraded: d.degraded(s.table("degraded"), Degraded{}),
	}
	v.HSTS = s.hsts(v.TLS)
	v.Bandwidth = int64(s.size("bandwidth", 0, mostBandwidth))
	v.KeepAdmitted = read(s, "keep_admitted", durationBetween(0, longestStay))
	v.LastGood, v.LastGoodFor = s.boolean("last_good"), read(s, "last_good_for", durationBetween(shortestCopy, longestCopy))
	v.IgnoreCookies = s.ignoredCookies()
	for _, l := range s.tables("limit") {
		v.Limits = append(v.Limits, l.limit())
	}
	v.Room = s.room()
	if s.written("upstream") {
		v.Pool = d.poolOf(s, d.unnamed(v, "/"))
	} else {
		s.missing("upstream")
	}
	for _, r := range s.tables("route") {
		v.Routes = append(v.Routes, d.route(r, v))
	}
	s.checkPaths(v.Routes)
	s.checkCache(v.Routes, server)
	s.checkTLS(&v, server)
	s.checkACME(v, server)
	return v
}

// longestHSTS is twice what lists of browsers ask for.
const longestHSTS = 2 * 365 * 24 * time.Hour

// hsts returns the value of Strict-Transport-Security (RFC 6797 section 6.1).
func (s section) hsts(t TLS) string {
	age := read(s, "hsts", wholeSeconds(0, longestHSTS))
	subdomains := s.boolean("hsts_subdomains")
	switch {
	case age == 0 && subdomains:
		s.fail("hsts_subdomains", `write hsts = "365d", too`, "has no meaning without hsts")
	case age > 0 && (t.Mode == TLSOff || t.Mode == TLSSelfSigned):
		s.fail("hsts", "delete it until the Site has a certificate that browsers trust",
			"with tls = %q browsers would lock visitors out", t.Mode)
	}
	if age == 0 {
		return ""
	}
	value := "max-age=" + strconv.Itoa(int(age/time.Second))
	if subdomains {
		value += "; includeSubDomains"
	}
	return value
}

// hosts returns the host names of a Site.
func (s section) hosts() []string {
	if !s.written("hosts") {
		s.missing("hosts")
		return nil
	}
	list := s.want("hosts", kindList)
	if list == nil {
		return nil
	}
	if len(list.items) == 0 {
		s.fail("hosts", s.spec.key("hosts").howTo(), "is empty, so no request would reach this Site")
	}
	hosts := make([]string, 0, len(list.items))
	for _, item := range s.onlyTexts("hosts", list) {
		host, bad := halfWidth(parseHost)(item.text)
		if bad != nil {
			s.d.add(item.line, s.key("hosts"), bad.remedy, "%s", bad.problem)
			continue
		}
		if first := s.d.hosts[host]; first != 0 {
			s.d.add(item.line, s.key("hosts"), "name each host in one Site only", "%q is named already, at line %d", host, first)
			continue
		}
		s.d.hosts[host] = item.line
		hosts = append(hosts, host)
	}
	return hosts
}

// checkTLS holds the TLS of a Site against the Listeners and redirect.
func (s section) checkTLS(v *Site, server Server) {
	switch {
	case v.TLS.Mode == TLSOff && !server.HTTP.On:
		s.fail("tls", `write server.http = ":80", or give the Site a certificate`, `"off" needs the plain Listener, and server.http is off`)
	case v.TLS.Mode != TLSOff && v.TLS.Mode != "" && !server.HTTPS.On:
		s.fail("tls", `write server.https = ":443", or tls = "off"`, "%q needs the TLS Listener, and server.https is off", v.TLS.Mode)
	}
	if v.TLS.Mode != TLSOff {
		return
	}
	if v.Redirect && s.written("redirect") {
		s.fail("redirect", "delete it, or give the Site a certificate", `a Site with tls = "off" has no HTTPS to redirect to`)
	}
	v.Redirect = false
}
