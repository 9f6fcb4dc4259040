package proxy

import (
	"math/rand/v2"

	"sluice/degraded"
	"sluice/message"
)

var (
	nameProxyStatus = []byte("Proxy-Status")
	nameRetryAfter  = []byte("Retry-After")
	nameLocation    = []byte("Location")
	nameAllow       = []byte("Allow")

	// allowedMethods are those that are passed on besides extensions: all of
	// RFC 9110 and 5789 but CONNECT and TRACE.
	allowedMethods = []byte("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
)

// defeat answers when no Attempt was successful: with the last good copy, else
// with the degraded answer of the Route, as long as somebody is there to take it.
func (x *Exchange) defeat(f *message.Failure) {
	switch {
	case x.fetch != nil:
		x.failed(f)
		return
	case f.Party == message.PartyClient:
		x.refuse(f)
		return
	case x.answerLastGood(f):
		return
	}
	x.degrade(f, x.route.Degraded.RetryAfter(rand.Uint64()))
}

// degrade gives the degraded answer of the Route, which tells of f.
func (x *Exchange) degrade(f *message.Failure, retryAfter []byte) {
	x.failure, x.status = f, f.Status()
	accept, language := x.accepts()
	body := x.route.Degraded.Choose(degraded.KindOf(f.Cause), accept, language)
	x.degraded = "page"
	if body.IsJSON() {
		x.degraded = "json"
	}
	x.answer(body, message.Field{Name: nameRetryAfter, Value: retryAfter, ID: message.RetryAfter})
}

// refuse answers a request that is not forwarded. A client that is gone is
// only logged.
func (x *Exchange) refuse(f *message.Failure) {
	if x.fetch != nil {
		x.failed(f)
		return
	}
	gone := f.Cause == message.CauseClientGone
	if gone {
		f = x.whyGone(f)
	}
	x.failure, x.status = f, f.Status()
	if gone {
		x.w.Abort(f)
		return
	}
	accept, language := x.accepts()
	body := x.gen.Refusals.Choose(x.status, degraded.Auto, accept, language)
	if x.status == 405 {
		// RFC 9110 section 15.5.6: a 405 says which methods there are.
		x.answer(body, message.Field{Name: nameAllow, Value: allowedMethods})
		return
	}
	x.answer(body)
}

// whyGone returns f with what the wire knows of the client's reason. Without
// that f says only that our waiting was interrupted.
func (x *Exchange) whyGone(f *message.Failure) *message.Failure {
	why := x.w.Gone()
	if why == nil {
		return f
	}
	gone := *why
	gone.Phase, gone.Where = f.Phase, f.Where
	return &gone
}

// answer writes a response of our own about x.failure.
func (x *Exchange) answer(body *degraded.Body, more ...message.Field) {
	body = body.For(x.fieldNamed("accept-encoding"))
	f := append(x.added[:0], body.Fields...)
	f = append(f, more...)
	f = append(f,
		message.Field{Name: nameProxyStatus, Value: x.proxyStatus(), ID: message.ProxyStatus},
		message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})
	x.letGo()
	pieces, length := body.Pieces(&x.own, x.id)
	x.resp = message.Response{Status: x.status, Fields: x.withCookies(x.withPolicy(x.withHSTS(f))), Length: length}
	if x.w.Start(&x.resp) != nil {
		return
	}
	for _, p := range pieces {
		x.w.Write(p)
	}
	x.w.Finish(nil)
}

func (x *Exchange) accepts() (accept, language []byte) {
	f := x.r.Fields
	return f.Get(message.Accept), f.Get(message.AcceptLanguage)
}
