package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// DefaultTry is how long one name server is waited for at a time. The 5 s that
// resolv.conf has by default would use up a whole question on a dead first
// server and never come to the second.
const DefaultTry = time.Second

// Resolver asks by Go's own resolver, which knows hosts files, search domains,
// EDNS and TCP. That one does not tell TTLs, so a witness reads them from the
// answers that pass by. It holds no state; Ask may be called from several
// goroutines.
type Resolver struct {
	// Server is the "address:port" of the name server to ask in place of those
	// in resolv.conf; "": those.
	Server string
	// Try bounds the wait for one server; 0: DefaultTry.
	Try time.Duration
}

// Ask asks one question. A and AAAA are asked one by one on purpose: asked
// together, a host whose A answer is lost would for a while have its AAAA
// addresses only. The error is a *net.DNSError as a rule; it returns when ctx
// ends, and no goroutine and no connection of it is left.
func (r *Resolver) Ask(ctx context.Context, q Question) (Answer, error) {
	w := &witness{server: r.Server, try: or(r.Try, DefaultTry), ttl: NoTTL, open: map[string]bool{}}
	stop := context.AfterFunc(ctx, w.abort)
	defer stop()
	defer w.end()
	asking := &net.Resolver{PreferGo: true, Dial: w.dial}

	var a Answer
	var err error
	switch q.Type {
	case TypeSRV:
		a.Services, err = lookupServices(ctx, asking, q.Name)
	case TypeA:
		a.Addrs, err = lookupAddrs(ctx, asking, "ip4", q.Name)
	default:
		a.Addrs, err = lookupAddrs(ctx, asking, "ip6", q.Name)
	}
	w.report(&a)
	if a.Detour && isNotFound(err) {
		// Where one name of the search list got no answer, nobody knows whether
		// there is nothing.
		err = &net.DNSError{UnwrapErr: errDetour, Err: errDetour.Error(), Name: q.Name, IsTemporary: true}
	}
	return a, err
}

func lookupAddrs(ctx context.Context, r *net.Resolver, network, host string) ([]netip.Addr, error) {
	addrs, err := r.LookupNetIP(ctx, network, host)
	var other *net.AddrError
	if errors.As(err, &other) {
		// A hosts file, or an IP as the name, that has addresses of the other
		// family only.
		err = &net.DNSError{UnwrapErr: err, Err: other.Err, Name: host, IsNotFound: true}
	}
	return addrs, err
}

func lookupServices(ctx context.Context, r *net.Resolver, name string) (all []Service, err error) {
	_, records, err := r.LookupSRV(ctx, "", "", name)
	for _, s := range records {
		all = append(all, Service{Target: s.Target, Port: s.Port, Priority: s.Priority, Weight: s.Weight})
	}
	if len(all) > 0 {
		err = nil // about single records that were left out
	}
	return all, err
}
