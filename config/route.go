package config

import (
	"slices"
	"strings"
)

// Route is a path prefix within a Site, and what is decided for a request
// there.
type Route struct {
	// Path begins with a slash. One that ends in a slash matches all that
	// begins with it; any other matches itself and what follows it after a
	// slash: "/api" matches "/api" and "/api/v1", not "/apis".
	Path     string
	Pool     string // name of a Pool of the Config
	Degraded Degraded
	Class    Class
	// Streams: answers may take their time on purpose (long polls, event
	// streams), so they say nothing about how busy the Pool is.
	Streams bool
	Reuse   Reuse
	// LastGood is the Site's where the Route says nothing else. A critical Route
	// has to say it: programs that call back want to know what is.
	LastGood bool
}

// Class is how much a request matters under overload.
type Class string

// The classes.
const (
	ClassNormal    Class = "normal"
	ClassCritical  Class = "critical"  // such as a payment's callback: has a part of the Pool for itself
	ClassSheddable Class = "sheddable" // such as a prefetch: goes first
)

// route reads one [[site.route]] of the Site.
func (d *decoder) route(s section, site Site) Route {
	v := Route{
		Path:     required(s, "path", parsePath),
		Degraded: d.routeDegraded(s, site.Degraded),
		Class:    read(s, "class", choice(`write "normal", "critical" or "sheddable"`, []Class{ClassNormal, ClassCritical, ClassSheddable})),
		Streams:  s.boolean("streams"),
		Pool:     site.Pool,
		Reuse:    s.reuse(),
	}
	v.LastGood = site.LastGood && v.Class != ClassCritical
	if s.written("last_good") {
		v.LastGood = s.boolean("last_good")
	}
	if s.written("upstream") {
		v.Pool = d.poolOf(s, d.unnamed(site, v.Path))
	}
	return v
}

// parsePath reads the path prefix of a Route.
func parsePath(text string) (string, *flaw) {
	if !strings.HasPrefix(text, "/") {
		return "", flawed("write "+shorten("/"+text), "%s does not begin with a slash", shorten(text))
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '?' || c == '#' {
			return "", flawed("write it as it stands in a request, percent-encoded and without query", "%s is not a path", shorten(text))
		}
	}
	for segment := range strings.SplitSeq(text, "/") {
		if segment == "." || segment == ".." {
			return "", flawed("write the path without it", "%s has the segment %q", shorten(text), segment)
		}
	}
	return text, nil
}

// checkPaths reports two Routes with one path.
func (s section) checkPaths(routes []Route) {
	list := s.node.keys["route"]
	if list == nil || len(list.items) != len(routes) {
		return // something else is wrong with them
	}
	lines := map[string]int{}
	for i, r := range routes {
		at := list.items[i].keys["path"]
		if at == nil || r.Path == "" {
			continue
		}
		if first := lines[r.Path]; first != 0 {
			s.d.add(at.line, keyPath(append(slices.Clone(s.path), "route", "path")...), "keep one of the two",
				"%q is the path of the Route at line %d, too", r.Path, first)
			continue
		}
		lines[r.Path] = at.line
	}
}
