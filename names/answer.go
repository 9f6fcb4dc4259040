package names

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// NoTTL is the TTL of an answer that told none, as one from a hosts file.
const NoTTL time.Duration = -1

// Answer is what a resolver says to a Question.
type Answer struct {
	Addrs    []netip.Addr  // to A or AAAA
	Services []Service     // to SRV
	TTL      time.Duration // the smallest of the records; NoTTL: not known
	// Queries is how many messages it cost. All but the first are charged to
	// the budget afterwards.
	Queries int
	// Detour says that a name earlier in the list of search domains got no
	// answer, so that this may be another host altogether. It counts only if
	// nothing is known yet.
	Detour bool
}

// Service is one SRV record (RFC 2782).
type Service struct {
	Target   string
	Port     uint16
	Priority uint16
	Weight   uint16
}

var (
	errHollow    = errors.New("the answer holds no record of the type asked for")
	errDetour    = errors.New("a name of the search list got no answer")
	errWithdrawn = fmt.Errorf("the service is not offered (target %q, RFC 2782): %w", ".", errNotFound)
)

// sift drops what is absurd, record by record. An answer with nothing left is
// an error. dropped is how many records went.
func sift(q Question, a Answer) (kept Answer, dropped int, err error) {
	kept, why := a, errHollow
	kept.Addrs, kept.Services = nil, nil
	if q.Type == TypeSRV {
		kept.Services, dropped, why = siftServices(a.Services)
	} else {
		for _, addr := range a.Addrs {
			addr = addr.Unmap()
			if bad := unusable(addr); bad != nil {
				why = fmt.Errorf("the answer holds no usable address: %v %w", addr, bad)
				dropped++
			} else if len(kept.Addrs) < maxAddresses {
				kept.Addrs = append(kept.Addrs, addr)
			}
		}
	}
	if len(kept.Addrs)+len(kept.Services) == 0 {
		return kept, dropped, why
	}
	return kept, dropped, nil
}

func siftServices(all []Service) (kept []Service, dropped int, why error) {
	why = errHollow
	for _, s := range all {
		s.Target = strings.ToLower(s.Target)
		switch {
		case s.Target == "." && len(all) == 1:
			return nil, 0, errWithdrawn
		case s.Port == 0 || !plainName(s.Target):
			why = fmt.Errorf("the answer holds no usable service: %q port %d is none", s.Target, s.Port)
			dropped++
		case len(kept) < maxAddresses:
			kept = append(kept, s)
		}
	}
	return kept, dropped, why
}

// plainName reports whether a name can stand in a stored answer and be asked
// for: letters, digits and "-_." as in RFC 1123 section 2.1, and not too long.
func plainName(name string) bool {
	if len(name) > 254 || strings.Trim(name, ".") == "" || name[0] == '.' {
		return false
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}
