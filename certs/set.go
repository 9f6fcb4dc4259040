package certs

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
	"time"
)

// maxName is the length of the longest host name (RFC 1035 section 2.3.4).
const maxName = 255

// set is an immutable index of certificates by name. A name whose certificate
// is still being obtained is there without any.
type set struct {
	exact    map[string][]*tls.Certificate
	wildcard map[string][]*tls.Certificate // by ".example.com" for "*.example.com"
	fallback []*tls.Certificate            // for no name and for unknown names
}

// compile builds the set of what sources have now. defaultName may be empty.
func compile(defaultName string, sources []Source) *set {
	s := &set{
		exact:    make(map[string][]*tls.Certificate),
		wildcard: make(map[string][]*tls.Certificate),
	}
	for _, source := range sources {
		for _, c := range source.Certificates() {
			s.add(c)
		}
	}
	for _, found := range s.exact {
		slices.SortStableFunc(found, compare)
	}
	for _, found := range s.wildcard {
		slices.SortStableFunc(found, compare)
	}
	s.fallback = s.named(normalize(defaultName))
	return s
}

func (s *set) add(c Certificate) {
	for _, name := range c.Names {
		byName, name := s.exact, normalize(name)
		if parent, ok := strings.CutPrefix(name, "*"); ok {
			byName, name = s.wildcard, parent
		}
		found := byName[name]
		if c.TLS != nil {
			found = append(found, c.TLS)
		}
		byName[name] = found
	}
}

// named is the certificates of a normalized name that may itself be a wildcard,
// as a Site's may.
func (s *set) named(name string) []*tls.Certificate {
	if parent, ok := strings.CutPrefix(name, "*"); ok {
		return s.wildcard[parent]
	}
	found, _ := s.find(name)
	return found
}

// find is the certificates for the host name a client asked for, the preferred
// first, and whether the name is known: those of the exact name, else those of
// the wildcard in place of its first label (RFC 6125 section 6.4.3). A known
// name without certificates is one that they are being obtained for. find
// allocates nothing, whatever the name: letters are lowered in a buffer on the
// stack, and a map indexed by string(bytes) does not copy them
// (TestLookupAllocatesNothing).
func (s *set) find(host string) (found []*tls.Certificate, known bool) {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > maxName {
		return nil, false
	}
	var buf [maxName]byte
	name := buf[:copy(buf[:], host)]
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	found, known = s.exact[string(name)]
	if len(found) > 0 {
		return found, true
	}
	dot := bytes.IndexByte(name, '.')
	if dot <= 0 {
		return nil, known
	}
	found, byWildcard := s.wildcard[string(name[dot:])]
	return found, known || byWildcard
}

// choose is the first of found that the client can verify and that has not
// expired, else the first it can verify, else the first: crypto/tls then sends
// the alert that says why not. It is nil when nothing was found.
func choose(found []*tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	// The name has been matched. Left in the copy, it would make
	// SupportsCertificate refuse the default certificates, and allocate.
	nameless := *hello
	nameless.ServerName = ""
	now := time.Now()
	best := found[0]
	supported := false
	for _, c := range found {
		if nameless.SupportsCertificate(c) != nil {
			continue
		}
		if now.Before(c.Leaf.NotAfter) {
			return c
		}
		if !supported {
			best, supported = c, true
		}
	}
	return best
}

// compare orders the certificates of one name: the cheaper signature first, then
// the one that lasts longer.
func compare(a, b *tls.Certificate) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		b.Leaf.NotAfter.Compare(a.Leaf.NotAfter),
	)
}

// rank is an order of preference: an ECDSA signature costs the server a tenth
// or less of an RSA one. Ed25519 comes last, for browsers refuse such chains
// even where the handshake would take them.
func rank(c *tls.Certificate) int {
	switch c.Leaf.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return 0
	case *rsa.PublicKey:
		return 1
	default:
		return 2
	}
}

// normalize is a name as it is compared: lower case, without a trailing dot.
func normalize(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
