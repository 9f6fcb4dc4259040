package main

// sluiceName is Sluice in tables.
const sluiceName = "Sluice"

// sluiceConfig proxies with Sluice's defaults; only its ports, room for
// all connections from one address, and patience with idle ones are set.
//
// Overloaded, it keeps no last good copies: they would answer what is to be
// refused, and this is about the ladder below them.
//
// Refusing, it lets one request a minute pass, as nginx does: all that a load
// asks is refused then.
const sluiceConfig = `[server]
http                        = "127.0.0.1:{{.HTTP}}"
https                       = "127.0.0.1:{{.HTTPS}}"
admin                       = ""
idle_timeout                = "300s"
max_connections             = {{.MaxClients}}
max_connections_per_address = {{.MaxClients}}
{{- if .Forwarded}}
trusted_proxies             = ["127.0.0.1/32"]
{{- end}}

[log]
access = "{{if .Access}}{{.Access}}{{else}}off{{end}}"

[[site]]
hosts    = ["bench.test"]
default  = true
tls      = { cert = "{{.Cert}}", key = "{{.Key}}" }
redirect = false
upstream = "app"
{{- if .Forwarded}}
last_good = false
{{- end}}
{{- if .Refuse}}

[[site.limit]]
key   = "client_ip"
rate  = "1/m"
burst = 1
{{- end}}
{{- if .Cache}}

[[site.route]]
path  = "/"
cache = { ttl = "60s" }
{{- end}}

[upstream.app]
servers = [{{range $i, $port := .Origins}}{{if $i}}, {{end}}"127.0.0.1:{{$port}}"{{end}}]
{{- if .Concurrency}}
max_concurrency = {{.Concurrency}}
{{- end}}
`

// sluiceProxy is Sluice.
func sluiceProxy(binary string) proxy {
	return proxy{
		name:   sluiceName,
		binary: binary,
		config: sluiceConfig,
		file:   "sluice.toml",
		args:   sluiceArgs,
		env:    goEnv,
	}
}

// sluiceArgs runs it by its config.
func sluiceArgs(s setup) []string { return []string{"run", "--config", s.Dir + "/sluice.toml"} }
