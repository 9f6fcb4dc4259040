package config

import (
	"slices"
	"strings"
	"time"
)

// Reuse is what is decided about answering the requests of a Route with copies
// of responses (RFC 9111).
type Reuse struct {
	On   bool
	TTL  time.Duration // of answers that do not say how long they are fresh; 0: as RFC 9111 has it
	Wait time.Duration // how long a request waits for another that asks for the same
}

const (
	leastCache   = 1 << 20
	mostCache    = 1 << 38
	longestTTL   = 365 * 24 * time.Hour
	longestWait  = time.Minute
	longestCopy  = 365 * 24 * time.Hour
	shortestCopy = time.Second
)

// reuse reads the cache of a [[site.route]].
func (s section) reuse() Reuse {
	if !s.written("cache") {
		return Reuse{}
	}
	c := s.table("cache")
	return Reuse{
		On:   true,
		TTL:  read(c, "ttl", durationBetween(0, longestTTL)),
		Wait: read(c, "wait", durationBetween(0, longestWait)),
	}
}

// ignoredCookies returns the cookies of a Site that answers do not depend on.
func (s section) ignoredCookies() (names []string) {
	list := s.want("ignore_cookies", kindList)
	if list == nil {
		return nil
	}
	for _, item := range s.onlyTexts("ignore_cookies", list) {
		if bad := checkCookieName(item.text); bad != nil {
			s.d.add(item.line, s.key("ignore_cookies"), bad.remedy, "%s", bad.problem)
			continue
		}
		names = append(names, item.text)
	}
	return names
}

// checkCookieName says what is wrong with the name of a cookie (RFC 6265 section
// 4.1.1), which may end in a star.
func checkCookieName(text string) *flaw {
	name := strings.TrimSuffix(text, "*")
	if name == "" {
		return flawed("write the names of the cookies that do not matter", "%s would be all cookies, those of people who are signed in too", shorten(text))
	}
	if strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}*`, r)
	}) {
		return flawed(`write a name, or the beginning of names and a star: "_ga_*"`, "%s is not the name of a cookie", shorten(text))
	}
	return nil
}

// checkCache reports Routes that would keep copies where there is no memory for
// them.
func (s section) checkCache(routes []Route, server Server) {
	list := s.node.keys["route"]
	if server.CacheMemory > 0 || list == nil || len(list.items) != len(routes) {
		return
	}
	for i, r := range routes {
		if r.Reuse.On {
			s.d.add(list.items[i].keys["cache"].line, keyPath(append(slices.Clone(s.path), "route", "cache")...),
				`delete it, or give server.cache_memory a size such as "64MiB"`, "there is no memory for copies: server.cache_memory is 0")
		}
	}
}
