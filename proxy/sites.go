package proxy

import (
	"bytes"
	"sort"
	"strings"
)

var root = []byte("/")

// maxHostName bounds what is looked up: a DNS name has at most 253 bytes.
const maxHostName = 255

// Sites finds the Site for a host name: the exact name, else a wildcard for
// its parent ("*.example.com" stands for one label), else the default Site.
type Sites struct {
	exact    map[string]*Site
	wildcard map[string]*Site // by what follows "*."
	byDflt   *Site
}

// NewSites returns an empty set whose default Site is dflt, which may be nil.
func NewSites(dflt *Site) *Sites {
	return &Sites{exact: map[string]*Site{}, wildcard: map[string]*Site{}, byDflt: dflt}
}

// Add makes s answer host, which is in lower case and may be a wildcard. It
// is called before the Sites are in use.
func (t *Sites) Add(host string, s *Site) {
	if parent, ok := strings.CutPrefix(host, "*."); ok {
		t.wildcard[parent] = s
		return
	}
	t.exact[host] = s
}

// find returns the Site for an authority (host[:port]), nil if there is none.
func (t *Sites) find(authority []byte) *Site {
	var lower [maxHostName]byte
	host := hostOf(authority)
	if len(host) > 0 && len(host) <= len(lower) {
		name := lower[:copy(lower[:], host)]
		for i, c := range name {
			if 'A' <= c && c <= 'Z' {
				name[i] = c + 'a' - 'A'
			}
		}
		if s := t.exact[string(name)]; s != nil {
			return s
		}
		if dot := bytes.IndexByte(name, '.'); dot > 0 && len(t.wildcard) > 0 {
			if s := t.wildcard[string(name[dot+1:])]; s != nil {
				return s
			}
		}
	}
	return t.byDflt
}

// hostOf returns an authority without its port, without the dot of a fully
// qualified name, and without the brackets of an IPv6 address.
func hostOf(authority []byte) []byte {
	if len(authority) > 0 && authority[0] == '[' {
		if end := bytes.IndexByte(authority, ']'); end > 0 {
			return authority[1:end]
		}
		return nil
	}
	if colon := bytes.LastIndexByte(authority, ':'); colon >= 0 {
		authority = authority[:colon]
	}
	return bytes.TrimSuffix(authority, []byte("."))
}

// SortRoutes puts the longest prefix first, which is the order that route
// expects.
func SortRoutes(routes []Route) {
	sort.SliceStable(routes, func(i, j int) bool {
		return len(routes[i].Prefix) > len(routes[j].Prefix)
	})
}

// route returns the Route with the longest prefix of path, nil if none has.
// "*" asks about the server as a whole (RFC 9110 section 9.3.7), which is what
// is behind "/".
func (s *Site) route(path []byte) *Route {
	if string(path) == "*" {
		path = root
	}
	for i := range s.Routes {
		if r := &s.Routes[i]; r.matches(path) {
			return r
		}
	}
	return nil
}

// matches reports whether the Route is for path.
func (r *Route) matches(path []byte) bool { return prefixes(r.Prefix, path) }

// prefixes reports whether prefix is for path. "/api/" is for everything that
// begins with it; "/api" for itself and what is below "/api/", so that it is
// not for "/apiary".
func prefixes(prefix string, path []byte) bool {
	n := len(prefix)
	if len(path) < n || string(path[:n]) != prefix {
		return false
	}
	return prefix[n-1] == '/' || len(path) == n || path[n] == '/'
}
