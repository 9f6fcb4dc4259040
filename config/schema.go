package config

import "slices"

// tableSpec is what may stand in one table of the file.
type tableSpec struct {
	path   string // as messages name it, with NAME for a Pool's name
	header string // as a person writes it
	keys   []keySpec
	// choice: to write the table, even empty, is to choose something.
	choice bool
}

// keySpec is one key of a table.
type keySpec struct {
	name     string
	standard string // the default as TOML; empty where there is none
	example  string // a right value as TOML, where the default is not one
	instead  bool   // excludes other keys of its table, so the example has it in a remark
}

// schema is the one place that says which keys exist and what their defaults
// are. A default is TOML text that is read like a written value, so it cannot
// escape validation; the example file and the reference are tested against
// this table.
var schema = []tableSpec{
	{path: "", header: "the top of the file", keys: []keySpec{
		{name: "server"},
		{name: "log"},
		{name: "site"},
		{name: "upstream"},
		{name: "acme"},
	}},
	{path: "server", header: "[server]", keys: []keySpec{
		{name: "http", standard: `":80"`},
		{name: "https", standard: `":443"`},
		{name: "trusted_proxies", standard: `[]`, example: `["10.0.0.0/8"]`},
		{name: "proxy_protocol", standard: `false`},
		{name: "header_timeout", standard: `"10s"`},
		{name: "body_timeout", standard: `"30s"`},
		{name: "idle_timeout", standard: `"75s"`},
		{name: "stream_timeout", standard: `"1h"`},
		{name: "drain_timeout", standard: `"30s"`},
		{name: "max_header", standard: `"32KiB"`},
		{name: "max_fields", standard: `128`},
		{name: "max_connections", standard: `0`},
		{name: "max_connections_per_address", standard: `0`},
		{name: "max_handshakes", standard: `0`},
		{name: "memory_limit", standard: `"0B"`, example: `"512MiB"`},
		{name: "cache_memory", standard: `"64MiB"`},
		{name: "debug", standard: `false`},
		{name: "watch_config", standard: `false`},
		{name: "admin", standard: `"127.0.0.1:9180"`},
		{name: "admin_socket_mode", standard: `"0600"`},
		{name: "admin_socket_group", standard: `""`, example: `"ops"`},
		{name: "admin_token", example: `"env:ADMIN_TOKEN"`},
		{name: "pprof", standard: `false`},
		{name: "http2"},
		{name: "state_dir", standard: `"/var/lib/sluice"`},
	}},
	{path: "server.http2", header: "[server.http2]", keys: []keySpec{
		{name: "on", standard: `true`},
		{name: "max_streams", standard: `100`},
		{name: "max_window", standard: `"20MiB"`},
		{name: "max_resets", standard: `400`},
		{name: "max_errors", standard: `100`},
		{name: "max_control_frames", standard: `2000`},
		{name: "max_continuations", standard: `8`},
		{name: "min_progress", standard: `"4KiB"`},
	}},
	{path: "log", header: "[log]", keys: []keySpec{
		{name: "access", standard: `"stdout"`},
		{name: "error", standard: `"stderr"`},
		{name: "error_format", standard: `"text"`},
		{name: "sample"},
	}},
	{path: "log.sample", header: "[[log.sample]]", choice: true, keys: []keySpec{
		{name: "keep", example: `"1/100"`},
		{name: "site", example: `"shop.example.com"`},
		{name: "path", example: `"/static/"`},
		{name: "status", example: `"2xx"`},
		{name: "slower_than", standard: `"0s"`, example: `"1s"`},
	}},
	{path: "acme", header: "[acme]", keys: []keySpec{
		{name: "email", standard: `""`, example: `"ops@example.com"`},
		{name: "directory", standard: `"https://acme-v02.api.letsencrypt.org/directory"`},
		{name: "challenge", standard: `"auto"`},
		{name: "profile", standard: `""`, example: `"shortlived"`},
		{name: "stand_in", standard: `false`},
		{name: "ca_root", example: `"ca.pem"`},
		{name: "eab_key_id", example: `"kid-1"`},
		{name: "eab_key", example: `"env:EAB_KEY"`},
		{name: "fallback"},
		{name: "dns"},
	}},
	{path: "acme.fallback", header: "[acme.fallback]", choice: true, keys: []keySpec{
		{name: "directory", example: `"https://acme.zerossl.com/v2/DV90"`},
		{name: "ca_root", example: `"ca.pem"`},
		{name: "eab_key_id", example: `"kid-1"`},
		{name: "eab_key", example: `"env:EAB_KEY"`},
	}},
	{path: "acme.dns", header: "[acme.dns]", choice: true, keys: []keySpec{
		{name: "provider", example: `"dnspod"`},
		{name: "key_id", example: `"AKID..."`},
		{name: "key", example: `"env:DNS_KEY"`},
		{name: "token", example: `"env:DNS_TOKEN"`},
		{name: "server", example: `"ns1.example.com:53"`, instead: true},
		{name: "algorithm", standard: `"hmac-sha256"`, instead: true},
		{name: "command", example: `["/usr/local/bin/dns-hook"]`, instead: true},
		{name: "resolvers", standard: `[]`, example: `["223.5.5.5:53"]`},
		{name: "timeout", standard: `"5m"`},
	}},
	{path: "site", header: "[[site]]", keys: []keySpec{
		{name: "hosts", example: `["shop.example.com"]`},
		{name: "tls", standard: `"auto"`},
		{name: "upstream", example: `"127.0.0.1:8080"`},
		{name: "redirect", standard: `true`},
		{name: "default", standard: `false`},
		{name: "hsts", standard: `"0s"`, example: `"365d"`},
		{name: "hsts_subdomains", standard: `false`},
		{name: "route"},
		{name: "degraded"},
		{name: "bandwidth", standard: `"0B"`, example: `"1MiB"`},
		{name: "keep_admitted", standard: `"0s"`, example: `"30m"`},
		{name: "last_good", standard: `true`},
		{name: "last_good_for", standard: `"24h"`},
		{name: "ignore_cookies", standard: `[]`, example: `["theme", "ab_*"]`},
		{name: "limit"},
		{name: "waiting_room"},
	}},
	{path: "site.tls", header: "tls = { … }", keys: []keySpec{
		{name: "cert", example: `"fullchain.pem"`},
		{name: "key", example: `"privkey.pem"`},
	}},
	{path: "site.route", header: "[[site.route]]", keys: []keySpec{
		{name: "path", example: `"/api/"`},
		{name: "upstream", example: `"127.0.0.1:8080"`},
		{name: "degraded", example: `"json"`},
		{name: "class", standard: `"normal"`},
		{name: "streams", standard: `false`},
		{name: "cache"},
		{name: "last_good", example: `false`},
	}},
	{path: "site.route.cache", header: "[site.route.cache]", choice: true, keys: []keySpec{
		{name: "ttl", standard: `"0s"`, example: `"1s"`},
		{name: "wait", standard: `"5s"`},
	}},
	{path: "site.route.degraded", header: "[site.route.degraded]", choice: true, keys: []keySpec{
		{name: "form", example: `"json"`},
		{name: "html", example: `"degraded.html"`},
		{name: "json", example: `'{"code":503,"msg":"busy"}'`},
		{name: "retry_after", example: `"5s"`},
	}},
	{path: "site.limit", header: "[[site.limit]]", choice: true, keys: []keySpec{
		{name: "key", standard: `"client_ip"`},
		{name: "rate", example: `"10/s"`},
		{name: "burst", example: `20`},
		{name: "concurrent", standard: `0`, example: `10`},
		{name: "path", example: `"/api/"`},
		{name: "methods", standard: `[]`, example: `["POST"]`},
		{name: "except", standard: `[]`, example: `["10.0.0.0/8"]`},
		{name: "dry_run", standard: `false`},
		{name: "fields", standard: `false`},
		{name: "max_keys", standard: `100000`},
	}},
	{path: "site.waiting_room", header: "[site.waiting_room]", choice: true, keys: []keySpec{
		{name: "rate", example: `"50/s"`},
		{name: "burst", example: `50`},
		{name: "title", standard: `""`, example: `"Winter sale"`},
		{name: "not_before", example: `"2026-12-01T20:00:00+08:00"`},
		{name: "not_after", example: `"2026-12-08T20:00:00+08:00"`},
		{name: "stay", standard: `"30m"`},
	}},
	{path: "site.degraded", header: "[site.degraded]", keys: []keySpec{
		{name: "form", standard: `"auto"`},
		{name: "html", example: `"degraded.html"`},
		{name: "json", standard: `'{"code":503,"msg":"busy"}'`},
		{name: "retry_after", standard: `"5s"`},
	}},
	{path: "upstream.NAME", header: "[upstream.NAME]", keys: []keySpec{
		{name: "servers", example: `["127.0.0.1:8080"]`},
		{name: "servers_file", example: `"servers.txt"`},
		{name: "policy", standard: `"round_robin"`},
		{name: "connect_timeout", standard: `"250ms"`},
		{name: "response_timeout", standard: `"30s"`},
		{name: "retry_on", standard: `[502, 503, 504]`},
		{name: "retry_budget", standard: `0.2`},
		{name: "fail_on", standard: `[502, 503, 504]`},
		{name: "failures_in_a_row", standard: `5`},
		{name: "failure_share", standard: `0.5`},
		{name: "failure_requests", standard: `20`},
		{name: "min_healthy", standard: `0`},
		{name: "slow_start", standard: `"10s"`},
		{name: "max_connections", standard: `0`},
		{name: "max_idle", standard: `256`},
		{name: "idle_timeout", standard: `"60s"`},
		{name: "protocol", standard: `"http1"`},
		{name: "tls"},
		{name: "health"},
		{name: "max_concurrency", standard: `"off"`, example: `"auto"`},
		{name: "queue_timeout", standard: `"1s"`},
		{name: "reserve", standard: `0.2`},
	}},
	{path: "upstream.NAME.tls", header: "[upstream.NAME.tls]", choice: true, keys: []keySpec{
		{name: "verify", standard: `true`},
		{name: "name", example: `"app.internal"`},
		{name: "ca", example: `"ca.pem"`},
		{name: "cert", example: `"client.pem"`},
		{name: "key", example: `"client-key.pem"`},
	}},
	{path: "upstream.NAME.health", header: "[upstream.NAME.health]", choice: true, keys: []keySpec{
		{name: "type", standard: `"http"`},
		{name: "path", standard: `"/"`, example: `"/healthz"`},
		{name: "method", standard: `"GET"`},
		{name: "host", example: `"shop.example.com"`},
		{name: "status", standard: `"200-399"`},
		{name: "body", example: `"ok"`},
		{name: "interval", standard: `"1s"`},
		{name: "timeout", standard: `"500ms"`},
		{name: "unhealthy_after", standard: `3`},
		{name: "healthy_after", standard: `1`},
	}},
}

// howTo returns what to write for k.
func (k *keySpec) howTo() string {
	value := k.example
	if value == "" {
		value = k.standard
	}
	return "write " + k.name + " = " + value
}

// specOf returns the table of that path.
func specOf(path string) *tableSpec {
	for i := range schema {
		if schema[i].path == path {
			return &schema[i]
		}
	}
	panic("internal error: no table " + path + " in the schema")
}

// key returns the key of that name, or nil.
func (t *tableSpec) key(name string) *keySpec {
	i := slices.IndexFunc(t.keys, func(k keySpec) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &t.keys[i]
}

// names returns the keys of t.
func (t *tableSpec) names() []string {
	names := make([]string, len(t.keys))
	for i, k := range t.keys {
		names[i] = k.name
	}
	return names
}

// homeOf returns the header of the one table other than t that has a key of
// that name: where a key that has slipped into t belongs. It returns "" if
// there is none or more than one.
func homeOf(name string, t *tableSpec) string {
	home := ""
	for i := range schema {
		k := schema[i].key(name)
		if k == nil || &schema[i] == t {
			continue
		}
		if home != "" {
			return ""
		}
		home = schema[i].header
	}
	return home
}
