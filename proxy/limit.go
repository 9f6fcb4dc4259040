package proxy

import (
	"bytes"
	"errors"
	"hash/maphash"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"sluice/limiter"
	"sluice/message"
)

// Limit is how much of a Site each client may use. It is immutable but for what
// its Rate and InFlight count.
type Limit struct {
	Name     string // for logs: "client_ip 10/s on /api/"
	Keys     []LimitKey
	Rate     *limiter.Rate     // nil: any rate
	InFlight *limiter.InFlight // nil: any number at a time
	Prefix   string            // as of a Route; empty: the whole Site
	Methods  []string          // empty: all
	Except   []netip.Prefix
	DryRun   bool
	// Policy is the value of RateLimit-Policy; empty: the fields are not sent.
	Policy []byte

	seed                   maphash.Seed
	refused, would         atomic.Uint64
	top                    limiter.Top[refusedClient]
	tooFast, tooManyAtOnce *message.Failure
}

// LimitKey is one part of what clients are told apart by.
type LimitKey struct {
	Kind LimitKeyKind
	Name string // of a header, in lower case, or of a cookie
}

// LimitKeyKind is a kind of LimitKey.
type LimitKeyKind uint8

// The kinds. A request without the header or cookie is told apart by its
// client's address instead: nobody escapes by leaving it out, and strangers do
// not share one bucket.
const (
	LimitByClient LimitKeyKind = iota
	LimitByHost
	LimitByPath
	LimitByHeader
	LimitByCookie
)

// Prepare completes l, whose exported members do not change any more.
func (l *Limit) Prepare() *Limit {
	l.seed = maphash.MakeSeed()
	refused := func(c message.Cause, what string) *message.Failure {
		// Put in words now, because a flood will ask.
		err := errors.New(what + " the limit " + l.Name + " allows")
		return &message.Failure{Party: message.PartySluice, Phase: message.PhaseAdmit, Cause: c, Err: err}
	}
	l.tooFast = refused(message.CauseRateLimited, "more requests than")
	l.tooManyAtOnce = refused(message.CauseTooManyAtOnce, "more requests at a time than")
	return l
}

// holds reports whether the limit is for this request.
func (l *Limit) holds(x *Exchange) bool {
	if l.Prefix != "" && !prefixes(l.Prefix, x.r.Path()) {
		return false
	}
	if len(l.Methods) > 0 && !slices.ContainsFunc(l.Methods, func(m string) bool { return m == string(x.r.Method) }) {
		return false
	}
	return len(l.Except) == 0 || !slices.ContainsFunc(l.Except, func(p netip.Prefix) bool { return p.Contains(x.clientAddr()) })
}

// key is by what the client is told apart, as a number that nobody outside can
// predict.
func (l *Limit) key(x *Exchange) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	for _, k := range l.Keys {
		h.WriteByte(byte(k.Kind))
		switch k.Kind {
		case LimitByHost:
			writeLower(&h, hostOf(x.r.Authority))
		case LimitByPath:
			h.Write(x.r.Path())
		case LimitByHeader:
			if value := x.fieldNamed(k.Name); len(value) > 0 {
				h.Write(value)
				break
			}
			writeClient(&h, x.clientAddr())
		case LimitByCookie:
			if value := x.cookie(k.Name); len(value) > 0 {
				h.Write(value)
				break
			}
			writeClient(&h, x.clientAddr())
		default:
			writeClient(&h, x.clientAddr())
		}
		h.WriteByte(0) // so that "a", "bc" is not "ab", "c"
	}
	return h.Sum64()
}

// writeClient writes what one client is taken to own: an IPv4 address, or the
// /64 of an IPv6 address.
func writeClient(h *maphash.Hash, a netip.Addr) {
	b := a.Unmap().As16()
	if a.Is4() || a.Is4In6() {
		h.Write(b[:])
		return
	}
	h.Write(b[:8])
}

func writeLower(h *maphash.Hash, text []byte) {
	for _, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h.WriteByte(c)
	}
}

// fieldNamed returns the value of a field of the request by its name in lower
// case.
func (x *Exchange) fieldNamed(name string) []byte {
	for i := range x.r.Fields {
		if message.EqualFold(x.r.Fields[i].Name, name) {
			return x.r.Fields[i].Value
		}
	}
	return nil
}

