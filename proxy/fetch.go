package proxy

import (
	"io"
	"time"

	"sluice/cache"
	"sluice/cache/policy"
	"sluice/message"
)

// fetch is what makes an Exchange that of a Flight: it asks an Upstream as any
// other, but nobody's connection waits for the answer.
type fetch struct {
	flight *cache.Flight
	stale  *cache.Copy // to be validated, with a reference; nil: none
}

// launch starts the Exchange of a Flight, for a request like x's.
func (x *Exchange) launch(f *cache.Flight, stale *cache.Copy) {
	if stale != nil {
		stale.Retain()
	}
	y := exchanges.Get().(*Exchange)
	y.begin(x.gen, fetchRequest(x.r, stale), fetchWriter{f})
	if x.ownID() {
		y.id = append(y.idArr[:0], x.id...)
	}
	y.site, y.route, y.fetch = x.site, x.route, &fetch{f, stale}
	y.open, y.anonymous, y.asked, y.passed = true, x.anonymous, policy.Ask(y.r), x.passed
	go y.run()
}

// run is the goroutine of a Flight's Exchange.
func (x *Exchange) run() {
	f := *x.fetch
	bug := caught(func() {
		if x.takePlace() {
			x.forward()
		}
	})
	now := time.Now()
	if bug != nil {
		x.leave(nil)
		f.flight.Decide(cache.Outcome{Failure: failurePanic}, now)
		x.gen.panicked(bug)
	}
	f.flight.End(now)
	if f.stale != nil {
		f.stale.Release()
	}
	x.finish(nil, now)
	if bug == nil {
		exchanges.Put(x)
	}
}

// fetchRequest is a request of its own for what r, GET or HEAD, asks for: whole, or
// validating stale.
func fetchRequest(r *message.Request, stale *cache.Copy) *message.Request {
	var etag, modified []byte
	if stale != nil {
		etag, modified = policy.Validators(stale.Fields(nil, nil))
	}
	size := len(r.Authority) + len(r.Target) + len(etag) + len(modified)
	for i := range r.Fields {
		size += len(r.Fields[i].Name) + len(r.Fields[i].Value)
	}
	b := make([]byte, 0, size)
	keep := func(p []byte) []byte {
		from := len(b)
		b = append(b, p...)
		return b[from:len(b):len(b)]
	}
	c := &message.Request{Method: methodGet, Authority: keep(r.Authority), Target: keep(r.Target),
		Client: r.Client, Start: r.Start, Trailers: r.Trailers,
		Fields: make(message.Fields, 0, len(r.Fields)+fieldsAdded)}
	for i := range r.Fields {
		f := &r.Fields[i]
		if !isConditional(f.Name) {
			c.Fields = append(c.Fields, message.Field{Name: keep(f.Name), Value: keep(f.Value), ID: f.ID})
		}
	}
	if etag != nil {
		c.Fields = append(c.Fields, message.Field{Name: nameIfNoneMatch, Value: keep(etag)})
	}
	if modified != nil {
		c.Fields = append(c.Fields, message.Field{Name: nameIfModifiedSince, Value: keep(modified)})
	}
	return c
}

// isConditional reports a field by which a client asks for less than the whole.
func isConditional(name []byte) bool {
	for _, c := range [...]string{"if-none-match", "if-modified-since", "if-range", "range"} {
		if message.EqualFold(name, c) {
			return true
		}
	}
	return false
}

var (
	nameIfNoneMatch     = []byte("If-None-Match")
	nameIfModifiedSince = []byte("If-Modified-Since")
)

// fieldsAdded is how many fields a request gets on its way.
const fieldsAdded = 8

// collect takes the final response for all who wait: it goes into a copy, or to
// the leader alone.
func (x *Exchange) collect(resp *message.Response) *message.Failure {
	now, f := time.Now(), x.fetch
	o := cache.Outcome{Tale: x.tale()}
	if f.stale != nil && resp.Status == 304 {
		x.confirm(resp, o, now)
		return nil
	}
	if x.route.Pool.FailOn(resp.Status) {
		o.Lent, o.Failure = resp, statusFailure(x.addr, resp.Status)
		return f.flight.Lend(o, now)
	}
	d, ok := x.keepCopy(resp, now)
	if !ok {
		x.gen.Cache.Pass(x.cacheKey(), now)
		o.Lent = resp
		return f.flight.Lend(o, now)
	}
	defer d.Release()
	defer d.Fail(failurePanic) // nothing, if it has ended
	d.Retain()
	o.Copy = d.Copy
	f.flight.Decide(o, now)
	if resp.Body == nil {
		x.letGo()
		d.Commit()
		return nil
	}
	return x.fill(d, resp.Body)
}

