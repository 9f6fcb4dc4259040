package limiter

import (
	"math"
	"sync"
	"time"
)

// paceLeastBurst is the least that may go at once: one TLS record.
const paceLeastBurst = 16 << 10

// Pace bounds the bytes per second of one connection, whose streams share it.
// What goes in any time t is at most its burst + bytesPerSecond·t. The burst,
// of a tenth of a second and at least 16 KiB, is what a timer that fires late
// does not cost. A piece larger than the burst takes its place in this bound,
// and who writes later than told adds what it was late by to t.
//
// It is not rate.Limiter because that refuses pieces larger than its burst, and
// goes back in time with clocks that were read out of order.
//
// All methods may be called by any goroutine.
type Pace struct {
	rate  float64 // bytes a second
	burst float64 // bytes

	mu     sync.Mutex
	bytes  float64   // guarded by mu; that may go at latest; negative: booked ahead
	latest time.Time // guarded by mu; of all calls
	booked uint64    // guarded by mu
}

// PaceStats is what a Pace did so far.
type PaceStats struct {
	Bytes uint64 // that were booked
}

// NewPace returns a Pace that is well rested. Less than 1 counts as 1.
func NewPace(bytesPerSecond int64) *Pace {
	rate := float64(max(bytesPerSecond, 1))
	burst := max(rate/10, paceLeastBurst)
	return &Pace{rate: rate, burst: burst, bytes: burst}
}

// Delay books n bytes and returns how long they have to wait before they may
// go; 0 means not at all. They are booked after all that was booked before, and
// for good: a stream that ends while it waits costs the others its piece. now
// has a monotonic reading; one that is behind that of another call is late, and
// counts as that.
func (p *Pace) Delay(n int, now time.Time) time.Duration {
	if n <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.After(p.latest) {
		p.bytes = min(p.bytes+now.Sub(p.latest).Seconds()*p.rate, p.burst)
		p.latest = now
	}
	p.bytes -= float64(n)
	p.booked += uint64(n)
	if p.bytes >= 0 {
		return 0
	}
	ns := math.Ceil(-p.bytes / p.rate * 1e9)
	if ns >= math.MaxInt64 {
		return math.MaxInt64 // 292 years
	}
	return time.Duration(ns)
}

// Stats returns what was counted so far.
func (p *Pace) Stats() PaceStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PaceStats{Bytes: p.booked}
}
