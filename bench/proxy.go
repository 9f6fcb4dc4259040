package main

import (
	"fmt"
	"strings"
	"text/template"
)

// benchHost is the host that requests name.
const benchHost = "bench.test"

// setup is all that a proxy's config depends on.
type setup struct {
	Dir        string // the proxy's own folder
	Cores      cores
	HTTP       int // port of plain HTTP
	HTTPS      int // port of HTTPS
	Origins    []int
	Cert       string
	Key        string
	Both       string // certificate and key in one file
	Access     string // access log; empty: off
	Refuse     bool   // answer requests with a refusal
	Abused     bool   // clients attack it
	Cache      bool   // answer with copies for 60 seconds
	Root       bool   // the bench runs as root
	MaxClients int    // connections to have room for

	Descriptors int         // of nginx's worker
	Forwarded   bool        // clients come through a trusted proxy on 127.0.0.1
	Concurrency string      // Sluice's max_concurrency in TOML; empty: not written
	Limits      *siteLimits // of nginx; nil: none
}

// proxy is a program that can be measured.
type proxy struct {
	name   string
	binary string
	config string // text/template over setup
	file   string // name of the config file in setup.Dir
	args   func(s setup) []string
	env    func(s setup) []string
	logs   logging
}

// logging is how a proxy writes its access log.
type logging int

const (
	opensLog    logging = iota // opens setup.Access itself
	stdoutIsLog                // writes it to stdout
)

// configText is the proxy's config for a setup.
func (p proxy) configText(s setup) (string, error) {
	functions := template.FuncMap{"mask": coreMask, "lastThread": func(c cores) int { return len(c) }}
	t, err := template.New(p.file).Funcs(functions).Parse(p.config)
	if err != nil {
		return "", fmt.Errorf("config of %s: %w", p.name, err)
	}
	var text strings.Builder
	if err := t.Execute(&text, s); err != nil {
		return "", fmt.Errorf("config of %s: %w", p.name, err)
	}
	return text.String(), nil
}

// coreMask is a core as nginx's worker_cpu_affinity takes it: 0 is "1", 2 is "100".
func coreMask(core int) string {
	return "1" + strings.Repeat("0", core)
}

// goEnv is the environment of a proxy written in Go: as many processors as it
// has cores, and a home of its own.
func goEnv(s setup) []string {
	return []string{
		fmt.Sprintf("GOMAXPROCS=%d", len(s.Cores)),
		"HOME=" + s.Dir,
		"XDG_CONFIG_HOME=" + s.Dir,
		"XDG_DATA_HOME=" + s.Dir,
	}
}

// noEnv is the environment of a proxy that needs none.
func noEnv(setup) []string { return nil }

// proxies are all that are installed, Sluice first.
func (b *bench) proxies() []proxy {
	var list []proxy
	if b.sluice.path != "" {
		list = append(list, sluiceProxy(b.sluice.path))
	}
	return append(list, nginxProxy(b.tools.nginx), haproxyProxy(b.tools.haproxy), caddyProxy(b.tools.caddy))
}
