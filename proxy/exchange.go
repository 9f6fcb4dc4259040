package proxy

import (
	"bytes"
	"errors"
	"net/netip"
	"time"

	"sluice/accesslog"
	"sluice/degraded"
	"sluice/limiter"
	"sluice/message"
	"sluice/upstream"
)

// failureMisdirected is the answer to a host name that no Site has
// (RFC 9110 section 15.5.20).
var failureMisdirected = &message.Failure{Party: message.PartyClient, Phase: message.PhaseHead,
	Cause: message.CauseMisdirected, Err: errors.New("no site has this host name and there is no default site")}

// failurePanic is what is logged of an Exchange that has met a bug.
var failurePanic = &message.Failure{Party: message.PartySluice, Phase: message.PhaseNone,
	Cause: message.CauseInternal, Err: errors.New("a panic, see the error log")}

// Exchange is one request and its response, from first byte to log line. It
// is pooled; everything in it is valid from begin to finish.
type Exchange struct {
	decided
	pump    pump
	waiter  limiter.Waiter // our part in the Pool's Admission
	entered []entered      // places among the client's own Exchanges
	vain    tries

	idArr     [idLength]byte
	scratch   []byte // values of fields that we add
	resp      message.Response
	added     [16]message.Field // fields of a response of our own
	own       degraded.Scratch  // what of its body is this Exchange's
	copied    message.Fields    // those of a copy
	headBytes [1024]byte        // the head of a copy that does not lie in one piece
	entry     accesslog.Entry
}

// decided is the part of an Exchange that finish sets to zero.
type decided struct {
	// Given by the wire.
	r *message.Request
	w message.ResponseWriter

	// Decided before the first Attempt.
	gen     *Generation
	site    *Site
	route   *Route
	trusted bool // the client is one of our own proxies
	secure  bool // the person behind it speaks TLS, to us or to that proxy
	client  netip.Addr
	id      []byte

	challenge []byte // the answer to a CA's validation; for other requests nil

	// Of admission.
	passed    bool // this person was let in before
	admitted  bool // there is a place in the Pool to give back
	queued    time.Duration
	policy    []byte // of the limit that answers tell of; nil: none
	remaining int
	reset     time.Duration
	cookies   [2][]byte // values of Set-Cookie to be added

	cached

	// The Attempts.
	wants    upstream.Request
	tried    upstream.Tried
	up       *upstream.Upstream // of the Attempt under way
	conn     upstream.Conn      // of the Attempt under way, nil between them
	reused   bool               // conn had served another Exchange
	fresh    bool               // the next Attempt wants a new connection
	kept     keeper             // the request body, as far as it was read
	attempts int
	// failsOpen: the Pool did when this Attempt began; an answer may end that.
	failsOpen bool

	// For the log.
	status    int
	failure   *message.Failure
	served    bool // the client has an answer, or is gone; not after a panic
	degraded  string
	copyAge   time.Duration // of the last good copy that was the answer
	addr      string        // of the last Upstream
	firstTry  time.Time     // when the first Attempt began
	began     time.Time     // when this one did
	connect   time.Duration
	firstByte time.Duration
}

// begin takes over a request.
func (x *Exchange) begin(g *Generation, r *message.Request, w message.ResponseWriter) {
	if r.Refused != nil {
		r.Fields = nil // what stands there may be another client's
	}
	x.r, x.w, x.gen = r, w, g
	x.trusted = len(g.Trusted) > 0 && g.trusts(r.Client.Remote.Addr().Unmap())
	x.secure = r.Client.Secure
	if x.trusted {
		if p := r.Fields.Get(message.XForwardedProto); len(p) > 0 {
			// Of a chain of proxies that each add theirs, the first is what
			// the person uses; taking it for plain would redirect for ever.
			first, _, _ := bytes.Cut(p, []byte(","))
			x.secure = message.EqualFold(bytes.TrimSpace(first), "https")
		}
	}
	x.takeID()
}

// findRoute finds Site and Route and reports whether there is one.
func (x *Exchange) findRoute() bool {
	if x.site = x.gen.Sites.find(x.r.Authority); x.site == nil {
		return false
	}
	x.route = x.site.route(x.r.Path())
	return x.route != nil
}

// finish ends the Exchange: one line in the access log, always.
func (x *Exchange) finish(log func(*accesslog.Entry), now time.Time) {
	if log != nil {
		x.fillEntry(now)
		log(&x.entry)
		x.entry = accesslog.Entry{}
	}
	x.leaveLimits()
	x.giveBack(now)
	x.dropCopy()
	x.kept.release()
	x.pump.forget()
	x.vain.forget()
	x.resp = message.Response{}
	x.decided = decided{}
	x.trim()
}

// What an Exchange keeps of its memory for the next one. More is only for large
// heads.
const (
	keptScratch = 8 << 10
	keptFields  = 64
)

// trim gives up memory that few Exchanges need.
func (x *Exchange) trim() {
	x.scratch, x.copied = x.scratch[:0], x.copied[:0]
	if cap(x.scratch) > keptScratch {
		x.scratch = nil
	}
	if cap(x.copied) > keptFields {
		x.copied = nil
	}
}

// fillEntry puts what is known into the log entry.
func (x *Exchange) fillEntry(now time.Time) {
	e, c := &x.entry, x.r.Client
	e.Time, e.RequestID = x.r.Start, x.id
	e.Client = x.clientAddr()
	e.Host, e.Method, e.Path = x.r.Authority, x.r.Method, x.r.Target
	e.Proto, e.UserAgent = c.Protocol, x.r.Fields.Get(message.UserAgent)
	e.Status, e.BytesIn, e.BytesOut = x.status, x.w.BytesIn(), x.w.BytesOut()
	e.Queue = x.queued
	e.Total, e.Connect, e.FirstByte = now.Sub(x.r.Start), x.connect, x.firstByte
	if x.attempts > 0 {
		e.Upstream = now.Sub(x.firstTry)
	}
	e.UpstreamAddr, e.Attempts, e.Degraded, e.Cache = x.addr, x.attempts, x.degraded, x.outcome
	if x.site != nil {
		e.Site = x.site.Name
	}
	if x.route != nil {
		e.Pool = x.route.Pool.Name
	}
	if f := x.failure; f != nil {
		e.Who, e.Phase, e.Cause = f.Party.String(), f.Phase.String(), f.Cause.String()
		if f.Err != nil {
			e.Detail = f.Err.Error()
		}
	}
	if x.failure != nil || x.status >= 500 {
		e.Tries, e.Age = x.told(now), x.copyAge
	}
	e.TLSVersion, e.ALPN, e.SNI = c.TLSVersion, c.ALPN, c.SNI
}
