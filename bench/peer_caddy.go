package main

// caddyConfig proxies with the certificate given and Caddy's own JSON log.
// Compression towards the upstream is off, as no other proxy asks for it.
const caddyConfig = `{
	admin off
	auto_https off
	grace_period 1s
	storage file_system {{.Dir}}
	servers {
		protocols h1 h2
	}
}
(app) {
	bind 127.0.0.1
{{- if .Access}}
	log {
		output file {{.Access}} {
			roll_disabled
		}
		format json
	}
{{- end}}
	reverse_proxy{{range .Origins}} 127.0.0.1:{{.}}{{end}} {
		lb_policy round_robin
		transport http {
			keepalive 300s
			keepalive_idle_conns_per_host 64
			compression off
		}
	}
}
http://:{{.HTTP}} {
	import app
}
https://:{{.HTTPS}} {
	tls {{.Cert}} {{.Key}} {
		protocols tls1.3
	}
	import app
}
`

// caddyProxy is Caddy.
func caddyProxy(binary string) proxy {
	return proxy{
		name:   "Caddy",
		binary: binary,
		config: caddyConfig,
		file:   "Caddyfile",
		args: func(s setup) []string {
			return []string{"run", "--config", s.Dir + "/Caddyfile", "--adapter", "caddyfile"}
		},
		env: goEnv,
	}
}
