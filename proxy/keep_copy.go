package proxy

import (
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// lastGoodEvery is how old the last good copy may become while all is well, so
// that not every answer is copied.
const lastGoodEvery = 10 * time.Second

// keepPatience is how long a copy may take that is made while a response is
// relayed: those of slow readers would crowd out all others.
const keepPatience = 10 * time.Second

// tee begins a copy of the response that is about to be relayed, if it is to be
// kept.
func (x *Exchange) tee(resp *message.Response) {
	if !x.open || string(x.r.Method) != "GET" || x.route.Pool.FailOn(resp.Status) || x.route.Reuse == nil && x.hasLastGood() {
		return
	}
	if x.route.Reuse == nil {
		x.asked = policy.Ask(x.r)
	}
	x.draft, x.drafting = x.keepCopy(resp, time.Now())
}

// hasLastGood reports whether there is a copy that is good enough while all is
// well.
func (x *Exchange) hasLastGood() bool {
	if !x.anonymous {
		return true // none would be kept
	}
	c := x.gen.Cache.Find(x.cacheKey(), x.r)
	if c == nil {
		return false
	}
	m := c.Meta()
	c.Release()
	return m.LastGood && m.Since(x.began) < lastGoodEvery
}

// keepCopy begins a copy of a response. ok is false if it may not be kept.
func (x *Exchange) keepCopy(resp *message.Response, now time.Time) (d cache.Draft, ok bool) {
	var vary [256]byte
	h := cache.Head{Key: x.cacheKey(), Length: resp.Length, Vary: vary[:0], Epoch: x.epoch}
	if isEventStream(resp.Fields) || !x.judgeCopy(&h, x.r, resp, now) {
		return d, false // who listens wants what comes from now on
	}
	h.Fields = dated(policy.StoredFields(x.copied[:0], resp), now)
	d, ok = x.gen.Cache.Keep(&h)
	x.copied = h.Fields[:0]
	return d, ok
}

// dated adds the Date of a response that has come without (RFC 9110 section
// 6.6.1); the wires would say when it was sent.
func dated(f message.Fields, now time.Time) message.Fields {
	if f.Has(message.Date) {
		return f
	}
	return append(f, message.Field{Name: nameDate, Value: now.UTC().AppendFormat(nil, httpDate), ID: message.Date})
}

var nameDate = []byte("Date")

// httpDate is an IMF-fixdate (RFC 9110 section 5.6.7).
const httpDate = "Mon, 02 Jan 2006 15:04:05 GMT"

// judgeCopy says in h by what a response varies and what it may be kept for, and
// reports whether that is anything.
func (x *Exchange) judgeCopy(h *cache.Head, r *message.Request, resp *message.Response, now time.Time) bool {
	if x.route.Reuse != nil {
		m, why := policy.Judge(r, x.asked, resp, x.began, now, policy.Rules{TTL: x.route.Reuse.TTL})
		if why == policy.WhyNone && (x.anonymous || m.Shared()) {
			h.Meta.Meta, h.Meta.Reuse = m, true
		}
	}
	if x.route.LastGood > 0 && x.anonymous {
		m, why := policy.Judge(r, x.asked, resp, x.began, now, policy.Rules{LastGood: true})
		if why == policy.WhyNone {
			h.Meta.LastGood = true
			if !h.Meta.Reuse {
				h.Meta.Meta = m
			}
		}
	}
	if !h.Meta.Reuse && !h.Meta.LastGood {
		return false
	}
	h.Meta.Length = resp.Length
	var ok bool
	h.Vary, ok = policy.AppendVary(h.Vary, x.r, resp.Fields)
	return ok
}

// renew keeps a copy that the Upstream has confirmed by a 304, or by its answer to
// HEAD, with what that says anew. ok is false if it may not be used any more; the
// copy is nil if only there is no room for it.
func (x *Exchange) renew(stale *cache.Copy, resp *message.Response, now time.Time) (c *cache.Copy, ok bool) {
	merged := policy.Freshen(nil, stale.Fields(nil, nil), resp.Fields)
	whole := message.Response{Status: int(stale.Meta().Status), Fields: merged, Length: stale.Size()}
	h := cache.Head{Key: x.cacheKey(), Length: whole.Length}
	get := *x.r
	get.Method = methodGet
	if !x.judgeCopy(&h, &get, &whole, now) {
		x.gen.Cache.Forget(x.cacheKey())
		return nil, false
	}
	h.Fields = dated(policy.StoredFields(nil, &whole), now)
	return x.gen.Cache.Renew(stale, &h), true
}

var methodGet = []byte("GET")

// freshenByHead has the answer to a HEAD confirm the copy of the response to GET,
// or do away with it (RFC 9111 section 4.3.5). What one person was told says
// nothing of what is kept for all.
func (x *Exchange) freshenByHead(resp *message.Response) {
	if !x.open || !x.anonymous || x.route.Reuse == nil || string(x.r.Method) != "HEAD" || resp.Status != 200 || setsCookie(resp.Fields) {
		return
	}
	c := x.gen.Cache.FindResponse(x.cacheKey(), x.r)
	if c == nil {
		return
	}
	defer c.Release()
	if m := c.Meta(); !m.Reuse || m.Status != 200 {
		return
	}
	if !policy.HeadUpdates(c.Fields(nil, nil), c.Size(), resp) {
		x.gen.Cache.Forget(x.cacheKey())
		return
	}
	if renewed, _ := x.renew(c, resp, time.Now()); renewed != nil {
		renewed.Release()
	}
}

// addToCopy adds a piece of the body that is being relayed.
func (x *Exchange) addToCopy(p []byte) {
	if x.drafting && (time.Since(x.began) > keepPatience || !x.draft.Append(p)) {
		x.dropCopy()
	}
}

// endCopy says that the body was whole.
func (x *Exchange) endCopy() {
	if x.drafting {
		x.draft.Commit()
		x.draft.Release()
		x.drafting = false
	}
}

// dropCopy gives up a copy of a response that was not relayed whole.
func (x *Exchange) dropCopy() {
	if x.drafting {
		x.draft.Fail(failureGone)
		x.draft.Release()
		x.drafting = false
	}
}
