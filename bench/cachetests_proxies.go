package main

import (
	"context"
	"os/exec"
	"path/filepath"
)

// testedCache is a cache for the suite to test, if it is installed.
type testedCache struct {
	proxy
	askVersion string // argument that makes it tell its version
	missing    string // why it cannot be tested; empty: it can
}

// cachesToTest are all that the suite is run against. The configs follow those
// in the suite's folder docker, where it has one.
func (b *bench) cachesToTest() []testedCache {
	list := []testedCache{
		{proxy: proxy{name: sluiceName, binary: b.sluice.path, config: sluiceSuiteConfig, file: "sluice.toml", args: sluiceArgs, env: noEnv}, missing: b.sluice.missing},
		installedCache("nginx", proxy{name: "nginx", config: nginxSuiteConfig, file: "nginx.conf", args: nginxArgs, env: noEnv}, "-v"),
		installedCache("haproxy", proxy{name: "HAProxy", config: haproxySuiteConfig, file: "haproxy.cfg", args: haproxyArgs, env: noEnv}, "-v"),
		installedCache("varnishd", proxy{name: "Varnish", config: varnishSuiteConfig, file: "default.vcl", args: varnishArgs, env: noEnv}, "-V"),
		installedCache("squid", proxy{name: "Squid", config: squidSuiteConfig, file: "squid.conf", args: squidArgs, env: noEnv}, "-v"),
	}
	return append(list, testedCache{
		proxy:   proxy{name: "Traffic Server"},
		missing: "it needs an installation tree of its own, which this bench does not make",
	})
}

// installedCache finds the program.
func installedCache(program string, p proxy, askVersion string) testedCache {
	path, err := lookUp(program)
	if err != nil {
		return testedCache{proxy: p, missing: program + " is not installed"}
	}
	p.binary = path
	return testedCache{proxy: p, askVersion: askVersion}
}

// version is which one of a cache is tested: Sluice's is a commit.
func (b *bench) version(ctx context.Context, c testedCache) string {
	switch {
	case c.missing != "":
		return "–"
	case c.name == sluiceName:
		return b.commit
	}
	return askVersion(ctx, c.binary, c.askVersion)
}

// turnOn has the cache on in the config of a setup, unless it is a Sluice that
// does not know it yet: that is tested as it is, with a note.
func (c testedCache) turnOn(ctx context.Context, s *setup) (note string, err error) {
	s.Cache = true
	if c.name != sluiceName {
		return "", nil
	}
	text, err := c.configText(*s)
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.Dir, c.file)
	if err := writeFiles(map[string]string{file: text}); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, c.binary, "check", "--config", file).CombinedOutput(); err != nil {
		s.Cache = false
		return "tested without a cache, because it does not take the config: " + string(out), nil
	}
	return "", nil
}

// sluiceSuiteConfig has the cache as it is by default. Nothing is tried again
// and no answer takes the Upstream out: the suite wants to see each request
// once.
const sluiceSuiteConfig = `[server]
http                        = "127.0.0.1:{{.HTTP}}"
https                       = ""
admin                       = ""
state_dir                   = ""
max_connections_per_address = {{.MaxClients}}

[log]
access = "off"

[[site]]
hosts    = ["cache.test"]
default  = true
tls      = "off"
redirect = false
upstream = "suite"

[[site.route]]
path  = "/"
{{- if .Cache}}
cache = {}
{{- end}}

[upstream.suite]
servers           = ["127.0.0.1:{{index .Origins 0}}"]
connect_timeout   = "5s"
response_timeout  = "60s"
retry_on          = []
retry_budget      = 0
fail_on           = []
failures_in_a_row = 0
failure_share     = 0
`

// nginxSuiteConfig is that of the suite.
const nginxSuiteConfig = `daemon off;
pid {{.Dir}}/nginx.pid;
error_log {{.Dir}}/error.log warn;
{{- if .Root}}
user root;
{{- end}}
worker_processes 1;
events {
    worker_connections 2048;
}
http {
    client_body_temp_path {{.Dir}}/body;
    fastcgi_temp_path {{.Dir}}/fastcgi;
    uwsgi_temp_path {{.Dir}}/uwsgi;
    scgi_temp_path {{.Dir}}/scgi;
    access_log off;
    proxy_cache_path {{.Dir}}/cache levels=1:2 keys_zone=answers:8m max_size=1000m inactive=600m;
    proxy_temp_path {{.Dir}}/proxy;
    server {
        listen 127.0.0.1:{{.HTTP}};
        location / {
            proxy_pass http://127.0.0.1:{{index .Origins 0}};
            proxy_cache answers;
            proxy_cache_revalidate on;
            proxy_http_version 1.1;
        }
    }
}
`

// haproxySuiteConfig is that of the suite.
const haproxySuiteConfig = `defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m

cache answers
    total-max-size 4
    max-object-size 10000
    max-age 240
    process-vary on
    max-secondary-entries 12

frontend web
    bind 127.0.0.1:{{.HTTP}}
    filter cache answers
    http-request cache-use answers
    http-response cache-store answers
    default_backend suite

backend suite
    server s1 127.0.0.1:{{index .Origins 0}}
`

// varnishSuiteConfig is Varnish's own, with the suite's origin behind.
const varnishSuiteConfig = `vcl 4.1;
backend default {
    .host = "127.0.0.1";
    .port = "{{index .Origins 0}}";
}
`

// varnishArgs are those of the suite: nothing is kept that does not say so.
func varnishArgs(s setup) []string {
	return []string{"-F", "-j", "none", "-n", s.Dir + "/varnish", "-a", address(s.HTTP), "-f", s.Dir + "/default.vcl",
		"-p", "default_ttl=0", "-p", "default_grace=0", "-p", "default_keep=3600", "-s", "malloc,64M"}
}

// squidSuiteConfig is that of the suite, without files, which Squid's own user
// could not write.
const squidSuiteConfig = `http_port 127.0.0.1:{{.HTTP}} accel defaultsite=localhost no-vhost
cache_peer 127.0.0.1 parent {{index .Origins 0}} 0 no-query no-digest originserver name=suite
cache_peer_access suite allow all
http_access allow all
pid_filename none
cache_log /dev/null
access_log none
shutdown_lifetime 1 second
`

func squidArgs(s setup) []string { return []string{"-N", "-f", s.Dir + "/squid.conf"} }
