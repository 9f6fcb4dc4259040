package config

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Policy is how a Pool's Balancer picks an Upstream.
type Policy string

// The policies.
const (
	PolicyRoundRobin Policy = "round_robin" // in turn, by weight
	PolicyLeastConn  Policy = "least_conn"  // who has the fewest requests for its weight
	PolicyClientHash Policy = "client_hash" // the same client, the same Upstream
)

// Protocol is what an Upstream is spoken to in.
type Protocol string

// The protocols.
const (
	ProtocolHTTP1 Protocol = "http1" // HTTP/1.1 in plain
	ProtocolHTTPS Protocol = "https" // HTTP/1.1 over TLS
	ProtocolH2C   Protocol = "h2c"   // HTTP/2 in plain
	ProtocolH2    Protocol = "h2"    // HTTP/2 over TLS
)

// Pool is a named set of Upstreams and how they are used.
type Pool struct {
	// Name is that of [upstream.NAME]. A Pool without one is called after its
	// address ("127.0.0.1:8080"), or, if it is a list, after the Site's first
	// host and the path it serves ("shop.example.com/"). The three cannot clash:
	// a written name has neither colon nor slash.
	Name            string
	Upstreams       []Upstream // in the order of the file, ranges expanded; no address twice
	ServersFile     string     // a watched file with more of them; empty: none
	Policy          Policy
	ConnectTimeout  time.Duration
	ResponseTimeout time.Duration // until the response head
	RetryOn         []int         // statuses that allow another Attempt, sorted; empty: none
	RetryBudget     float64       // share of requests that may be another Attempt, 0..1
	Protocol        Protocol

	FailOn          []int   // statuses that speak against an Upstream, sorted
	FailuresInARow  int     // that take it out; 0: never
	FailureShare    float64 // of FailureRequests or more in ten seconds that takes it out; 0: never
	FailureRequests int
	MinHealthy      float64       // share of the Pool under which it fails open
	SlowStart       time.Duration // how long the share of one that is back grows
	MaxConnections  int           // requests at a time to one Upstream; 0: any number
	MaxIdle         int           // idle connections to one Upstream
	IdleTimeout     time.Duration

	Concurrency  Concurrency
	QueueTimeout time.Duration // the longest wait for a place
	Reserve      float64       // share of the places that ClassCritical has for itself

	Health Health
	TLS    UpstreamTLS
}

// Concurrency is how many Exchanges a Pool may have under way at a time.
type Concurrency struct {
	Off  bool // any number
	Most int  // 0: found out from the Upstreams' latency
}

const (
	longestConnect  = time.Minute
	longestResponse = 24 * time.Hour

	longestSlowStart = time.Hour
	longestQueue     = time.Minute
	mostFailures     = 1_000_000
	mostServersFile  = 1 << 20
	mostToOne        = 1_000_000
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
		pool.Upstreams = d.upstreams(p, "servers", p.servers(pool.ServersFile != ""))
		d.pools.byName[name], d.pools.lines[name] = pool, n.line
		d.pools.defined = append(d.pools.defined, name)
	}
}

// servers returns the servers of a named Pool, which it may lack if it has them
// in a file.
func (s section) servers(file bool) []*node {
	if !s.written("servers") {
		if !file {
			s.missing("servers")
		}
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

// serversFile returns the path of the watched file. That it can be read is
// asked now, what is in it when it is watched.
func (s section) serversFile() string {
	if !s.written("servers_file") {
		return ""
	}
	return read(s, "servers_file", func(text string) (string, *flaw) {
		path := s.d.resolve(text)
		_, bad := readFile(path, mostServersFile)
		return path, bad
	})
}

// isPoolName reports whether name can be that of a Pool.
func isPoolName(name string) bool {
	return len(name) <= 64 && isBareKey(name)
}

// pool reads all of a Pool but its servers.
func (s section) pool(name string) *Pool {
	protocol := read(s, "protocol", choice(`write "http1", "https", "h2c" or "h2"`,
		[]Protocol{ProtocolHTTP1, ProtocolHTTPS, ProtocolH2C, ProtocolH2}))
	return &Pool{
		Name:        name,
		ServersFile: s.serversFile(),
		Policy: read(s, "policy", choice(`write "round_robin", "least_conn" or "client_hash"`,
			[]Policy{PolicyRoundRobin, PolicyLeastConn, PolicyClientHash})),
		ConnectTimeout:  read(s, "connect_timeout", durationBetween(shortest, longestConnect)),
		ResponseTimeout: read(s, "response_timeout", durationBetween(shortest, longestResponse)),
		RetryOn:         s.statuses("retry_on"),
		RetryBudget:     s.share("retry_budget"),
		Protocol:        protocol,

		FailOn:          s.statuses("fail_on"),
		FailuresInARow:  s.integer("failures_in_a_row", 0, mostFailures),
		FailureShare:    s.share("failure_share"),
		FailureRequests: s.integer("failure_requests", 1, mostFailures),
		MinHealthy:      s.share("min_healthy"),
		SlowStart:       read(s, "slow_start", durationBetween(0, longestSlowStart)),
		MaxConnections:  s.integer("max_connections", 0, mostToOne),
		MaxIdle:         s.integer("max_idle", 0, mostToOne),
		IdleTimeout:     read(s, "idle_timeout", durationBetween(time.Second, time.Hour)),

		Concurrency:  s.concurrency(),
		QueueTimeout: read(s, "queue_timeout", durationBetween(0, longestQueue)),
		Reserve:      s.share("reserve"),

		Health: s.health(),
		TLS:    s.upstreamTLS(protocol),
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
