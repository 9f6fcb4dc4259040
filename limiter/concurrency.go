package limiter

import (
	"cmp"
	"math"
	"time"
)

// concurrency is how many Exchanges there may be at once: a fixed number, or
// one that adapts to what response heads take. It is pure: it learns samples
// and times from its caller, who also guards it.
//
// The adaptive limit is Gradient2 of Netflix' concurrency-limits: heads may
// take tolerance times what they take if nothing is in their way, the base;
// over that the limit falls in proportion, under it it grows by its root. What
// differs is how the base is learnt. Under lasting overload heads always take
// long, and an average over any time drifts there, and the limit with it.
// Hence:
//
//   - While less than a quarter of the limit is used, nothing is in the way of
//     heads, and the base follows them. While less than half is, the limit
//     rests.
//   - Otherwise the base only falls. It rises by experiment alone, a descent,
//     which also finds out when the base is too high. That costs some
//     throughput for a moment.
type concurrency struct {
	adaptive bool
	floor    float64
	most     float64

	limit float64
	base  float64 // nanoseconds; 0: not known

	seen    sampleWindow
	since   time.Duration // the beginning of seen
	alarmed bool          // the last window was alarming
	settled time.Duration // what ends before that was begun under another limit

	descent *descent      // nil: none
	next    time.Duration // when there is to be one even if nothing calls for it
	pause   time.Duration
}

// maxPlaces keeps the counts of places far from overflow.
const maxPlaces = 1 << 24

const (
	defaultFloor = 5
	defaultStart = 20
	defaultMax   = 10_000
)

// What heads may take, in times the base.
const (
	latencyTolerance = 1.5
	latencyEasy      = 1.15 // the limit may grow faster
	latencyAlarm     = 2.5  // more than any limit that is right can cause
	latencySure      = 0.9  // less than that is not by chance
	latencyRelief    = 0.7  // with the limit used up the base must be out of date
)

const (
	// usedUp is the share of the limit that is used if it is what binds: some
	// of it may be kept in reserve.
	usedUp = 0.7

	heedUp   = 10 * time.Second // in which the base follows heads that take longer
	heedDown = time.Second

	// To judge by there must be manyHeads, and for a step more. In a window
	// that gets old fewer will do.
	manyHeads  = 100
	oldWindow  = time.Second
	oldLanding = 5 * time.Second
)

func newConcurrency(o AdmissionOptions) concurrency {
	if o.Limit > 0 {
		return concurrency{limit: float64(min(o.Limit, maxPlaces))}
	}
	c := concurrency{
		adaptive: true,
		floor:    float64(min(cmp.Or(o.Floor, defaultFloor), maxPlaces)),
		most:     float64(min(cmp.Or(o.Max, defaultMax), maxPlaces)),
		pause:    firstPause,
	}
	c.most = max(c.most, c.floor)
	c.limit = c.within(float64(cmp.Or(o.Start, defaultStart)))
	return c
}

// places is the limit in force.
func (c *concurrency) places() int { return int(c.limit) }

// bottom is what nobody is ever refused under.
func (c *concurrency) bottom() int { return int(c.floor) }

func (c *concurrency) within(limit float64) float64 { return min(max(limit, c.floor), c.most) }

// observe takes in what was seen since the last time.
func (c *concurrency) observe(w sampleWindow, now time.Duration) {
	if !c.adaptive {
		return
	}
	c.seen.add(w)
	if now < c.settled {
		c.seen, c.since = sampleWindow{}, now
		return
	}
	if !c.enough(now) {
		return
	}
	w, passed := c.seen, now-c.since
	c.seen, c.since = sampleWindow{}, now
	c.judge(w, passed, now)
}

// enough reports whether there is enough to judge by.
func (c *concurrency) enough(now time.Duration) bool {
	age, heads := now-c.since, c.seen.heads
	switch many := int64(manyHeads); {
	case age < lookEvery:
		return false
	case c.descent == nil:
		return heads >= many || age >= oldWindow && heads >= many/5 || age >= 2*oldWindow && heads >= many/10
	default:
		return heads >= 4*many || age >= oldWindow/2 && heads >= 2*many || age >= oldWindow && heads >= many ||
			age >= oldLanding && heads >= many/5
	}
}

// judge sets the limit by a window.
func (c *concurrency) judge(w sampleWindow, passed, now time.Duration) {
	latency, used := float64(w.mean()), w.used()
	if c.base == 0 {
		c.base = latency
	}
	if latency < latencySure*c.base || used < c.limit/4 {
		c.follow(latency, passed)
	}
	switch {
	case used < c.limit/2:
		if c.descent != nil {
			c.arrive(now)
		}
	case c.descent != nil:
		c.land(latency, now)
	case latency > latencyAlarm*c.base && c.alarmed:
		c.escape(latency, used, now)
	case w.pressed && used >= usedUp*c.limit && (now >= c.next || latency < latencyRelief*c.base):
		c.probe(latency, used, now)
	default:
		c.alarmed = latency > latencyAlarm*c.base
		c.adjust(latency, w.failing())
	}
}

// follow lets the base follow.
func (c *concurrency) follow(latency float64, passed time.Duration) {
	heed := heedUp
	if latency < c.base {
		heed = heedDown
	}
	c.base += (latency - c.base) * (1 - math.Exp(-float64(passed)/float64(heed)))
}

// adjust moves the limit by the gradient. It does not grow while Attempts fail:
// the upstream may have a limit of its own. Nor does it fall for that alone, or
// one bad server would bring a whole Pool down to the floor; those that time
// out are in the latency.
func (c *concurrency) adjust(latency float64, failing bool) {
	root := math.Sqrt(c.limit)
	want := c.limit*min(max(latencyTolerance*c.base/latency, 0.5), 1) + root
	switch {
	case want < c.limit:
		c.limit = c.within((c.limit + want) / 2)
	case failing:
	case latency < latencyEasy*c.base:
		c.limit = c.within(c.limit + max(root, c.limit/4))
	default:
		c.limit = c.within(want)
	}
}
