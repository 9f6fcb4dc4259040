package proxy

import (
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// lastGood returns the last good copy of what is asked for, with a reference, nil
// if there is none that may be used: it is used only when the Pool has no answer.
// On a Route with a read cache the RFC's word on stale responses counts in
// everything (section 4.2.4); elsewhere, s-maxage forbids nothing.
func (x *Exchange) lastGood() *cache.Copy {
	if !x.open || !x.anonymous || x.route.LastGood == 0 {
		return nil
	}
	if x.route.Reuse == nil {
		x.asked = policy.Ask(x.r)
	}
	if x.asked.Precondition {
		return nil // it is the application's to say whether it holds
	}
	c := x.gen.Cache.FindResponse(x.cacheKey(), x.r)
	if c == nil {
		return nil
	}
	m := c.Meta()
	now := time.Now()
	if !m.LastGood || m.Since(now) > x.route.LastGood || x.route.Reuse != nil && !m.OnErrorFor(x.asked, now) {
		c.Release()
		return nil
	}
	return c
}

// answerLastGood answers with the last good copy in the place of f, and reports
// whether there was one.
func (x *Exchange) answerLastGood(f *message.Failure) bool {
	c := x.lastGood()
	if c == nil {
		return false
	}
	defer c.Release()
	x.answerGood(c, f)
	return true
}

// answerGood answers with the last good copy in the place of f.
func (x *Exchange) answerGood(c *cache.Copy, f *message.Failure) {
	m := c.Meta()
	x.failure, x.degraded, x.copyAge = f, "last_good", m.Since(time.Now())
	x.answerStale(c, cacheLastGood)
}
