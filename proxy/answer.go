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
)

// defeat answers when no Attempt was successful: with the degraded answer of
// the Route, as long as somebody is there to take it.
func (x *Exchange) defeat(f *message.Failure) {
	if f.Party == message.PartyClient {
		x.refuse(f)
		return
	}
	x.failure, x.status = f, f.Status()
	accept, language := x.accepts()
	body := x.route.Degraded.Choose(accept, language)
	x.degraded = "page"
	retry := message.Field{Name: nameRetryAfter, Value: x.route.Degraded.RetryAfter(rand.Uint64()), ID: message.RetryAfter}
	x.answer(body, retry)
}

// refuse answers a request that is not forwarded. A client that is gone, or
// that did not take the time to say what it wants, is only logged.
func (x *Exchange) refuse(f *message.Failure) {
	x.failure, x.status = f, f.Status()
	if f.Cause == message.CauseClientGone {
		x.w.Abort()
		return
	}
	accept, language := x.accepts()
	x.answer(x.gen.Refusals.Choose(x.status, degraded.Auto, accept, language))
}

// answer writes a response of our own about x.failure.
func (x *Exchange) answer(body *degraded.Body, more ...message.Field) {
	f := append(x.added[:0], body.Fields...)
	f = append(f, more...)
	f = append(f,
		message.Field{Name: nameProxyStatus, Value: x.proxyStatus(), ID: message.ProxyStatus},
		message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})
	pieces, length := body.Pieces(x.id)
	x.resp = message.Response{Status: x.status, Fields: f, Length: length}
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
