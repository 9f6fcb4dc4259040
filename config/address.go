package config

import (
	"net"
	"net/netip"
	"strconv"
)

// Address is where a Listener accepts connections.
type Address struct {
	On   bool       // false: there is no such Listener
	IP   netip.Addr // the zero Addr: every address of the machine, IPv4 and IPv6
	Port uint16     // 0: the system picks a free one
	Path string     // of a Unix socket, which has neither IP nor Port; empty: it is TCP
}

// String returns a in the form that net.Listen takes for TCP, "unix:" and the
// path of a Unix socket, or "" if it is off.
func (a Address) String() string {
	switch {
	case !a.On:
		return ""
	case a.Path != "":
		return unixPrefix + a.Path
	}
	host := ""
	if a.IP.IsValid() {
		host = a.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(a.Port)))
}

// overlaps reports whether a and b cannot both be listened on.
func (a Address) overlaps(b Address) bool {
	if !a.On || !b.On || a.Port != b.Port || a.Port == 0 {
		return false
	}
	return a.IP == b.IP || a.covers(b.IP) || b.covers(a.IP)
}

// covers reports whether a listens on every address of the family of ip.
// "[::]" takes IPv4 too, as Linux has it by default.
func (a Address) covers(ip netip.Addr) bool {
	if a.IP == netip.IPv4Unspecified() {
		return ip.Is4()
	}
	return !a.IP.IsValid() || a.IP.IsUnspecified()
}

// parseAddress reads an address to listen on: ":443", "10.0.0.1:443",
// "[::1]:443", or "" for none.
func parseAddress(text string) (Address, *flaw) {
	const remedy = `write ":443", "10.0.0.1:443" or "[::1]:443", or "" to turn it off`
	if text == "" {
		return Address{}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Address{}, flawed(remedy, "%s is not an address and a port", shorten(text))
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Address{}, flawed("write a port of 0 to 65535", "%s has the bad port %s", shorten(text), shorten(port))
	}
	a := Address{On: true, Port: uint16(n)}
	if host == "" {
		return a, nil
	}
	a.IP, err = netip.ParseAddr(host)
	if err != nil {
		return Address{}, flawed(remedy, "%s is not an IP address of this machine", shorten(host))
	}
	a.IP = a.IP.Unmap()
	return a, nil
}
