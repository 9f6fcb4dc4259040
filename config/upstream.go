package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Upstream is one server address of a Pool.
type Upstream struct {
	Host    string // an IP, or a name in lower case that is resolved later
	Port    uint16
	Service bool // SRV records of Host say where; there is no Port then
	Weight  int  // 1..1000
	Drain   bool // no new requests; those under way finish
}

// Address returns host:port, or the name of a Service.
func (u Upstream) Address() string {
	if u.Service {
		return u.Host
	}
	return net.JoinHostPort(u.Host, strconv.Itoa(int(u.Port)))
}

// maxWeight is the largest weight of an Upstream.
const maxWeight = 1000

// serverRange is what one string of a servers list says, before it becomes
// one Upstream a port.
type serverRange struct {
	host        string
	first, last uint16
	weight      int
	drain       bool
	service     bool
}

// count returns how many Upstreams r makes.
func (r serverRange) count() int {
	if r.service {
		return 1
	}
	return int(r.last) - int(r.first) + 1
}

// upstreams returns the Upstreams of r.
func (r serverRange) upstreams() []Upstream {
	if r.service {
		return []Upstream{{Host: r.host, Service: true, Weight: r.weight, Drain: r.drain}}
	}
	list := make([]Upstream, 0, r.count())
	for port := int(r.first); port <= int(r.last); port++ {
		list = append(list, Upstream{Host: r.host, Port: uint16(port), Weight: r.weight, Drain: r.drain})
	}
	return list
}

const serverRemedy = `write "10.0.0.2:3000", "app.internal:3000" or "[fd00::2]:3000"`

// parseServer reads "host:port" or "host:first-last", with options after it.
func parseServer(text string) (serverRange, *flaw) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return serverRange{}, flawed(serverRemedy, "%s is not a server", shorten(text))
	}
	if scheme, rest, found := strings.Cut(fields[0], "://"); found {
		rest, _, _ = strings.Cut(rest, "/")
		return serverRange{}, flawed(fmt.Sprintf("write only host and port, %s", shorten(rest)), "%s has the scheme %s", shorten(text), shorten(scheme))
	}
	r := serverRange{weight: 1}
	var bad *flaw
	if isService(fields[0]) {
		r.service = true
		if r.host, bad = parseService(fields[0]); bad != nil {
			return r, bad
		}
		return r, r.options(fields[1:], text)
	}
	host, ports, err := net.SplitHostPort(fields[0])
	if err != nil {
		return serverRange{}, noPort(fields[0])
	}
	if strings.HasPrefix(host, "_") {
		return r, flawed("write "+shorten(host)+" without a port: its SRV records say it", "%s has a port", shorten(text))
	}
	if r.host, bad = parseServerHost(host); bad != nil {
		return r, bad
	}
	if r.first, r.last, bad = parsePorts(ports); bad != nil {
		return r, bad
	}
	return r, r.options(fields[1:], text)
}

// isService reports that a name is one of SRV records: "_http._tcp.app.internal"
// (RFC 2782).
func isService(text string) bool { return strings.HasPrefix(text, "_") && !strings.Contains(text, ":") }

// parseService reads such a name.
func parseService(text string) (string, *flaw) {
	name := strings.ToLower(strings.TrimSuffix(text, "."))
	labels := strings.SplitN(name, ".", 3)
	if len(labels) < 3 || len(labels[0]) < 2 || labels[1] != "_tcp" {
		return "", flawed(`write "_http._tcp.app.internal"`, "%s is not a name of SRV records", shorten(text))
	}
	if bad := checkName(labels[0][1:] + "." + labels[2]); bad != nil {
		return "", bad
	}
	return name, nil
}

// options reads what stands after the address: "weight=N" and "drain=true",
// each at most once.
func (r *serverRange) options(fields []string, text string) (bad *flaw) {
	seen := map[string]bool{}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		if seen[name] {
			return flawed("write one "+name+"=", "%s has more than one %s=", shorten(text), name)
		}
		seen[name] = true
		switch name {
		case "weight":
			r.weight, bad = parseWeight(value)
		case "drain":
			if r.drain = value == "true"; !r.drain && value != "false" {
				bad = flawed("write drain=true or drain=false", "%s is neither", shorten(field))
			}
		default:
			bad = flawed(`write "host:port weight=2" or "host:port drain=true"`, "%s is not known after an address", shorten(field))
		}
		if bad != nil {
			return bad
		}
	}
	return nil
}

// noPort tells what keeps text from being host:port.
func noPort(text string) *flaw {
	if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
		return flawed(fmt.Sprintf(`write the IP in brackets, such as "[%s]:3000"`, ip), "%s has no port", shorten(text))
	}
	if strings.Contains(text, ":") {
		return flawed(serverRemedy, "%s is not a host and a port", shorten(text))
	}
	return flawed(fmt.Sprintf("write %s", shorten(text+":3000")), "%s has no port", shorten(text))
}

// parseServerHost reads the host of an Upstream.
func parseServerHost(text string) (string, *flaw) {
	if text == "" {
		return "", flawed(`write "127.0.0.1" before the colon for this machine`, "the host is missing")
	}
	if ip, err := netip.ParseAddr(text); err == nil {
		if ip.IsUnspecified() {
			return "", flawed(`write "127.0.0.1" for this machine`, "%s is no address to connect to", shorten(text))
		}
		return ip.Unmap().String(), nil
	}
	name := strings.ToLower(text)
	return name, checkName(name)
}

// parsePorts reads "3001" or "3001-3100".
func parsePorts(text string) (first, last uint16, bad *flaw) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	a, errA := strconv.ParseUint(from, 10, 16)
	b, errB := strconv.ParseUint(to, 10, 16)
	switch {
	case errA != nil || errB != nil || a == 0 || b == 0:
		return 0, 0, flawed("write ports of 1 to 65535, such as 3000 or 3001-3100", "%s is not a port or a range of ports", shorten(text))
	case a > b:
		return 0, 0, flawed(fmt.Sprintf("write %d-%d", b, a), "the range of ports %d-%d runs backwards", a, b)
	}
	return uint16(a), uint16(b), nil
}

// parseWeight reads the number of "weight=N".
func parseWeight(text string) (int, *flaw) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxWeight {
		return 0, flawed(fmt.Sprintf("write a whole number of 1 to %d", maxWeight), "the weight %s is not usable", shorten(text))
	}
	return n, nil
}
