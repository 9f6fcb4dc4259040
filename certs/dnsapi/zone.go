package dnsapi

import (
	"context"
	"errors"
	"strings"

	"github.com/miekg/dns"
)

// apex finds the zone that name is in, by its SOA record: at the name, in what
// a resolver adds when there is none (RFC 2308 section 2), or at a parent. The
// error is a *FinderError.
func (f *Finder) apex(ctx context.Context, name string) (string, error) {
	for asked := name; asked != ""; _, asked, _ = strings.Cut(asked, ".") {
		answer, err := f.resolve(ctx, asked, dns.TypeSOA)
		if err != nil {
			return "", unresolved(name, err)
		}
		if zone := apexIn(answer, asked); zone != "" {
			return zone, nil
		}
	}
	return "", &FinderError{name, errors.New("there is no zone that it is in: no SOA record at it or above"),
		"check the spelling, and that the domain is registered and its name servers are set"}
}

// apexIn is the zone of asked as answer tells it; "" when it does not. The root
// is nobody's zone: where it turns up, the top-level domain does not exist. A
// top-level domain may be: there are private ones.
//
// Behind a CNAME record, which only a wildcard's can be here, what a resolver
// adds is about the target.
func apexIn(answer *dns.Msg, asked string) string {
	for _, rr := range answer.Answer {
		if soa, ok := rr.(*dns.SOA); ok && dnsName(soa.Hdr.Name) == asked {
			return asked
		}
	}
	if _, ok := aliasIn(answer, asked); ok {
		return ""
	}
	for _, rr := range answer.Ns {
		soa, ok := rr.(*dns.SOA)
		if !ok {
			continue
		}
		zone := dnsName(soa.Hdr.Name)
		if zone == asked || strings.HasSuffix(asked, "."+zone) { // the root, "", is neither
			return zone
		}
	}
	return ""
}
