package limiter

import (
	"math"
	"time"
)

// descent is an experiment: the limit is lowered step by step, and what heads
// then take is compared. If heads take less by about as much, they waited for
// one another, and it goes on. If they do not, that is what they take if
// nothing is in their way.
type descent struct {
	began time.Duration
	limit float64 // before

	top, topLatency float64 // what was used before the first step, and what heads took; 0: not known
	steps           int
	places, latency float64 // likewise before the last step
	climbing        bool    // the step was up, from the floor
}

const (
	// descentGlance is the first step if all is well: so many times the places
	// at which, if the base is right, heads begin to wait for one another.
	descentGlance = 0.8
	// descentExpected is how much less than the base heads may take there. With
	// a base that is too high it would be descentGlance.
	descentExpected = 0.88
	descentDeeper   = 0.6 // a further step
	descentOurs     = 0.5 // share of a step that shows in the latency if it is of our making

	settleHeads = 2           // times the latency, until a step can be judged
	settleMost  = time.Second // but not longer

	firstPause = 2 * time.Second // from one to the next that nothing calls for
	lastPause  = time.Minute
	pauseCost  = 20 // times what the last one took
)

// probe begins a descent that nothing calls for, from what is used.
func (c *concurrency) probe(latency, used float64, now time.Duration) {
	c.descent = &descent{began: now, limit: c.limit, top: used, topLatency: latency}
	c.step(used, used*min(descentGlance*c.base/latency, descentDeeper), latency, now)
}

// escape begins a descent because heads take far too long. They may do so
// since a moment ago and take longer yet, so there is nothing to compare with
// until the first step has settled.
func (c *concurrency) escape(latency, used float64, now time.Duration) {
	c.descent = &descent{began: now, limit: c.limit}
	c.step(min(c.limit, used), c.limit*descentDeeper, latency, now)
}

// step goes from some places to fewer, and waits for what it brings.
func (c *concurrency) step(from, to, latency float64, now time.Duration) {
	d := c.descent
	d.places, d.latency = from, latency
	d.steps++
	switch to = c.within(to); {
	case to < from:
		c.limit = min(c.limit, to)
	case latency > latencyTolerance*c.base:
		// At the floor there is only the other way. Without it a limit could
		// stay there for ever, because of a base that was learnt long ago.
		d.climbing = true
		c.limit = c.within(c.limit / descentDeeper)
	default:
		c.base = min(c.base, latency)
		c.arrive(now)
		return
	}
	c.settled = now + min(time.Duration(settleHeads*latency), settleMost)
}

// land judges a step.
func (c *concurrency) land(latency float64, now time.Duration) {
	d := c.descent
	down := math.Log(d.places / c.limit)
	gain := math.Log(d.latency / latency)
	switch {
	case d.climbing:
		c.base = min(c.base, d.latency)
		if gain > descentOurs*down { // both are negative: little was lost
			c.base = latency
			d.limit = c.limit
		}
		d.top = 0
		c.arrive(now)
		return
	case d.top == 0:
		d.top, d.topLatency = c.limit, latency
	case d.steps == 1 && latency > descentExpected*c.base && latency < c.base/descentGlance:
		c.base = (c.base + latency) / 2 // as expected
		c.arrive(now)
		return
	case gain < descentOurs*down:
		c.base = latency
		c.arrive(now)
		return
	}
	c.step(c.limit, c.limit*descentDeeper, latency, now)
}

// arrive ends a descent, and goes to where the gradient would have led: by
// Little's law as much of the top as heads took too long is too much.
func (c *concurrency) arrive(now time.Duration) {
	d := c.descent
	c.limit = d.limit
	if d.top > 0 {
		knee := d.top * min(c.base/d.topLatency, 1)
		c.limit = c.within(min(d.limit, latencyTolerance*knee+math.Sqrt(knee)))
	}
	c.descent, c.alarmed = nil, false
	c.next = now + max(c.pause, pauseCost*(now-d.began))
	c.pause = min(4*c.pause, lastPause)
}
