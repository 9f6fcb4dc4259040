package server

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// purger is the cache as those who look after it see it. It may be used by any
// goroutine.
type purger interface {
	// Purge forgets the copies of a target, and with prefix those of all targets
	// that begin with it, and returns how many there were. A target is path and
	// query, in the form in which requests have it. host is in lower case,
	// without a port, and an IPv6 address without brackets; copies of answers
	// over http and over https are forgotten alike.
	Purge(host, target string, prefix bool) int
	// CacheStats returns the cache's counters, to be shown as JSON.
	CacheStats() any
}

// longestURL is the longest that can be purged; no request head is longer.
const longestURL = 64 << 10

// Purge forgets the copies that are kept of a URL, or with prefix of all URLs
// that begin with it, and returns how many there were. The error says what is
// wrong with the URL. It may be called by anyone while the Server runs, if there
// is a cache.
func (s *Server) Purge(text string, prefix bool) (purged int, err error) {
	host, target, err := splitURL(text)
	if err != nil {
		return 0, err
	}
	if !s.hasHost(host) {
		return 0, fmt.Errorf("no site has the host %q; there are %s", host, siteNames(s.inForce.Load().cfg.Sites))
	}
	purged = s.purger.Purge(host, target, prefix)
	s.errlog.Info("copies were purged", "url", text, "prefix", prefix, "copies", purged)
	s.timeline.add(LevelInfo, "purged", fmt.Sprintf("%d copies of %s were purged.", purged, host), "site", host, "count", strconv.Itoa(purged))
	return purged, nil
}

// splitURL returns host and target of a URL as a purger wants them.
func splitURL(text string) (host, target string, err error) {
	if len(text) > longestURL {
		return "", "", errors.New("this URL is longer than any request's")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a URL; write one such as https://shop.example.com/page", text)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", "", fmt.Errorf("%q is not the URL of a page; write one such as https://shop.example.com/page", text)
	}
	target = u.EscapedPath()
	if target == "" {
		target = "/"
	}
	if u.RawQuery != "" || u.ForceQuery {
		target += "?" + u.RawQuery
	}
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), target, nil
}

// hasHost reports whether requests for a host lead to a Site.
func (s *Server) hasHost(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	for _, site := range s.inForce.Load().cfg.Sites {
		if site.Default {
			return true
		}
		for _, h := range site.Hosts {
			if h == host || h == "*."+parent {
				return true
			}
		}
	}
	return false
}
