package proxy

import (
	"bytes"
	"net/netip"
	"strings"

	"sluice/message"
)

// peerText returns the address of the connection's client as text.
func (x *Exchange) peerText() []byte {
	from := len(x.scratch)
	x.scratch = append(x.scratch, x.r.Client.Addr...)
	return x.scratched(from)
}

// clientText returns the address of the client as text.
func (x *Exchange) clientText() []byte {
	from := len(x.scratch)
	x.scratch = x.clientAddr().AppendTo(x.scratch)
	return x.scratched(from)
}

// clientAddr returns the address that a request is attributed to: the
// connection's, or, behind a trusted peer, the last address of
// X-Forwarded-For that is not itself trusted. Everything before that one may
// be invented.
func (x *Exchange) clientAddr() netip.Addr {
	if !x.client.IsValid() {
		x.client = x.findClient()
	}
	return x.client
}

func (x *Exchange) findClient() netip.Addr {
	client := x.r.Client.Remote.Addr().Unmap()
	if !x.trusted {
		return client
	}
	f := x.r.Fields
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].ID != message.XForwardedFor {
			continue
		}
		for list := f[i].Value; len(list) > 0; {
			var last []byte
			if comma := bytes.LastIndexByte(list, ','); comma >= 0 {
				list, last = list[:comma], list[comma+1:]
			} else {
				list, last = nil, list
			}
			if last = bytes.TrimSpace(last); len(last) == 0 {
				continue // an empty element says nothing (RFC 9110 section 5.6.1.2)
			}
			a, ok := parseClient(string(last))
			if !ok {
				return client
			}
			if client = a; !x.gen.trusts(a) {
				return client
			}
		}
	}
	return client
}

// parseClient reads an element of X-Forwarded-For: an address, which some
// write with a port or in brackets.
func parseClient(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap(), true
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().Unmap(), true
	}
	return netip.Addr{}, false
}
