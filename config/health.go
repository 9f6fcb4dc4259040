package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// HealthType is how an Upstream is asked whether it works.
type HealthType string

// The types of health checks.
const (
	// HealthAway connects to those that are out, and leaves the others alone:
	// without a table [upstream.NAME.health].
	HealthAway HealthType = ""
	HealthHTTP HealthType = "http" // asks and judges the answer
	HealthTCP  HealthType = "tcp"  // connects
	HealthTLS  HealthType = "tls"  // connects and does a TLS handshake
)

// Health says how the health of a Pool's Upstreams is asked for.
type Health struct {
	Type           HealthType
	Interval       time.Duration
	Timeout        time.Duration
	UnhealthyAfter int // failures in a row
	HealthyAfter   int // successes in a row

	// Of HealthHTTP.
	Path, Method string
	Host         string // empty: the first host of a Site that has the Pool
	From, To     int    // statuses that are good
	Body         string // what the answer must hold; empty: anything
}

const (
	shortestInterval = 100 * time.Millisecond
	longestInterval  = time.Hour
	mostInARow       = 1000
)

// health reads [upstream.NAME.health].
func (s section) health() Health {
	if !s.written("health") {
		return Health{}
	}
	h := s.table("health")
	v := Health{
		Type: read(h, "type", choice(`write "http", "tcp" or "tls"`, []HealthType{HealthHTTP, HealthTCP, HealthTLS})),

		Interval:       read(h, "interval", durationBetween(shortestInterval, longestInterval)),
		Timeout:        read(h, "timeout", durationBetween(shortest, longestConnect)),
		UnhealthyAfter: h.integer("unhealthy_after", 1, mostInARow),
		HealthyAfter:   h.integer("healthy_after", 1, mostInARow),
	}
	if v.Type != HealthHTTP {
		for _, name := range []string{"path", "method", "host", "status", "body"} {
			if v.Type != "" && h.written(name) {
				h.fail(name, `delete it, or write type = "http"`, "has no meaning with type %q", v.Type)
			}
		}
		return v
	}
	v.Path = read(h, "path", checkPath)
	v.Method = read(h, "method", choice(`write "GET", "HEAD" or "OPTIONS"`, []string{"GET", "HEAD", "OPTIONS"}))
	status := read(h, "status", statusRange)
	v.From, v.To = status[0], status[1]
	if h.written("host") {
		v.Host = read(h, "host", checkHost)
	}
	if h.written("body") {
		v.Body = read(h, "body", checkBody)
		if v.Method == "HEAD" {
			h.fail("body", `write method = "GET"`, "an answer to HEAD has no body")
		}
	}
	return v
}

// checkPath reads the path of a check, which may have a query.
func checkPath(text string) (string, *flaw) {
	if !strings.HasPrefix(text, "/") {
		return "", flawed(`write a path such as "/healthz"`, "%s does not begin with a slash", shorten(text))
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return "", flawed("write it with percent-encoding", "%s has characters that cannot be in a path", shorten(text))
		}
	}
	return text, nil
}

// statusRange reads "200" or "200-399".
func statusRange(text string) (r [2]int, bad *flaw) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	a, errA := strconv.Atoi(from)
	b, errB := strconv.Atoi(to)
	switch {
	case errA != nil || errB != nil || a < 200 || b > 599:
		return r, flawed(`write a status of 200 to 599, or a range such as "200-399"`, "%s is no status or range of them", shorten(text))
	case a > b:
		return r, flawed(fmt.Sprintf(`write "%d-%d"`, b, a), "the range %s runs backwards", shorten(text))
	}
	return [2]int{a, b}, nil
}

// checkHost reads what a check says in Host: a name, or an IP, and maybe a
// port.
func checkHost(text string) (string, *flaw) {
	host, port := text, ""
	if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:i], text[i:]
		if _, _, bad := parsePorts(port[1:]); bad != nil || strings.Contains(port, "-") {
			return "", flawed(`write a host such as "shop.example.com"`, "%s is not a host", shorten(text))
		}
	}
	name, bad := parseHost(strings.Trim(host, "[]"))
	if bad == nil && strings.Contains(name, "*") {
		bad = flawed("write a whole name", "%s stands for many names", shorten(text))
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	return name + port, bad
}

// checkBody reads what an answer must hold.
func checkBody(text string) (string, *flaw) {
	if text == "" || len(text) > 1000 {
		return "", flawed("write 1 to 1000 bytes, or delete it", "a text of %d bytes", len(text))
	}
	return text, nil
}
