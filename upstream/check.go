package upstream

import (
	"cmp"
	"time"
)

// CheckKind is how an Upstream is asked whether it works.
type CheckKind uint8

// The kinds of checks.
const (
	// CheckAway connects, and only to those that are out: the default.
	CheckAway CheckKind = iota
	CheckTCP            // connects
	CheckTLS            // connects and does a TLS handshake
	CheckHTTP           // asks and judges the answer
)

// Check says how the health of an Upstream is asked for. What is zero takes
// its default.
type Check struct {
	Kind     CheckKind
	Interval time.Duration // 1 s, ±10 %
	Timeout  time.Duration // 500 ms; of a whole check

	UnhealthyAfter int // 3 failures in a row take it out
	HealthyAfter   int // 1 success in a row brings it back

	// Of CheckHTTP.
	Method   string // GET
	Path     string // "/"
	Host     string // the Upstream's own name or address
	From, To int    // statuses that are good; 200 to 399
	Body     string // what the answer's first 64 KiB must hold somewhere
}

// Active reports that those in service are checked too.
func (c Check) Active() bool { return c.Kind != CheckAway }

func (c Check) withDefaults() Check {
	if !c.Active() {
		return Check{}
	}
	c.Interval = cmp.Or(c.Interval, time.Second)
	c.Timeout = cmp.Or(c.Timeout, 500*time.Millisecond)
	c.UnhealthyAfter = cmp.Or(c.UnhealthyAfter, 3)
	c.HealthyAfter = cmp.Or(c.HealthyAfter, 1)
	if c.Kind == CheckHTTP {
		c.Method = cmp.Or(c.Method, "GET")
		c.Path = cmp.Or(c.Path, "/")
		c.From, c.To = cmp.Or(c.From, 200), cmp.Or(c.To, 399)
	}
	return c
}