// cookie returns the value of a cookie (RFC 6265 section 5.4), nil without one.
// Of several the first counts.
func (x *Exchange) cookie(name string) []byte {
	for i := range x.r.Fields {
		if !message.EqualFold(x.r.Fields[i].Name, "cookie") {
			continue
		}
		for rest := x.r.Fields[i].Value; len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, []byte(";"))
			n, value, ok := bytes.Cut(bytes.TrimLeft(pair, " \t"), []byte("="))
			if ok && string(n) == name {
				return bytes.TrimRight(value, " \t")
			}
		}
	}
	return nil
}

// withinLimits takes the request's share of all limits that hold for it, and
// reports whether they allow it. If not, it has been answered.
func (x *Exchange) withinLimits(now time.Time) bool {
	for i, l := range x.site.Limits {
		if !l.holds(x) {
			continue
		}
		key := l.key(x)
		if f, wait := x.limited(i, l, key, now); f != nil {
			x.refuseLimited(f, wait)
			return false
		}
	}
	return true
}

// limited takes the request's share of one limit, and returns why it has none.
func (x *Exchange) limited(i int, l *Limit, key uint64, now time.Time) (f *message.Failure, wait time.Duration) {
	if l.Rate != nil {
		d := l.Rate.Take(key, now)
		if len(l.Policy) > 0 && (x.policy == nil || !d.OK) {
			x.policy, x.remaining, x.reset = l.Policy, d.Remaining, d.Reset
		}
		if !d.OK && l.count(x, key, now) {
			return l.tooFast, d.RetryAfter
		} else if !d.OK {
			return nil, 0
		}
	}
	if l.InFlight == nil {
		return nil, 0
	}
	switch {
	case l.InFlight.Enter(key):
		x.entered = append(x.entered, entered{l.InFlight, key})
	case l.count(x, key, now):
		return l.tooManyAtOnce, time.Second
	}
	return nil, 0
}

// count counts a refusal, and reports whether it is to be one.
func (l *Limit) count(x *Exchange, key uint64, now time.Time) bool {
	l.noteRefused(x, key, now)
	if l.DryRun {
		l.would.Add(1)
		return false
	}
	l.refused.Add(1)
	return true
}

// Stats is how many requests the limit has refused, and how many it would have,
// had it not been a dry run.
func (l *Limit) Stats() (refused, would uint64) { return l.refused.Load(), l.would.Load() }

// entered is a place among a client's Exchanges under way, to be given back.
type entered struct {
	inFlight *limiter.InFlight
	key      uint64
}

// leaveLimits gives back what is taken only for the time of the Exchange.
func (x *Exchange) leaveLimits() {
	for _, e := range x.entered {
		e.inFlight.Leave(e.key)
	}
	x.entered = x.entered[:0]
}

var (
	nameRateLimit       = []byte("RateLimit")
	nameRateLimitPolicy = []byte("RateLimit-Policy")
)

// refuseLimited answers a client that has had its share: 429 (RFC 6585 section
// 4), with when it may come back.
func (x *Exchange) refuseLimited(f *message.Failure, wait time.Duration) {
	x.failure, x.status = f, f.Status()
	accept, language := x.accepts()
	body := x.gen.Refusals.Choose(x.status, x.route.Form, accept, language)
	retry := message.Field{Name: nameRetryAfter, Value: x.seconds(wait), ID: message.RetryAfter}
	x.answer(body, retry)
}

// longestWait is the longest that a client is told to wait.
const longestWait = 24 * time.Hour

// seconds is d in whole seconds, rounded up, at least 1.
func (x *Exchange) seconds(d time.Duration) []byte {
	from := len(x.scratch)
	d = min(d, longestWait)
	x.scratch = strconv.AppendInt(x.scratch, max(1, int64((d+time.Second-1)/time.Second)), 10)
	return x.scratched(from)
}

// withPolicy adds how much of a limit is left
// (draft-ietf-httpapi-ratelimit-headers-10), if the limit says so.
func (x *Exchange) withPolicy(f message.Fields) message.Fields {
	if x.policy == nil {
		return f
	}
	from := len(x.scratch)
	s := append(x.scratch, `"limit";r=`...)
	s = strconv.AppendInt(s, int64(x.remaining), 10)
	s = append(s, ";t="...)
	x.scratch = strconv.AppendInt(s, int64((x.reset+time.Second-1)/time.Second), 10)
	return append(f,
		message.Field{Name: nameRateLimitPolicy, Value: x.policy},
		message.Field{Name: nameRateLimit, Value: x.scratched(from)})
}
