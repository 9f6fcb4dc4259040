package proxy

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"sluice/limiter"
	"sluice/message"
)

// Maintenance is whether a Site is under maintenance. The zero value is that of
// one which is not. It may be used by any goroutine, and is shared by all
// Generations that have the Site.
type Maintenance struct {
	until atomic.Int64 // Unix time in nanoseconds; 0: there is none
}

// endless is the until of a maintenance that only End ends.
const endless = math.MaxInt64

// Begin puts the Site under maintenance until a time of this century; the zero
// Time: until End is called.
func (m *Maintenance) Begin(until time.Time) {
	if until.IsZero() {
		m.until.Store(endless)
		return
	}
	m.until.Store(until.UnixNano())
}

// End opens the Site.
func (m *Maintenance) End() { m.until.Store(0) }

// On reports whether the Site is under maintenance, and how long that will last
// from now on; 0: nobody has said. An end that has come needs no call of End.
func (m *Maintenance) On(now time.Time) (left time.Duration, on bool) {
	switch until := m.until.Load(); until {
	case 0:
		return 0, false
	case endless:
		return 0, true
	default:
		left = time.Duration(until - now.UnixNano())
		return max(left, 0), left > 0
	}
}

// failureMaintenance is what is logged of requests to a Site under maintenance.
var failureMaintenance = &message.Failure{Party: message.PartySluice, Phase: message.PhaseAdmit,
	Cause: message.CauseMaintenance, Err: errors.New("the site is under maintenance (sluice maintenance off SITE ends it)")}

// underMaintenance reports whether the Site is closed to this request. Critical
// Routes stay open: programs that call back, and health checks of others, are
// not told of it. While nothing is on it costs one atomic load.
func (x *Exchange) underMaintenance() bool {
	m := x.site.Maintenance
	if m == nil || m.until.Load() == 0 || x.route.Class == limiter.ClassCritical {
		return false
	}
	_, on := m.On(time.Now())
	return on
}

// tellMaintenance answers for a Site under maintenance. No copy of former
// answers stands in: its owner wants people to know.
func (x *Exchange) tellMaintenance() {
	left, _ := x.site.Maintenance.On(time.Now())
	if left == 0 {
		x.degrade(failureMaintenance, x.route.Degraded.RetryAfter(rand.Uint64()))
		return
	}
	// Not all at once: within a tenth of the time behind the end, of a short one
	// within some seconds.
	x.degrade(failureMaintenance, x.seconds(left+rand.N(max(left/10, maintenanceSpread))))
}

// maintenanceSpread is the least time over which those who have waited for the
// end of a maintenance are spread.
const maintenanceSpread = 5 * time.Second
