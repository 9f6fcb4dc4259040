package config

import (
	"io/fs"
	"net/netip"
	"time"
)

// Server is what holds for all Sites: Listeners, and limits on what a client
// may send and how long it may take.
type Server struct {
	HTTP  Address // plain; at least one of the two is on
	HTTPS Address
	Admin Address // status, metrics, actions; a loopback address or a Unix socket, or there is a token

	AdminSocketMode  fs.FileMode // permissions of that socket
	AdminSocketGroup string      // whose it is, by name or number; empty: the process's
	AdminToken       Secret      // that requests have to bring; off: none
	Pprof            bool        // the admin server gives profiles

	TrustedProxies []netip.Prefix // masked; whose X-Forwarded-* and PROXY header is believed
	ProxyProtocol  bool           // connections from TrustedProxies begin with a PROXY header

	HeaderTimeout time.Duration // for a whole request head
	BodyTimeout   time.Duration // without progress in a body
	IdleTimeout   time.Duration // between requests of a connection
	StreamTimeout time.Duration // of silence in a response of unknown length, and in a tunnel
	DrainTimeout  time.Duration // for Exchanges to finish at the end; may be 0

	MaxHeader                int   // bytes of a request head
	MaxFields                int   // fields of a request head
	MaxConnections           int   // 0: from the descriptor limit
	MaxConnectionsPerAddress int   // 0: a quarter of MaxConnections
	MaxHandshakes            int   // TLS handshakes at a time; 0: by the number of cores
	MemoryLimit              int64 // bytes that the process should stay under; 0: by the cgroup or machine
	CacheMemory              int64 // bytes that copies of responses may take; 0: none are kept

	StateDir string // what outlives the process; empty: nothing does

	Debug       bool // failure details in Proxy-Status for everybody
	WatchConfig bool // the file is read again when it changes

	HTTP2 HTTP2
}

const (
	shortest       = 10 * time.Millisecond // below this a timeout only breaks things
	longestTimeout = time.Hour
	longestIdle    = 24 * time.Hour

	leastHeader = 1 << 10
	mostHeader  = 256 << 10
	leastFields = 8
	mostFields  = 1000

	mostConnections = 10_000_000
	leastMemory     = 64 << 20
	mostMemory      = 1 << 40
)

// server reads [server].
func (d *decoder) server(s section) Server {
	timeout := durationBetween(shortest, longestTimeout)
	v := Server{
		HTTP:           s.listen("http"),
		HTTPS:          s.listen("https"),
		Admin:          s.adminAddress(),
		TrustedProxies: s.prefixes("trusted_proxies"),
		ProxyProtocol:  s.boolean("proxy_protocol"),

		HeaderTimeout: read(s, "header_timeout", timeout),
		BodyTimeout:   read(s, "body_timeout", timeout),
		IdleTimeout:   read(s, "idle_timeout", durationBetween(shortest, longestIdle)),
		StreamTimeout: read(s, "stream_timeout", durationBetween(shortest, longestIdle)),
		DrainTimeout:  read(s, "drain_timeout", durationBetween(0, longestIdle)),

		MaxHeader:                s.size("max_header", leastHeader, mostHeader),
		MaxFields:                s.integer("max_fields", leastFields, mostFields),
		MaxConnections:           s.integer("max_connections", 0, mostConnections),
		MaxConnectionsPerAddress: s.integer("max_connections_per_address", 0, mostConnections),

		MaxHandshakes: s.integer("max_handshakes", 0, mostConnections),
		MemoryLimit:   int64(s.size("memory_limit", 0, mostMemory)),
		CacheMemory:   int64(s.size("cache_memory", 0, mostCache)),

		AdminSocketMode:  read(s, "admin_socket_mode", parseSocketMode),
		AdminSocketGroup: read(s, "admin_socket_group", parseGroup),
		AdminToken:       s.adminToken(),
		Pprof:            s.boolean("pprof"),

		StateDir: read(s, "state_dir", s.d.parseDir),

		Debug:       s.boolean("debug"),
		WatchConfig: s.boolean("watch_config"),
		HTTP2:       d.http2(s.table("http2")),
	}
	if v.MemoryLimit > 0 && v.MemoryLimit < leastMemory {
		s.fail("memory_limit", `write at least "64MiB", or "0B"`, "is less than Sluice needs by itself")
	}
	if v.CacheMemory > 0 && v.CacheMemory < leastCache {
		s.fail("cache_memory", `write at least "1MiB", or "0B" to keep no copies`, "is too little for copies of responses")
	}
	s.checkListeners(v)
	s.checkAdmin(v)
	if v.ProxyProtocol && len(s.value("trusted_proxies").items) == 0 {
		s.fail("proxy_protocol", `write trusted_proxies = ["…"] with the addresses of the proxy in front`,
			"nobody may send the PROXY header while trusted_proxies is empty")
	}
	if v.MaxConnections > 0 && v.MaxConnectionsPerAddress > v.MaxConnections {
		s.fail("max_connections_per_address", "write a smaller number, or 0 for a quarter of max_connections",
			"is more than max_connections")
	}
	return v
}

// listen returns the Address of a key. One that cannot be read counts as on,
// or everything that needs it would be reported, too.
func (s section) listen(name string) Address {
	a := read(s, name, halfWidth(parseAddress))
	if n := s.value(name); n.kind != kindText || n.text != "" {
		a.On = true
	}
	return a
}

// checkListeners reports Listeners that cannot work together.
func (s section) checkListeners(v Server) {
	later := "https"
	if s.line("http") > s.line("https") {
		later = "http"
	}
	if !v.HTTP.On && !v.HTTPS.On {
		s.fail(later, `write https = ":443" or http = ":80"`, "http and https are both off, so nothing could be received")
	}
	if v.HTTP.overlaps(v.HTTPS) {
		s.fail(later, "write another port", "http %s and https %s take the same address", v.HTTP, v.HTTPS)
	}
}

// prefixes returns the networks in the list of a key.
func (s section) prefixes(name string) []netip.Prefix {
	var list []netip.Prefix
	for _, item := range s.texts(name) {
		p, bad := halfWidth(parsePrefix)(item.text)
		if bad != nil {
			s.d.add(item.line, s.key(name), bad.remedy, "%s", bad.problem)
			continue
		}
		list = append(list, p)
	}
	return list
}
