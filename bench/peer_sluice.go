package main

// sluiceName is Sluice in tables.
const sluiceName = "Sluice"

// sluiceConfig proxies with Sluice's defaults; only its ports, room for
// all connections from one address, and patience with idle ones are set.
//
// Refusing, it serves only a host that the load does not name: every request
// is misdirected, 421.
const sluiceConfig = `[server]
http                        = "127.0.0.1:{{.HTTP}}"
https                       = "127.0.0.1:{{.HTTPS}}"
admin                       = ""
idle_timeout                = "300s"
max_connections             = {{.MaxClients}}
max_connections_per_address = {{.MaxClients}}

[log]
access = "{{if .Access}}{{.Access}}{{else}}off{{end}}"

[[site]]
{{- if .Refuse}}
hosts    = ["localhost"]
{{- else}}
hosts    = ["bench.test"]
default  = true
{{- end}}
tls      = { cert = "{{.Cert}}", key = "{{.Key}}" }
redirect = false
upstream = "app"

[upstream.app]
servers = [{{range $i, $port := .Origins}}{{if $i}}, {{end}}"127.0.0.1:{{$port}}"{{end}}]
`

// sluiceProxy is Sluice.
func sluiceProxy(binary string) proxy {
	return proxy{
		name:   sluiceName,
		binary: binary,
		config: sluiceConfig,
		file:   "sluice.toml",
		args:   func(s setup) []string { return []string{"run", "--config", s.Dir + "/sluice.toml"} },
		env:    goEnv,
	}
}
