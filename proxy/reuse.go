package proxy

import (
	"errors"
	"sync"
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// Reuse is what the owner of a Route has decided about answering with copies of
// responses (RFC 9111).
type Reuse struct {
	// TTL is for how long answers are fresh that say nothing of it; 0: as RFC
	// 9111 section 4.2.2 has it.
	TTL time.Duration
	// Wait is how long a request waits for another that asks for the same.
	Wait time.Duration
}

// cached is what an Exchange knows of the cache.
type cached struct {
	// open: the answer depends on nothing but the key and what is named in Vary,
	// as far as anybody can tell from the request.
	open      bool
	anonymous bool // and on no person
	asked     policy.Asked
	key       []byte
	epoch     uint64      // of the key, before an Upstream was asked
	fetch     *fetch      // this Exchange is a Flight's
	draft     cache.Draft // of the response that is being relayed
	drafting  bool
	said      []byte // value of Cache-Status; nil: none
	outcome   string // for the log
}

// Words for the log: how the cache had part in the answer.
const (
	cacheHit       = "hit"       // a fresh copy
	cacheStale     = "stale"     // a copy that is being validated, or could not be
	cacheValidated = "validated" // a copy that the Upstream has confirmed
	cacheMiss      = "miss"      // an answer that was stored
	cacheShared    = "shared"    // the answer to another who asked for the same
	cachePass      = "pass"      // an answer that cannot be stored
	cacheLastGood  = "last_good" // the last good copy
)

// reuse answers with a copy, or together with others who ask for the same. It
// returns false if the Exchange has to ask for itself.
func (x *Exchange) reuse() bool {
	if x.gen.Cache == nil || x.route.Reuse == nil && x.route.LastGood == 0 || !x.mayOpen() {
		return false
	}
	x.open, x.anonymous = true, policy.Anonymous(x.r.Fields, x.site.IgnoreCookies)
	if x.route.Reuse == nil {
		return false
	}
	x.asked = policy.Ask(x.r)
	if x.asked.Precondition {
		x.open = false
		x.forwards(policy.FwdBypass)
		return false
	}
	// What others have waited for may be of no use to us because it varies: then
	// once more, with what there is now.
	for range 2 {
		if done, answered := x.tryReuse(time.Now()); done {
			return answered
		}
	}
	return false
}

// failureNotCached is for who wants a copy or nothing (RFC 9111 section 5.2.1.7).
var failureNotCached = &message.Failure{Party: message.PartyClient, Phase: message.PhaseAdmit,
	Cause: message.CauseNotCached, Err: errors.New("the client wants a copy or nothing (only-if-cached), and there is no fresh one")}

// mayOpen reports whether the request is of a kind that copies answer.
func (x *Exchange) mayOpen() bool {
	switch string(x.r.Method) {
	case "GET", "HEAD":
	default:
		return false
	}
	return x.r.Length == 0 && x.r.Upgrade == nil && !x.route.Streams && !x.poisonable()
}

// poisonable reports a field that applications go by although it is no part of
// the key. What a trusted peer says of the host it was asked for is.
func (x *Exchange) poisonable() bool {
	if !x.trusted {
		return policy.Poisonable(x.r.Fields)
	}
	for i := range x.r.Fields {
		switch x.r.Fields[i].ID {
		case message.XForwardedHost:
		case message.Forwarded:
			if !policy.ForwardedAgrees(x.r.Fields[i].Value, x.secure, x.r.Authority, x.askedOfPeer()) {
				return true
			}
		default:
			if policy.Poisonable(x.r.Fields[i : i+1]) {
				return true
			}
		}
	}
	return false
}

// tryReuse looks for a copy, and joins or begins a Flight if there is none. done
// is false when it is worth trying again.
func (x *Exchange) tryReuse(now time.Time) (done, answered bool) {
	c := x.gen.Cache.Find(x.cacheKey(), x.r)
	stale := c
	if c != nil {
		defer c.Release()
		m := c.Meta()
		switch {
		case m.Pass && m.Since(now) < cache.PassFor:
			x.forwards(policy.FwdURIMiss)
			return true, false
		case !m.Reuse || !x.anonymous && !m.Shared():
			stale = nil
		default:
			switch use := m.Use(x.asked, now); {
			case use == policy.Fresh:
				x.outcome = cacheHit
				x.answerWith(c, policy.CacheStatus{Hit: true, TTL: m.Left(now), HasTTL: true}, nil)
				return true, true
			case use == policy.Meanwhile && x.anonymous:
				x.refresh(c, now)
				x.outcome = cacheStale
				x.answerWith(c, policy.CacheStatus{Hit: true, TTL: m.Left(now), HasTTL: true}, nil)
				return true, true
			}
		}
	}
	if x.asked.OnlyIfCached {
		x.refuse(failureNotCached)
		return true, true
	}
	if !x.anonymous || x.asked.NoStore || x.asked.Range || string(x.r.Method) != "GET" {
		why := policy.FwdURIMiss
		if stale != nil {
			why = policy.FwdStale
		}
		x.forwards(why)
		return true, false
	}
	return x.fly(stale, now)
}

// refresh has a stale copy validated in the background (RFC 5861 section 3),
// unless somebody does already. What is asked for everybody is not asked with
// one person's credentials.
func (x *Exchange) refresh(stale *cache.Copy, now time.Time) {
	if f, ok := x.gen.Cache.Begin(x.cacheKey(), now); ok {
		x.launch(f, stale)
	}
}

// cacheKey is what copies for the request are found by.
func (x *Exchange) cacheKey() []byte {
	if x.key == nil {
		from := len(x.scratch)
		x.scratch = x.appendKey(x.scratch, x.secure, x.r.Target)
		x.key = x.scratched(from)
	}
	return x.key
}

// appendKey appends the key of a target of the host that is asked for.
func (x *Exchange) appendKey(dst []byte, secure bool, target []byte) []byte {
	dst = cache.AppendKey(dst, secure, x.r.Authority, target)
	if host := x.askedOfPeer(); len(host) > 0 && string(host) != string(x.r.Authority) {
		dst = cache.AppendVia(dst, host)
	}
	return dst
}

// askedOfPeer returns the host that a trusted peer says it was asked for, nil if
// it says nothing that goes on to the Upstream.
func (x *Exchange) askedOfPeer() []byte {
	if !x.trusted || x.r.Fields.Count(message.XForwardedHost) != 1 {
		return nil
	}
	return x.r.Fields.Get(message.XForwardedHost)
}

// forwards says in Cache-Status why an Upstream is asked.
func (x *Exchange) forwards(why policy.Forward) {
	x.outcome = cachePass
	x.say(policy.CacheStatus{Fwd: why})
}

func (x *Exchange) say(s policy.CacheStatus) {
	from := len(x.scratch)
	x.scratch = s.Append(x.scratch)
	x.said = x.scratched(from)
}

var (
	nameAge         = []byte("Age")
	nameCacheStatus = []byte("Cache-Status")
)

// withCacheStatus adds what was said to the fields of a response.
func (x *Exchange) withCacheStatus(f message.Fields) message.Fields {
	if x.said == nil {
		return f
	}
	return append(f, message.Field{Name: nameCacheStatus, Value: x.said})
}

// gone tells whoever waits that the client has gone away.
type gone struct {
	once sync.Once
	ch   chan struct{}
}

func newGone() *gone { return &gone{ch: make(chan struct{})} }

// Cancel implements message.Canceler.
func (g *gone) Cancel() { g.once.Do(func() { close(g.ch) }) }

func (g *gone) is() bool {
	select {
	case <-g.ch:
		return true
	default:
		return false
	}
}

// invalidate forgets what a request that has changed something was about (RFC
// 9111 section 4.4).
func (x *Exchange) invalidate(resp *message.Response) {
	if x.gen.Cache == nil || !policy.Invalidates(x.r.Method, resp.Status) || !x.site.reuses() {
		return
	}
	var room [3][]byte
	for _, target := range policy.InvalidatedTargets(append(room[:0], x.r.Target), x.r, resp.Fields) {
		for _, secure := range [2]bool{false, true} {
			x.gen.Cache.Forget(x.appendKey(nil, secure, target))
		}
	}
}
