package http1

import (
	"errors"
	"os"
	"sync"

	"sluice/grammar"
	"sluice/message"
	"sluice/socket"
)

// maxResponseHead bounds a response head. Upstreams set many cookies; nobody
// needs more than this.
const maxResponseHead = 64 << 10

var responseLimits = Limits{Head: maxResponseHead, Line: maxResponseHead, Fields: 512}

// Failures of reading a response head that are known beforehand.
var (
	failureResponseHeadSize = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
		Cause: message.CauseResponseHeadSize, Err: errors.New("the response head is larger than 64 KiB")}
	failureInterim = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
		Cause: message.CauseResponseInvalid, Err: errors.New("more than 32 interim responses")}
	failureProtocol = &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseWait,
		Cause: message.CauseUpgradeFailed, Err: errors.New("the upstream changed to a protocol that was not offered")}
)

// clientExchange is one Exchange's scratch on an upstream connection. It is
// pooled.
type clientExchange struct {
	conn    *ClientConn
	silence Silence

	offered []byte // the request's Upgrade; fixed by SendHead

	// Owned by who reads.
	in      []byte // small[:], or a larger one
	r, w    int    // in[r:w] is unread
	head    responseHead
	resp    message.Response
	body    responseBody
	noBody  bool // the request was HEAD
	got     bool // a response head, interim ones included, has come
	final   bool // the head is the final one
	tunnel  bool // it changed the protocol
	interim int

	// Owned by who sends.
	out     []byte
	sending sendMode
	wrote   bool // a byte of the request may have reached the upstream
	sent    bool // the request is out whole

	small  [16 << 10]byte
	outArr [4 << 10]byte
	fields [64]message.Field
}

var clientExchanges = sync.Pool{New: func() any {
	x := new(clientExchange)
	x.body.explain = x.body.explainRead // bound once: a method value allocates
	x.body.chunks.party = message.PartyUpstream
	x.head.section.fields = x.fields[:0]
	return x
}}

func acquireClientExchange() *clientExchange {
	x := clientExchanges.Get().(*clientExchange)
	x.in = x.small[:]
	x.out = x.outArr[:0]
	x.final, x.wrote = false, false
	return x
}

func (x *clientExchange) release() {
	x.body.releaseBuffer()
	x.conn, x.in, x.out, x.offered = nil, nil, nil, nil
	x.resp = message.Response{}
	clientExchanges.Put(x)
}

// reusable reports that request and response were whole and nothing is left
// over: a byte too much would be taken for the next response.
func (x *clientExchange) reusable() bool {
	return x.final && x.sent && !x.tunnel && !x.head.close && x.body.finished() &&
		x.body.kind != framedClose && x.body.r == x.body.w
}

// compact moves what came behind an interim response to the front, so that
// the whole buffer is there for the next head.
func (x *clientExchange) compact() {
	if x.r > 0 {
		x.w = copy(x.in, x.in[x.r:x.w])
		x.r = 0
	}
}

func (x *clientExchange) grow() bool {
	if len(x.in) >= maxResponseHead {
		return false
	}
	larger := make([]byte, maxResponseHead)
	x.w = copy(larger, x.in[x.r:x.w])
	x.r = 0
	x.in = larger
	return true
}

// parse reads the head that ends end bytes after in[r].
func (x *clientExchange) parse(end int) (*message.Response, *message.Failure) {
	h := &x.head
	if f := h.parse(x.in[x.r:x.r+end], responseLimits); f != nil {
		return nil, f
	}
	x.r += end
	x.got = true
	x.resp = message.Response{Status: h.status, Fields: h.fields, Length: h.length}
	switch {
	case h.status == 101:
		if !isOffered(h.upgrade, x.offered) {
			return nil, failureProtocol
		}
		x.final, x.tunnel = true, true
		x.resp.Upgrade = h.upgrade
		x.body.start(framedNone, 0, x.in, 0, x.r, x.w)
	case h.status < 200:
		if x.interim++; x.interim > maxInterim {
			return nil, failureInterim
		}
	default:
		x.final = true
		x.frame()
	}
	return &x.resp, nil
}

// isOffered reports that every protocol of chosen, and at least one, is in
// offered: "A server that sends a 101 response MUST send an Upgrade header
// field to indicate the new protocol(s)", and "A server MUST NOT switch to a
// protocol that was not indicated by the client" (RFC 9110 section 7.8).
func isOffered(chosen, offered []byte) bool {
	for list := chosen; len(list) > 0; {
		var protocol []byte
		if protocol, list = grammar.NextItem(list); !hasProtocol(offered, protocol) {
			return false
		}
	}
	return len(chosen) > 0
}

func hasProtocol(list, protocol []byte) bool {
	for len(list) > 0 {
		var item []byte
		if item, list = grammar.NextItem(list); grammar.EqualNames(item, protocol) {
			return true
		}
	}
	return false
}

// frame decides how the body's end is known (RFC 9112 section 6.3).
func (x *clientExchange) frame() {
	h := &x.head
	kind, silence := framedClose, x.silence.Open
	switch {
	case x.noBody || h.status == 204 || h.status == 304:
		kind = framedNone
	case h.chunked:
		kind = framedChunked
	case h.length == 0:
		kind = framedNone
	case h.length > 0:
		kind, silence = framedLength, x.silence.Counted
	}
	x.body.tunnel = false
	x.body.src, x.body.silence = x.conn.s, silence
	floor := 0
	if h.section.connection.n > 0 {
		floor = x.r // the names of fields that must not trail stand in the head
	}
	x.body.start(kind, h.length, x.in, floor, x.r, x.w)
	x.body.chunks.nominates = &h.section.connection
	if kind != framedNone {
		x.resp.Body = &x.body
	} else if !x.noBody && h.status != 304 {
		x.resp.Length = 0
	}
}

// responseBody is the body of an upstream's response.
type responseBody struct {
	bodyReader
	tunnel bool
}

// explainRead turns a failed read of a response body into a Failure.
func (b *responseBody) explainRead(err error) error {
	f := &message.Failure{Party: message.PartyUpstream, Phase: message.PhaseBody,
		Cause: message.CauseResponseIncomplete, Err: err}
	var parse *message.Failure
	switch {
	case errors.Is(err, socket.ErrInterrupted):
		f.Party, f.Cause = message.PartyClient, message.CauseClientGone
	case errors.Is(err, os.ErrDeadlineExceeded):
		if b.tunnel {
			return os.ErrDeadlineExceeded
		}
		f.Cause = message.CauseConnectionReadTimeout
	case errors.As(err, &parse), err == errBufferFull:
		f.Cause = message.CauseResponseBodyInvalid
	}
	return f
}
