package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// LimitedClient is a client that a Limit has refused, or would have, had it not
// been a dry run.
type LimitedClient struct {
	Client string  // an address, the prefix that counts as one, or a number that stands for a secret
	Times  float64 // lately, at least
	Last   time.Time
}

// refusedClient is what is known of such a client. It is small and made without
// allocation: a flood may bring a new one with each request.
type refusedClient struct {
	addr   netip.Addr
	number uint64 // instead, if the client is told apart by what may be a secret
}

// noteRefused counts a refusal for the client.
func (l *Limit) noteRefused(x *Exchange, key uint64, now time.Time) {
	v := refusedClient{addr: x.clientAddr()}
	if l.hides(x) {
		v = refusedClient{number: key}
	}
	l.top.Add(key, v, now)
}

// hides reports whether the client is not to be named by its address: because a
// field or a cookie tells it apart, which may be a secret, or because no part of
// the key is the client.
func (l *Limit) hides(x *Exchange) bool {
	for _, k := range l.Keys {
		switch k.Kind {
		case LimitByHeader:
			if len(x.fieldNamed(k.Name)) > 0 {
				return true
			}
		case LimitByCookie:
			if len(x.cookie(k.Name)) > 0 {
				return true
			}
		}
	}
	return l.Shared()
}

// Shared reports whether no part of the key tells clients apart, so that whom it
// refuses may be anybody.
func (l *Limit) Shared() bool {
	return !slices.ContainsFunc(l.Keys, func(k LimitKey) bool {
		return k.Kind == LimitByClient || k.Kind == LimitByHeader || k.Kind == LimitByCookie
	})
}

// Top returns the clients that the limit has refused most often lately, that one
// first; at most so many.
func (l *Limit) Top(most int, now time.Time) []LimitedClient {
	var all []LimitedClient
	for _, k := range l.top.Most(most, now) {
		all = append(all, LimitedClient{Client: k.Value.text(), Times: k.Least, Last: k.Last})
	}
	return all
}

// text is what a person sees of it.
func (v refusedClient) text() string {
	a := v.addr.Unmap()
	switch {
	case !a.IsValid():
		// The key is seeded: nobody finds a secret by trying what has this number.
		return fmt.Sprintf("#%08x", uint32(v.number>>32))
	case a.Is4():
		return a.String()
	}
	return netip.PrefixFrom(a.WithZone(""), 64).Masked().String()
}
