package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/message"
	"sluice/upstream"
)

// flood is a request body of which there is always more at hand.
type flood struct {
	piece   []byte
	before  func(n int) // called before piece n comes, from 1
	n       int
	stopped atomic.Bool
}

func (f *flood) Ready() bool { return true }

func (f *flood) Next() ([]byte, error) {
	if f.stopped.Load() {
		return nil, message.ErrStopped
	}
	f.n++
	if f.before != nil {
		f.before(f.n)
	}
	return f.piece, nil
}

func (f *flood) Trailers() message.Fields { return nil }
func (f *flood) Stop()                    { f.stopped.Store(true) }
func (f *flood) Resume()                  { f.stopped.Store(false) }

func flooding(size int, before func(n int)) *flood {
	return &flood{piece: []byte(strings.Repeat("x", size)), before: before}
}

// RFC 9112 section 9.5: "A client sending a message body SHOULD monitor the
// open connection for an error response while it is transmitting the request."
// The Upstream has read what there was, has answered and closed; then more of
// the body comes, whose sending fails.
func TestAnAnswerIsFoundWhenTheSendingFails(t *testing.T) {
	for _, method := range []string{"POST", "PUT"} {
		closed := make(chan struct{})
		o := newOrigin(t, func(v *visit) bool {
			io.ReadFull(v.Body, make([]byte, 1000))
			v.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\nConnection: close\r\n\r\nenough")
			v.conn.Close()
			close(closed)
			return false
		})
		p := newProxy(t, poolAsking(t, upstream.Config{}, o, newOrigin(t, always("never"))))
		w := newWire(t, method)
		r := request(method, "/")
		r.Length = -1
		// Small enough for all of it to be sent before anything is read.
		r.Body = flooding(1000, func(n int) {
			if n == 20 { // more than a buffer: the first have gone out
				within(t, "the upstream's end", closed)
			}
		})
		l := p.begin(r, w).end()
		l.want(t, w, "413", "")
		if w.body.String() != "enough" || l.attempts != 1 {
			t.Errorf("%s: %q after %d Attempts", method, w.body.String(), l.attempts)
		}
	}
}

// An Upstream that has answered and takes no more of a body is not asked to for
// as long as the client has more at hand.
func TestAFloodDoesNotHideTheAnswer(t *testing.T) {
	over := make(chan struct{})
	o := newOrigin(t, func(v *visit) bool {
		v.answer(413, "enough")
		<-over // and reads nothing
		return false
	})
	t.Cleanup(func() { close(over) }) // before the origin's
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	w := newWire(t, "POST")
	r := request("POST", "/")
	r.Body, r.Length = flooding(16<<10, nil), -1
	p.begin(r, w).end().want(t, w, "413", "")
}

// h2Pool is a Pool of these that speaks HTTP/2 without TLS.
func h2Pool(t *testing.T, addresses ...string) *upstream.Pool {
	return newPool(t, upstream.Config{Settings: upstream.Settings{Protocol: upstream.HTTP2, ConnectTimeout: patience}}, addresses...)
}

// RFC 9113 section 8.1: a server that has sent a complete response may reset
// the stream with NO_ERROR; "Clients MUST NOT discard responses as a result of
// receiving such a RST_STREAM". That is how gRPC refuses a call.
func TestAnAnswerBeforeAResetIsPassedOn(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Grpc-Status", "12")
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	p := newProxy(t, h2Pool(t, s.Listener.Addr().String()))
	for range 20 {
		w := newWire(t, "POST")
		r := request("POST", "/")
		r.Body, r.Length = flooding(100, nil), -1
		p.begin(r, w).end().want(t, w, "200", "")
	}
}

// Design section 8, "nothing sent": a body that the client has at hand changes
// nothing when nobody is there to take it.
func TestABodyGoesToAnotherUpstreamOverHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	p := newProxy(t, h2Pool(t, s.Listener.Addr().String(), refusing(t)))
	for range 5 {
		w := newWire(t, "POST")
		l := p.begin(withBody(request("POST", "/"), w, wholeUpload("whole"), 5), w).end()
		l.want(t, w, "200", "")
		if w.body.String() != "whole" {
			t.Errorf("%q", w.body.String())
		}
	}
}
