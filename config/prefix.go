package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// parsePrefix reads a network such as "10.0.0.0/8"; a bare IP is the network
// of that one address. IPv4 in IPv6 clothes becomes IPv4, as peers' addresses
// do.
func parsePrefix(text string) (netip.Prefix, *flaw) {
	const remedy = `write a network such as "10.0.0.0/8" or "fd00::/8", or an address such as "10.0.0.1"`
	if !strings.Contains(text, "/") {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" {
			return netip.Prefix{}, flawed(remedy, "%s is not a network", shorten(text))
		}
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, flawed(remedy, "%s is not a network", shorten(text))
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return netip.Prefix{}, flawed(
			fmt.Sprintf("write %q for the network or %q for the address", p.Masked(), p.Addr()),
			"%s has bits set after its prefix", shorten(text))
	}
	return p, nil
}
