package demo

import (
	"fmt"
	"strconv"
	"strings"
)

// Config returns the configuration to run the proxy with: TOML, to be read
// like an owner's file. Both addresses are those to listen on. It sets as
// little as possible: what the demo shows is on by default. It leaves nothing
// behind, and its page is on a free port.
func (d *Demo) Config(httpsAddr, httpAddr string) string {
	servers := make([]string, 0, len(d.samples))
	for _, address := range d.Addrs() {
		servers = append(servers, quote(address))
	}
	return fmt.Sprintf(`# What "sluice demo" runs with.

[server]
https = %s
http  = %s
admin = "127.0.0.1:0"
state_dir = ""

[log]
access = "off"

[[site]]
hosts    = ["localhost", "127.0.0.1"]
tls      = "self-signed"
upstream = "samples"
redirect = false   # the plain port is not 80: a redirect would have to guess
default  = true

[site.degraded]
retry_after = "2s"

[upstream.samples]
servers          = [%s]
response_timeout = "5s"
`, quote(httpsAddr), quote(httpAddr), strings.Join(servers, ", "))
}

// quote returns s as a basic string of TOML. For text that is printed as it is
// Go's syntax is the same.
func quote(s string) string { return strconv.QuoteToGraphic(s) }
