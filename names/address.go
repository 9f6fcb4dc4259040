package names

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
)

const (
	// maxAddresses bounds what one name leads to. More are cut off, in their
	// order, so that it is always the same ones.
	maxAddresses = 1000
	// maxWeight is the largest weight of an Address.
	maxWeight = 1000
)

// Address is one place that a Source leads to.
type Address struct {
	Host     string // the target of the SRV record, else ""
	AddrPort netip.AddrPort
	Weight   int // 1 to 1000: its share, by the other weights of the Source
}

// sorted sorts by address and port and keeps one Address for each, the one of
// the first Host. It works in place.
func sorted(all []Address) []Address {
	slices.SortFunc(all, func(a, b Address) int {
		return cmp.Or(a.AddrPort.Compare(b.AddrPort), cmp.Compare(a.Host, b.Host), b.Weight-a.Weight)
	})
	all = slices.CompactFunc(all, func(a, b Address) bool { return a.AddrPort == b.AddrPort })
	return all[:min(len(all), maxAddresses)]
}

// reduce brings weights to 1 to maxWeight and to lowest terms. RFC 2782 allows
// 0 to 65535; there 0 is for hosts without choice and means next to nothing, so
// it counts as 1. Doing it again changes nothing.
func reduce(all []Address) {
	top := 0
	for i := range all {
		all[i].Weight = max(all[i].Weight, 1)
		top = max(top, all[i].Weight)
	}
	common := 0
	for i := range all {
		if top > maxWeight {
			all[i].Weight = max(all[i].Weight*maxWeight/top, 1)
		}
		common = divisor(common, all[i].Weight)
	}
	for i := range all {
		all[i].Weight /= common
	}
}

func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// What makes an address absurd.
var (
	errNoAddress   = errors.New("is no address")
	errUnspecified = errors.New("means no host (RFC 1122 section 3.2.1.3)")
	errMulticast   = errors.New("is a multicast address")
	errReserved    = errors.New("is a reserved or broadcast address (RFC 1112 section 4)")
	errLinkLocal   = errors.New("is link-local and says no zone (RFC 4007)")
)

// unusable says why nobody can connect to addr, or nil. Loopback and private
// addresses are fine: that is where Upstreams live.
func unusable(addr netip.Addr) error {
	addr = addr.Unmap()
	switch {
	case !addr.IsValid():
		return errNoAddress
	case addr.IsUnspecified() || addr.Is4() && addr.As4()[0] == 0:
		return errUnspecified
	case addr.IsMulticast():
		return errMulticast
	case addr.Is4() && addr.As4()[0] >= 240:
		return errReserved
	case addr.Is6() && addr.IsLinkLocalUnicast() && addr.Zone() == "":
		return errLinkLocal
	}
	return nil
}
