package dnsapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// finderResolvers is how many resolvers are asked at most.
const finderResolvers = 8

// resolve asks the resolvers in their order until one answers, and once more
// when none did. Those that say SERVFAIL or REFUSED do not answer.
func (f *Finder) resolve(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	resolvers := f.resolvers()
	failures := make([]string, len(resolvers))
	for range finderTries {
		for i, resolver := range resolvers {
			answer, err := f.ask(ctx, resolver, name, qtype, true)
			if err == nil && !finderFailed(answer) {
				return answer, nil
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				err = errors.New(dnsRcode(answer.Rcode))
			}
			failures[i] = fmt.Sprintf("resolver %s: %v", resolver, err)
		}
	}
	return nil, fmt.Errorf("look up %s %s: %s", dns.TypeToString[qtype], name, strings.Join(failures, "; "))
}

// resolvers are those to ask now, "host:port". Without any in resolv.conf, or
// without that file, it is the machine itself, as for the C library.
func (f *Finder) resolvers() []string {
	given := f.options.Resolvers
	if len(given) == 0 {
		if c, err := dns.ClientConfigFromFile(f.resolvConf); err == nil {
			given = c.Servers
		}
	}
	var resolvers []string
	for _, resolver := range given[:min(len(given), finderResolvers)] {
		resolvers = append(resolvers, dnsAddress(resolver))
	}
	if resolvers == nil {
		return []string{net.JoinHostPort("127.0.0.1", "53"), net.JoinHostPort("::1", "53")}
	}
	return resolvers
}
