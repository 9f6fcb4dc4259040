package proxy

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"sluice/accesslog"
	"sluice/message"
)

// Proxy answers Exchanges by the Generation in force.
type Proxy struct {
	generation atomic.Pointer[Generation]
	log        func(*accesslog.Entry)
	seed       maphash.Seed
}

// New returns a Proxy. log is given one Entry for each Exchange, which it may
// use until it returns; nil logs nothing. Use comes before the first Serve.
func New(log func(*accesslog.Entry)) *Proxy { return &Proxy{log: log, seed: maphash.MakeSeed()} }

// Use puts a Generation in force. Exchanges that are under way stay with the
// one they began with.
func (p *Proxy) Use(g *Generation) {
	g.seed = p.seed
	p.generation.Store(g)
}

var exchanges = sync.Pool{New: func() any {
	return &Exchange{pump: pump{done: make(chan struct{}, 1)}}
}}

// Serve is the life of one Exchange. It is what both wires call, on the
// goroutine of the client's connection (or stream).
func (p *Proxy) Serve(r *message.Request, w message.ResponseWriter) {
	x := exchanges.Get().(*Exchange)
	defer x.end(p.log)
	x.begin(p.generation.Load(), r, w)
	switch {
	case r.Refused != nil:
		x.refuse(r.Refused)
	case x.findChallenge():
		x.answerChallenge()
	case !x.findRoute():
		x.refuse(failureMisdirected)
	case x.wantsRedirect():
		x.redirect()
	case x.underMaintenance():
		x.tellMaintenance()
	case x.admit() && !x.reuse() && x.takePlace():
		x.forward()
	}
	x.served = true
}

// end finishes an Exchange, after a panic too: that is a bug of ours and goes
// on to end the client's connection, but it keeps no Upstream's.
func (x *Exchange) end(log func(*accesslog.Entry)) {
	if x.served {
		x.finish(log, time.Now())
		exchanges.Put(x)
		return
	}
	x.leave(nil)
	x.status, x.failure = failurePanic.Status(), failurePanic
	x.finish(log, time.Now())
}
