package config

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limit is how much of a Site each of its clients may use.
type Limit struct {
	Keys       []LimitKey     // by what clients are told apart; at least one
	Rate       float64        // requests a second; 0: any
	Burst      int            // requests at once, when Rate is not 0
	Concurrent int            // Exchanges under way at a time; 0: any number
	Path       string         // as of a Route; empty: the whole Site
	Methods    []string       // empty: all
	Except     []netip.Prefix // clients that it does not hold for
	DryRun     bool           // what it would refuse is counted, and let through
	Fields     bool           // answers carry RateLimit and RateLimit-Policy
	MaxKeys    int            // clients that are remembered
}

// LimitKeyKind is by what clients are told apart.
type LimitKeyKind string

// The kinds of keys.
const (
	KeyClientIP LimitKeyKind = "client_ip" // an IPv4 address, or the /64 of IPv6
	KeyHost     LimitKeyKind = "host"
	KeyPath     LimitKeyKind = "path" // without the query
	KeyHeader   LimitKeyKind = "header"
	KeyCookie   LimitKeyKind = "cookie"
)

// LimitKey is one part of what clients are told apart by.
type LimitKey struct {
	Kind LimitKeyKind
	Name string // of KeyHeader, in lower case, and KeyCookie
}

const (
	mostRate       = 1e6 // a second
	mostBurst      = 10_000_000
	mostConcurrent = 1_000_000
	leastKeys      = 1000
	mostKeys       = 10_000_000
	mostBandwidth  = 100 << 30
	mostKeyParts   = 4
	longestStay    = 7 * 24 * time.Hour
)

// limit reads one [[site.limit]].
func (s section) limit() Limit {
	v := Limit{
		Keys:       s.limitKeys(),
		Concurrent: s.integer("concurrent", 0, mostConcurrent),
		Except:     s.prefixes("except"),
		Methods:    s.methods(),
		DryRun:     s.boolean("dry_run"),
		Fields:     s.boolean("fields"),
		MaxKeys:    s.integer("max_keys", leastKeys, mostKeys),
	}
	if s.written("path") {
		v.Path = read(s, "path", parsePath)
	}
	v.Rate, v.Burst = s.rate()
	if !s.written("rate") && !s.misspelt("rate") && !s.written("concurrent") {
		s.missing("rate")
	}
	if v.Fields && !s.written("rate") {
		s.fail("fields", "delete it, or write a rate", "says how much of a rate is left, and there is none")
	}
	return v
}

// rate reads the keys rate and burst. Without a burst it is what a second
// brings, at least one.
func (s section) rate() (perSecond float64, burst int) {
	if s.written("rate") {
		perSecond = read(s, "rate", parseRate)
	}
	burst = max(1, int(math.Ceil(perSecond)))
	if s.written("burst") {
		burst = s.integer("burst", 1, mostBurst)
		if !s.written("rate") && !s.misspelt("rate") {
			s.fail("burst", "write a rate, too", "has no meaning without a rate")
		}
	}
	return perSecond, burst
}

// parseRate reads "10/s", "600/m", "1000/h" or "5000/d".
func parseRate(text string) (float64, *flaw) {
	const remedy = `write a number and a time (s, m, h, d), such as "10/s" or "600/m"`
	number, unit, found := strings.Cut(text, "/")
	per := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if !found || per == 0 || err != nil || strings.Trim(number, "0123456789.") != "" {
		return 0, flawed(remedy, "%s is not a rate", shorten(text))
	}
	if rate := n / per; rate > 0 && rate <= mostRate && n > 0 {
		return rate, nil
	}
	return 0, flawed(`write more than 0, and at most 1000000/s`, "%s is out of range", shorten(text))
}

// limitKeys reads the key key: a kind, or a list of kinds.
func (s section) limitKeys() []LimitKey {
	n := s.value("key")
	items := []*node{n}
	switch {
	case n.kind == kindList && len(n.items) >= 1 && len(n.items) <= mostKeyParts:
		items = n.items
	case n.kind == kindList:
		s.fail("key", `write "client_ip", or a list such as ["client_ip", "path"]`, "must have 1 to %d kinds", mostKeyParts)
		return nil
	case n.kind != kindText:
		s.fail("key", s.spec.key("key").howTo(), "must be a string or a list, not %s", n.kind)
		return nil
	}
	var keys []LimitKey
	for _, item := range items {
		if item.kind != kindText {
			s.d.add(item.line, s.key("key"), s.spec.key("key").howTo(), "must hold strings, not %s", item.kind)
			continue
		}
		k, bad := parseLimitKey(item.text)
		if bad == nil && slices.Contains(keys, k) {
			bad = flawed("write it once", "%s is there twice", shorten(item.text))
		}
		if bad != nil {
			s.d.add(item.line, s.key("key"), bad.remedy, "%s", bad.problem)
			continue
		}
		keys = append(keys, k)
	}
	return keys
}

// parseLimitKey reads "client_ip", "host", "path", "header:NAME" or
// "cookie:NAME".
func parseLimitKey(text string) (LimitKey, *flaw) {
	const remedy = `write "client_ip", "host", "path", "header:NAME" or "cookie:NAME"`
	kind, name, named := strings.Cut(text, ":")
	k := LimitKey{Kind: LimitKeyKind(kind), Name: name}
	switch k.Kind {
	case KeyClientIP, KeyHost, KeyPath:
		if !named {
			return k, nil
		}
	case KeyHeader, KeyCookie:
		if isToken(name) {
			if k.Kind == KeyHeader {
				k.Name = strings.ToLower(name)
			}
			return k, nil
		}
	}
	known := []string{string(KeyClientIP), string(KeyHost), string(KeyPath), string(KeyHeader) + ":", string(KeyCookie) + ":"}
	if hint := didYouMean(text, known); hint != "" && !named {
		return k, flawed(hint, "%s is not a kind of key", shorten(text))
	}
	return k, flawed(remedy, "%s is not a kind of key", shorten(text))
}

// isToken reports whether name can be that of a field or cookie (RFC 9110
// section 5.6.2).
func isToken(name string) bool {
	return name != "" && len(name) <= 200 &&
		strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") == ""
}

// methods returns the methods that a limit holds for.
func (s section) methods() []string {
	var methods []string
	for _, item := range s.texts("methods") {
		if !isToken(item.text) || strings.ToUpper(item.text) != item.text {
			s.d.add(item.line, s.key("methods"), `write it in capitals, such as "POST"`, "%s is not a method", shorten(item.text))
			continue
		}
		methods = append(methods, item.text)
	}
	return methods
}

// concurrency reads max_concurrency: "auto", "off" or a number.
func (s section) concurrency() Concurrency {
	n := s.value("max_concurrency")
	if n.kind == kindInteger {
		return Concurrency{Most: s.integer("max_concurrency", 1, mostConcurrent)}
	}
	switch {
	case n.kind == kindText && n.text == "auto":
	case n.kind == kindText && n.text == "off":
		return Concurrency{Off: true}
	default:
		s.fail("max_concurrency", `write "auto", "off", or a number such as 100`, "is neither a word known here nor a number")
	}
	return Concurrency{}
}
