package server

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

const (
	// limitedOften is how many refusals of one client within about a minute count
	// for a Problem.
	limitedOften = 20
	// limitedMany is how many clients must be refused that often. One or two are
	// what limits are for: there is nothing to do about robots that are refused.
	limitedMany = 3
)

// limitProblems says that a Limit may refuse those whom it is to protect: many
// clients, or what only counts as one.
func limitProblems(l *LimitStatus, now time.Time) []Problem {
	var refused uint64
	var often []LimitedClient
	for _, c := range l.Top {
		if now.Sub(c.Last) < time.Minute && c.Refused >= limitedOften {
			often = append(often, c)
			refused += c.Refused
		}
	}
	if len(often) == 0 || l.Refused == 0 { // or it is only tried out
		return nil
	}
	about := []string{"site", l.Site, "limit", l.Name, "count", strconv.FormatUint(refused, 10)}
	if l.shared {
		return []Problem{problem(LevelWarn, "clients_limited", fmt.Sprintf(
			"The limit %s of %s, which all clients share, has refused %d requests lately.", l.Name, l.Site, refused),
			"if the application bears more, raise the limit in [[site.limit]]", about...)}
	}
	most, remedy := often[0], "nothing if they are robots; if they are customers, raise the limit in [[site.limit]]"
	if own := ofOwnNetwork(often); own != nil {
		most, remedy = *own, "if a proxy or load balancer has the address "+own.Client+", write it into server.trusted_proxies, for its clients count as one; if these are customers, raise the limit in [[site.limit]]"
	} else if len(often) < limitedMany {
		return nil
	}
	return []Problem{problem(LevelWarn, "clients_limited", fmt.Sprintf(
		"The limit %s of %s refuses %s, most often %s: %d times lately.", l.Name, l.Site, count(len(often), "client"), most.Client, most.Refused),
		remedy, append(about, "client", most.Client)...)}
}

// ofOwnNetwork returns the first client at an address of a private network; nil:
// there is none. Robots seldom come from there, but proxies do, behind which all
// customers may be.
func ofOwnNetwork(all []LimitedClient) *LimitedClient {
	for i := range all {
		ip, err := netip.ParseAddr(all[i].Client)
		if prefix, bad := netip.ParsePrefix(all[i].Client); bad == nil {
			ip, err = prefix.Addr(), nil
		}
		if err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()) {
			return &all[i]
		}
	}
	return nil
}
