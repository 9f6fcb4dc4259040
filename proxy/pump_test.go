package proxy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// slowClient, and its kin, are what a wire says of a body that is cut short.
var (
	slowClient = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientSlow, Err: errors.New("i/o timeout")}
	badChunk   = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseRequestInvalid, Err: errors.New("a bad chunk")}
	goneClient = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody, Cause: message.CauseClientGone, Err: io.ErrUnexpectedEOF}
)

// A body that isn't there yet is sent by a pump as it comes.
func TestAnUploadIsPassedOnAsItComes(t *testing.T) {
	came := make(chan string, 1)
	o := newOrigin(t, func(v *visit) bool {
		buf := make([]byte, 100)
		for {
			n, err := v.Body.Read(buf)
			if n > 0 {
				came <- string(buf[:n])
			}
			if err != nil {
				break
			}
		}
		return v.answer(200, "ok")
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	u, w := newUpload(), newWire(t, "POST")
	e := p.begin(withBody(request("POST", "/"), w, u, -1), w)
	for _, piece := range []string{"one", "two", "three"} {
		u.send(piece)
		if got := within(t, piece, came); got != piece {
			t.Errorf("got %q, want %q", got, piece)
		}
	}
	u.close(io.EOF)
	l := e.end()
	l.want(t, w, "200", "")
	if l.bytesIn != 11 {
		t.Errorf("%d bytes in, want 11", l.bytesIn)
	}
	until(t, "the connection is kept", func() bool { return p.pool().Stats().Upstreams[0].Idle <= 1 })
}

func (p *testProxy) pool() *upstream.Pool {
	return p.gen.Sites.exact["shop.example.com"].Routes[0].Pool
}

// A client that breaks off its request is the cause, whatever the Upstream
// makes of that.
func TestAnUploadThatIsCutShort(t *testing.T) {
	for _, tt := range []struct {
		f             *message.Failure
		told, failure string
	}{
		{slowClient, "408", "client body client_slow"},
		{badChunk, "400", "client body request_invalid"},
		{goneClient, "aborted", "client body client_gone"},
	} {
		for _, method := range []string{"POST", "PUT"} {
			t.Run(tt.f.Cause.String()+" "+method, func(t *testing.T) {
				ended := make(chan error, 1)
				o := newOrigin(t, func(v *visit) bool {
					_, err := v.content()
					ended <- err
					return false
				})
				p := newProxy(t, poolAsking(t, upstream.Config{}, o, newOrigin(t, always("never"))))
				u, w := newUpload(), newWire(t, method)
				u.send("half")
				e := p.begin(withBody(request(method, "/"), w, u, 8), w)
				until(t, "the request's arrival", func() bool { return o.visits.Load() == 1 && u.waiting() })
				u.close(tt.f)
				l := e.end()
				l.want(t, w, tt.told, tt.failure)
				if l.attempts != 1 {
					t.Errorf("%d Attempts, want 1", l.attempts)
				}
				if err := within(t, "the upstream's end", ended); err == nil {
					t.Error("the upstream took the body for whole")
				}
			})
		}
	}
}

// An Upstream that closes while the client is still sending has failed, not
// the client: its pump is stopped in the middle.
func TestAnUpstreamThatFailsDuringAnUploadIsToBlame(t *testing.T) {
	for _, tt := range []struct {
		name, failure, told string
		timeout             time.Duration
		play                script
	}{
		{"closes", "upstream wait connection_terminated", "502", patience, func(v *visit) bool {
			io.ReadFull(v.Body, make([]byte, 4))
			return false
		}},
		{"garbage", "upstream wait http_protocol_error", "502", patience, func(v *visit) bool {
			io.ReadFull(v.Body, make([]byte, 4))
			v.say("garbage\r\n\r\n")
			v.untilGone()
			return false
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, tt.play)
			p := newProxy(t, newPool(t, upstream.Config{ResponseTimeout: tt.timeout}, o.Addr().String()))
			u, w := newUpload(), newWire(t, "POST")
			u.send("half")
			p.begin(withBody(request("POST", "/"), w, u, 8), w).end().want(t, w, tt.told, tt.failure)
			if u.stopped {
				t.Error("the body was not resumed: the wire could not drain it")
			}
		})
	}
}

// What a pump of an earlier Exchange failed with is not this one's failure.
func TestNothingIsBlamedOnAnEarlierPump(t *testing.T) {
	theirs := &message.Failure{Party: message.PartyUpstream, Cause: message.CauseConnectionTerminated}
	x := exchanges.New().(*Exchange)
	x.pump.failure = goneClient
	if got := x.pump.blame(theirs); got != theirs {
		t.Errorf("blamed: %v", got)
	}
	x.begin(&Generation{}, request("GET", "/"), newWire(t, "GET"))
	x.finish(nil, time.Now())
	if x.pump.failure != nil || x.pump.conn != nil || x.pump.body != nil {
		t.Errorf("left over: %+v", &x.pump)
	}
}

// The response to a request whose body is still coming is passed on whole, and
// the rest of the body is nobody's.
func TestAnEarlyAnswerEndsTheUpload(t *testing.T) {
	for _, status := range []int{413, 200, 503} {
		o := newOrigin(t, func(v *visit) bool {
			io.ReadFull(v.Body, make([]byte, 4))
			v.answer(status, "enough")
			v.untilGone()
			return false
		})
		// Another one is there, and the method may be repeated; but what the
		// pump reads meanwhile might be lost.
		p := newProxy(t, poolAsking(t, upstream.Config{}, o, newOrigin(t, always("ok"))))
		u, w := newUpload(), newWire(t, "PUT")
		u.send("half")
		l := p.begin(withBody(request("PUT", "/"), w, u, 1<<20), w).end()
		l.want(t, w, fmt.Sprint(status), "")
		if w.body.String() != "enough" || l.attempts != 1 || l.bytesIn != 4 {
			t.Errorf("%q after %d Attempts, %d bytes in", w.body.String(), l.attempts, l.bytesIn)
		}
		if u.stopped {
			t.Error("the body was not resumed")
		}
		until(t, "the connection is closed", func() bool { return o.open() == 0 })
	}
}

// Both directions at once: an upstream that answers while it reads.
func TestFullDuplex(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
		_, err := io.Copy(v.conn, v.Body)
		return err == nil
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	u, w := newUpload(), newWire(t, "POST")
	e := p.begin(withBody(request("POST", "/"), w, u, 9), w)
	for i, piece := range []string{"one", "two", "six"} {
		u.send(piece)
		until(t, "the echo of "+piece, func() bool { return w.has() == 3*(i+1) })
	}
	u.close(io.EOF)
	e.end().want(t, w, "200", "")
	if w.body.String() != "onetwosix" {
		t.Errorf("body %q", w.body.String())
	}
}

// A client that breaks off after the response has begun: the response ends too,
// and the log says what the client did, not what that did to the response.
func TestAnUploadCutShortAfterTheHead(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
		io.Copy(v.conn, v.Body)
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	u, w := newUpload(), newWire(t, "POST")
	u.send("one")
	e := p.begin(withBody(request("POST", "/"), w, u, 9), w)
	until(t, "the first bytes", func() bool { return w.has() == 3 })
	u.close(slowClient)
	e.end().want(t, w, "200 aborted", "client body client_slow")
}

// Design: "response head (from when the request is out)".
func TestTheResponseTimeoutCountsFromTheEndOfTheUpload(t *testing.T) {
	const timeout = time.Second
	o := newOrigin(t, func(v *visit) bool { v.content(); return v.answer(200, "ok") })
	p := newProxy(t, newPool(t, upstream.Config{ResponseTimeout: timeout}, o.Addr().String()))
	u, w := newUpload(), newWire(t, "POST")
	began := time.Now()
	e := p.begin(withBody(request("POST", "/"), w, u, 2), w)
	u.send("a")
	until(t, "twice the timeout", func() bool { return time.Since(began) > 2*timeout })
	u.send("b")
	u.close(io.EOF)
	e.end().want(t, w, "200", "")

	slow := newOrigin(t, func(v *visit) bool { v.content(); v.untilGone(); return false })
	p = newProxy(t, newPool(t, upstream.Config{ResponseTimeout: timeout}, slow.Addr().String()))
	u, w = newUpload(), newWire(t, "POST")
	e = p.begin(withBody(request("POST", "/"), w, u, 2), w)
	until(t, "a waiting pump", u.waiting)
	u.send("ab")
	u.close(io.EOF)
	e.end().want(t, w, "504", "upstream wait connection_read_timeout")
}

// An upload goes on after the first Attempt's upstream has failed it: nothing
// of it is lost, nor sent twice to the same one.
func TestALargeUploadThatFailsIsNotRepeated(t *testing.T) {
	bad := newOrigin(t, func(v *visit) bool {
		io.CopyN(io.Discard, v.Body, 2*keepBytes)
		v.reset()
		return false
	})
	other := newOrigin(t, always("ok"))
	p := newProxy(t, poolAsking(t, upstream.Config{}, bad, other))
	u, w := newUpload(), newWire(t, "PUT")
	e := p.begin(withBody(request("PUT", "/"), w, u, 4*keepBytes), w)
	until(t, "a waiting pump", u.waiting)
	for range 4 {
		u.send(strings.Repeat("x", keepBytes))
	}
	u.close(io.EOF)
	l := e.end()
	if l.who != "upstream" || l.status != 502 || l.attempts != 1 || other.visits.Load() != 0 {
		t.Errorf("logged: %+v", l)
	}
}

// panicking is a body whose reading is a bug.
type panicking struct{ *upload }

func (panicking) Next() ([]byte, error) { panic("a bug") }
func (panicking) Ready() bool           { return false }

// "a panic of ours has ended one connection": not the process, even if it was
// on the pump's goroutine.
func TestAPanicOfThePumpIsTheExchanges(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool { v.content(); return false })
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "POST")
	r := request("POST", "/")
	r.Body, r.Length = panicking{newUpload()}, 8
	panicked := make(chan any, 1)
	go func() {
		defer func() { panicked <- recover() }()
		p.Serve(r, w)
	}()
	if v, _ := within(t, "a panic", panicked).(string); !strings.HasPrefix(v, "a bug\n") || !strings.Contains(v, "panicking") {
		t.Errorf("panicked with %q", v)
	}
	if l := p.logged(); len(l) != 1 || l[0].status != 500 || l[0].who != "sluice" || l[0].cause != "proxy_internal_error" {
		t.Errorf("logged: %+v", l)
	}
	if w.watcher != nil {
		t.Error("the wire still watches")
	}
}
