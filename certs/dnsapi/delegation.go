package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// finderAliases is how many CNAME records are followed. CAs follow about as
// many.
const finderAliases = 8

// follow goes where the CNAME records at name lead, as the CA will: that is how
// a domain leaves its proofs to another zone. The error is a *FinderError.
func (f *Finder) follow(ctx context.Context, name string) (string, error) {
	path := []string{name}
	for {
		target, err := f.alias(ctx, name)
		if err != nil || target == "" {
			return name, err
		}
		if f.wild(ctx, name, target) {
			return name, nil
		}
		if slices.Contains(path, target) {
			return "", &FinderError{path[0], fmt.Errorf("the CNAME records lead in a circle, %s again", target),
				"let the last of them lead to a name without a CNAME record"}
		}
		if len(path) > finderAliases {
			return "", &FinderError{path[0], fmt.Errorf("more than %d CNAME records in a row", finderAliases),
				"let the first of them lead to the last name at once"}
		}
		name = target
		path = append(path, name)
	}
}

// alias is where the CNAME record at name leads; "" when there is none.
func (f *Finder) alias(ctx context.Context, name string) (string, error) {
	answer, err := f.resolve(ctx, name, dns.TypeCNAME)
	if err != nil {
		return "", unresolved(name, err)
	}
	target, found := aliasIn(answer, name)
	if found && !dnsPlain(target) {
		return "", &FinderError{name, fmt.Errorf("its CNAME record leads to %q, which is no host name", target),
			"correct that record"}
	}
	return target, nil
}

// aliasIn is the target of name's CNAME record in answer.
func aliasIn(answer *dns.Msg, name string) (target string, found bool) {
	for _, rr := range answer.Answer {
		if c, ok := rr.(*dns.CNAME); ok && dnsName(c.Hdr.Name) == name {
			return dnsName(c.Target), true
		}
	}
	return "", false
}

// wild reports whether name leads to target by a wildcard only, as when
// "*.example.com" leads to a load balancer: then its neighbour that nobody has
// made leads there too. Nobody means a wildcard for a delegation, and it no
// longer covers the name once there is a record.
func (f *Finder) wild(ctx context.Context, name, target string) bool {
	_, parent, ok := strings.Cut(name, ".")
	neighbour := "_no-such-name." + parent
	if !ok || !dnsPlain(neighbour) {
		return false
	}
	answer, err := f.resolve(ctx, neighbour, dns.TypeCNAME)
	if err != nil {
		return false
	}
	other, _ := aliasIn(answer, neighbour)
	return other == target
}

// unresolved is the error of a lookup that no resolver had an answer to.
func unresolved(name string, err error) *FinderError {
	e := &FinderError{Name: name, Cause: err}
	if !errors.Is(err, context.Canceled) {
		e.Remedy = "check that the resolvers are the right ones and can be reached, and that the zone's servers and its DNSSEC signatures are in order"
	}
	return e
}
