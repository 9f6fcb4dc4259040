package upstream

import (
	"cmp"
	"time"
)

// Settings say how an Upstream is used and by what its health is judged. What
// is zero takes its default. They are comparable: Pools with the same Settings
// share an Upstream of the same address, with its health, its counters and its
// connections, and so a reload keeps them.
type Settings struct {
	ConnectTimeout time.Duration // 250 ms

	MaxConnections int           // Attempts at a time; 0: any number
	MaxIdle        int           // 256 idle connections
	IdleTimeout    time.Duration // 60 s

	// SlowStart is how long the share of one that is back grows to its whole;
	// 10 s, negative: it has all of it at once.
	SlowStart time.Duration

	Evidence Evidence
	Check    Check

	Protocol Protocol
	TLS      TLS
}

// Protocol is what an Upstream is spoken to in.
type Protocol uint8

// The protocols.
const (
	HTTP1 Protocol = iota // HTTP/1.1
	HTTP2                 // HTTP/2 with prior knowledge (RFC 9113 section 3.3), or by ALPN over TLS
)

// Evidence says when the responses of an Upstream take it out.
type Evidence struct {
	// InARow is how many Attempts must fail with no success between; 5,
	// negative: that alone never does.
	InARow int
	// Requests and Share: of at least so many Attempts of the last ten
	// seconds, so large a share must fail; 20 and 0.5, negative: that alone
	// never does.
	Requests int
	Share    float64
}

// withDefaults fills in what is zero.
func (s Settings) withDefaults() Settings {
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 250*time.Millisecond)
	s.MaxIdle = cmp.Or(s.MaxIdle, 256)
	s.IdleTimeout = cmp.Or(s.IdleTimeout, time.Minute)
	s.SlowStart = cmp.Or(s.SlowStart, 10*time.Second)
	s.Evidence.InARow = cmp.Or(s.Evidence.InARow, 5)
	s.Evidence.Requests = cmp.Or(s.Evidence.Requests, 20)
	s.Evidence.Share = cmp.Or(s.Evidence.Share, 0.5)
	s.Check = s.Check.withDefaults()
	return s
}
