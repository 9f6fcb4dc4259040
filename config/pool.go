package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is how a Pool's Balancer picks an Upstream.
type Policy string

// PolicyRoundRobin picks the Upstreams in turn, by weight.
const PolicyRoundRobin Policy = "round_robin"

// Protocol is what an Upstream is spoken to in.
type Protocol string

// ProtocolHTTP1 is HTTP/1.1 in plain.
const ProtocolHTTP1 Protocol = "http1"

// Pool is a named set of Upstreams and how they are used.
type Pool struct {
	// Name is that of [upstream.NAME]. A Pool without one is called after its
	// address ("127.0.0.1:8080"), or, if it is a list, after the Site's first
	// host and the path it serves ("shop.example.com/"). The three cannot clash:
	// a written name has neither colon nor slash.
	Name            string
	Upstreams       []Upstream // in the order of the file, ranges expanded; no address twice
	Policy          Policy
	ConnectTimeout  time.Duration
	ResponseTimeout time.Duration // until the response head
	RetryOn         []int         // statuses that allow another Attempt, sorted; empty: none
	RetryBudget     float64       // share of requests that may be another Attempt, 0..1
	Protocol        Protocol
}

const (
	longestConnect  = time.Minute
	longestResponse = 24 * time.Hour
)

// namedPools reads the tables [upstream.NAME].
func (d *decoder) namedPools(s section) {
	for _, name := range s.node.order {
		n := s.node.keys[name]
		if n.kind != kindTable {
			remedy := "write [upstream.NAME] above it, with a name of your choice"
			if n.origin == byHeader {
				remedy = "write [upstream." + name + "] in single brackets"
			}
			s.fail(name, remedy, "must be a table, not %s", n.kind)
			continue
		}
		if !isPoolName(name) {
			s.fail(name, `write letters, digits, "-" or "_"`, "is not a name for a Pool")
			continue
		}
		p := d.section("upstream.NAME", append(slices.Clone(s.path), name), n)
		pool := p.pool(name)
		pool.Upstreams = d.upstreams(p, "servers", p.servers())
		d.pools.byName[name] = pool
		d.pools.defined = append(d.pools.defined, name)
	}
}

// servers returns the servers of a named Pool.
func (s section) servers() []*node {
	if !s.written("servers") {
		s.missing("servers")
		return nil
	}
	list := s.want("servers", kindList)
	if list == nil {
		return nil
	}
	if len(list.items) == 0 {
		s.fail("servers", s.spec.key("servers").howTo(), "is empty, so no request could be answered")
	}
	return s.onlyTexts("servers", list)
}

// isPoolName reports whether name can be that of a Pool.
func isPoolName(name string) bool {
	return len(name) <= 64 && isBareKey(name)
}

// pool reads all of a Pool but its servers.
func (s section) pool(name string) *Pool {
	return &Pool{
		Name:            name,
		Policy:          read(s, "policy", choice(`write "round_robin"`, []Policy{PolicyRoundRobin}, "least_conn", "client_hash")),
		ConnectTimeout:  read(s, "connect_timeout", durationBetween(shortest, longestConnect)),
		ResponseTimeout: read(s, "response_timeout", durationBetween(shortest, longestResponse)),
		RetryOn:         s.statuses("retry_on"),
		RetryBudget:     s.share("retry_budget"),
		Protocol:        read(s, "protocol", choice(`write "http1"`, []Protocol{ProtocolHTTP1}, "h2c", "https")),
	}
}

// statuses returns the list of server errors of a key, sorted.
func (s section) statuses(name string) []int {
	list := s.want(name, kindList)
	if list == nil {
		return nil
	}
	statuses := make([]int, 0, len(list.items))
	for _, item := range list.items {
		status, ok := 0, false
		if item.kind == kindInteger {
			status, ok = item.integer()
		}
		switch {
		case !ok || status < 500 || status > 599:
			s.d.add(item.line, s.key(name), "write numbers of 500 to 599, or [] for none", "holds what is not a server error status")
		case slices.Contains(statuses, status):
			s.d.add(item.line, s.key(name), "name it once", "%d is in the list already", status)
		default:
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	return statuses
}

// share returns the value of a key between 0 and 1.
func (s section) share(name string) float64 {
	n := s.value(name)
	if n.kind != kindFloat && n.kind != kindInteger {
		s.fail(name, s.spec.key(name).howTo(), "must be a number, not %s", n.kind)
		return 0
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(n.text, "_", ""), 64)
	if err != nil || !(v >= 0 && v <= 1) { // written so that NaN is caught
		s.fail(name, "write 0 to 1", "%s is out of range", shorten(n.text))
		return 0
	}
	return v
}