// fill fills a copy with the body.
func (x *Exchange) fill(d cache.Draft, body message.Body) *message.Failure {
	for {
		if !body.Ready() {
			d.Flush()
		}
		p, err := body.Next()
		if err == io.EOF {
			x.letGo()
			d.Commit()
			return nil
		}
		if err != nil {
			f := clientFailure(err)
			d.Fail(f)
			return f
		}
		if !d.Append(p) {
			x.gen.Cache.Pass(x.cacheKey(), time.Now())
			return x.fetch.flight.LendRest(cache.Rest{Piece: p, Body: body}, d)
		}
	}
}

// confirm gives to all who wait the copy that the Upstream has confirmed (RFC
// 9111 section 4.3.4). If what it says is about another response, or for one
// person, each asks for himself.
func (x *Exchange) confirm(resp *message.Response, o cache.Outcome, now time.Time) {
	stale := x.fetch.stale
	x.letGo()
	if setsCookie(resp.Fields) || !policy.Updates(stale.Fields(nil, nil), resp.Fields) {
		x.gen.Cache.Forget(x.cacheKey())
		x.fetch.flight.Decide(o, now)
		return
	}
	var ok bool
	switch o.Copy, ok = x.renew(stale, resp, now); {
	case o.Copy != nil:
		o.Renewed = true
	case ok:
		stale.Retain()
		o.Copy, o.Renewed = stale, true // which was good when they asked
	}
	x.fetch.flight.Decide(o, now)
}

func setsCookie(f message.Fields) bool {
	for i := range f {
		if message.EqualFold(f[i].Name, "set-cookie") {
			return true
		}
	}
	return false
}

// failed tells all who wait that there is no answer.
func (x *Exchange) failed(f *message.Failure) {
	x.fetch.flight.Decide(cache.Outcome{Failure: f, Tale: x.tale()}, time.Now())
}

// tale is what the Exchange of a Flight did, for the log line of the leader.
type tale struct {
	addr               string
	attempts           int
	queued             time.Duration
	connect, firstByte time.Duration
	firstTry           time.Time
	failsOpen          bool
	admitted           bool
	began              time.Time
	reused             bool
	vain               *tries // nil: none was
}

func (x *Exchange) tale() *tale {
	t := &tale{x.addr, x.attempts, x.queued, x.connect, x.firstByte, x.firstTry, x.failsOpen, x.admitted, x.began, x.reused, nil}
	if x.vain.n > 0 {
		vain := x.vain
		t.vain = &vain
	}
	return t
}

// tell makes it x's.
func (t *tale) tell(x *Exchange, now time.Time) {
	x.addr, x.attempts, x.queued, x.connect = t.addr, t.attempts, t.queued, t.connect
	x.firstByte, x.firstTry, x.failsOpen = t.firstByte, t.firstTry, t.failsOpen
	x.began, x.reused = t.began, t.reused
	if t.vain != nil {
		x.vain = *t.vain
	}
	if t.admitted {
		x.keepAdmitted(now)
	}
}

// fetchWriter is the ResponseWriter of a Flight's Exchange, which writes nothing.
type fetchWriter struct{ flight *cache.Flight }

// Inform implements message.ResponseWriter.
func (w fetchWriter) Inform(r *message.Response) error {
	w.flight.Inform(r)
	return nil
}

// Watch implements message.ResponseWriter.
func (w fetchWriter) Watch(c message.Canceler) { w.flight.Watch(c) }

// Gone implements message.ResponseWriter.
func (w fetchWriter) Gone() *message.Failure { return nil }

// BytesIn implements message.ResponseWriter.
func (w fetchWriter) BytesIn() int64 { return 0 }

// BytesOut implements message.ResponseWriter.
func (w fetchWriter) BytesOut() int64 { return 0 }

// Abort implements message.ResponseWriter.
func (w fetchWriter) Abort(*message.Failure) {}

// The rest of message.ResponseWriter is never called: an Exchange with a fetch
// collects the response.
func (w fetchWriter) Start(*message.Response) error {
	panic("internal error: a Flight writes no response")
}
func (w fetchWriter) Write([]byte) error          { panic("internal error: a Flight writes no body") }
func (w fetchWriter) Flush() error                { panic("internal error: a Flight has nothing to flush") }
func (w fetchWriter) Finish(message.Fields) error { panic("internal error: a Flight finishes nothing") }
func (w fetchWriter) Tunnel(time.Duration) message.RequestBody {
	panic("internal error: a Flight has no tunnel")
}
