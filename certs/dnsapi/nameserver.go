package dnsapi

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

	"github.com/miekg/dns"
)

const (
	finderServers   = 16 // name servers of a zone that are asked
	finderAddresses = 4  // of each of them
)

// nameServer is one address of a name server of a zone.
type nameServer struct {
	name    string
	address string // "host:port"; "" when the name has none
	err     error  // why it has none
}

// allFound reports whether servers need not be looked up again.
func allFound(servers []nameServer) bool {
	return len(servers) > 0 && !slices.ContainsFunc(servers, func(s nameServer) bool { return s.err != nil })
}

// String is for errors.
func (s nameServer) String() string {
	if s.address == "" {
		return s.name
	}
	return s.name + " (" + s.address + ")"
}

// nameServers are the addresses of the servers that have zone, as the zone
// itself lists them.
func (f *Finder) nameServers(ctx context.Context, zone string) ([]nameServer, error) {
	answer, err := f.resolve(ctx, zone, dns.TypeNS)
	if err != nil {
		return nil, err
	}
	names := nameServersIn(answer, zone)
	if len(names) == 0 {
		return nil, fmt.Errorf("zone %s has no NS record", zone)
	}
	found := make([][]nameServer, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { found[i] = f.addresses(ctx, name) })
	}
	wg.Wait()
	return slices.Concat(found...), nil
}

// nameServersIn are the names in answer of zone's servers, each once.
func nameServersIn(answer *dns.Msg, zone string) []string {
	var names []string
	for _, rr := range answer.Answer {
		ns, ok := rr.(*dns.NS)
		if !ok || dnsName(ns.Hdr.Name) != zone || len(names) == finderServers {
			continue
		}
		if name := dnsName(ns.Ns); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// addresses are the addresses of the server of that name, or one nameServer
// that says why there is none.
func (f *Finder) addresses(ctx context.Context, name string) []nameServer {
	var servers []nameServer
	var failure error
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		answer, err := f.resolve(ctx, name, qtype)
		if err != nil {
			failure = err
			continue
		}
		for _, ip := range addressesIn(answer) {
			servers = append(servers, nameServer{name: name, address: dnsAddress(ip)})
		}
	}
	if len(servers) > 0 {
		return servers[:min(len(servers), finderAddresses)]
	}
	if failure == nil {
		failure = fmt.Errorf("%s has no address", name)
	}
	return []nameServer{{name: name, err: failure}}
}

// addressesIn are the addresses in answer, of whatever name: resolvers follow
// CNAME records. A record may come without its data; that is none.
func addressesIn(answer *dns.Msg) []string {
	var found []string
	for _, rr := range answer.Answer {
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if len(ip) > 0 {
			found = append(found, ip.String())
		}
	}
	return found
}
