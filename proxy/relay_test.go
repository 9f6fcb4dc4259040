package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// Responses as upstreams may send them; the origin closes after each. A
// response that is cut short must never end cleanly.
func TestResponses(t *testing.T) {
	for _, tt := range []struct {
		name, method, response string
		told, failure, body    string
		reused                 bool
	}{
		{"counted", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200", "", "hello", true},
		{"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200", "", "", true},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "200", "", "hello", true},
		{"to the end of the connection", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", "200", "", "hello", false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200", "", "hello", false},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200", "", "", true},
		{"HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200", "", "", true},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204", "", "", true},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304", "", "", true},
		{"wants to close", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "200", "", "hello", false},
		{"bytes too many", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", "200", "", "hello", false},
		{"an odd status", "GET", "HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n", "999", "", "", true},

		{"cut short", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "200 aborted", "upstream body http_response_incomplete", "hello", false},
		{"cut before the body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", "200 aborted", "upstream body http_response_incomplete", "", false},
		{"cut in a chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "200 aborted", "upstream body http_response_incomplete", "hel", false},
		{"without the last chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "200 aborted", "upstream body http_response_incomplete", "hello", false},
		{"a bad chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", "200 aborted", "upstream body http_response_transfer_coding", "hello", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, func(v *visit) bool {
				v.content()
				v.say(tt.response)
				return tt.reused
			})
			p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
			w := newWire(t, tt.method)
			l := p.serve(request(tt.method, "/"), w)
			l.want(t, w, tt.told, tt.failure)
			if w.body.String() != tt.body || l.bytesOut != int64(len(tt.body)) || l.attempts != 1 {
				t.Errorf("body %q, logged %d bytes after %d Attempts", w.body.String(), l.bytesOut, l.attempts)
			}
			if idle := p.pool().Stats().Upstreams[0].Idle; (idle == 1) != tt.reused {
				t.Errorf("%d idle connections, want it kept: %v", idle, tt.reused)
			}
			if failures := p.pool().Stats().Upstreams[0].Failures; (failures == 1) != (tt.failure != "") {
				t.Errorf("%d failures counted", failures)
			}
		})
	}
}

func TestTrailersArePassedOn(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		return v.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n")
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
	if len(w.trailers) != 1 || string(w.trailers[0].Name) != "X-Sum" {
		t.Errorf("trailers: %q", w.trailers)
	}
}

// "Nothing that we have waits while we wait for more."
func TestAStreamIsFlushedAsItComes(t *testing.T) {
	more := make(chan bool)
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\n\r\n")
		for range more {
			v.say("event\n")
		}
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	e := p.begin(request("GET", "/"), w)
	for i := range 3 {
		more <- true
		until(t, "the event", func() bool { return w.has() == 6*(i+1) })
	}
	close(more)
	e.end().want(t, w, "200", "")
}

// RFC 9110 section 15.2: "A proxy MUST forward 1xx responses".
func TestInterimResponsesArePassedOn(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
		return v.answer(200, "ok")
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
	if fmt.Sprint(w.informed) != "[103 100]" {
		t.Errorf("interim responses: %v", w.informed)
	}
}

func TestTooManyInterimResponses(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100))
		v.untilGone()
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "502", "upstream wait http_protocol_error")
}

func TestAHeadThatIsTooLarge(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10))
		v.untilGone()
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "502", "upstream wait http_response_header_section_size")
}

// An upstream that stops in the middle of a counted body.
func TestSilenceInABody(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
		v.untilGone()
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{ResponseTimeout: time.Second}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200 aborted", "upstream body connection_read_timeout")
}

// A client that does not take the response: the upstream's connection is
// closed, and no failure of its.
func TestAClientThatTakesNothing(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool {
		v.say("HTTP/1.1 200 OK\r\n\r\n")
		for v.say(strings.Repeat("x", 1<<10)) {
		}
		return false
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	e := p.begin(request("GET", "/"), w)
	until(t, "some bytes", func() bool { return w.has() > 0 })
	w.breakOff()
	e.end().want(t, w, "200 aborted", "client body client_gone")
	until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })
	if n := p.pool().Stats().Upstreams[0].Failures; n != 0 {
		t.Errorf("%d failures counted for the upstream", n)
	}
}

func TestAClientThatTakesNotEvenTheHead(t *testing.T) {
	o := newOrigin(t, always("hello"))
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	w.breakOff()
	p.serve(request("GET", "/"), w).want(t, w, "200 aborted", "client body client_gone")
}

// Nothing of one Exchange is found by the next one that is given its memory.
func TestExchangesLeakNothingToEachOther(t *testing.T) {
	p := newProxy(t, newPool(t, upstream.Config{}, refusing(t)))
	x := exchanges.New().(*Exchange)
	r := request("PUT", "/secret", "Request-Id: theirs")
	x.begin(p.gen, withBody(r, newWire(t, "PUT"), wholeUpload("secret"), 6), newWire(t, "PUT"))
	x.findRoute()
	x.forward()
	x.finish(nil, time.Now())
	if x.r != nil || x.w != nil || x.gen != nil || x.site != nil || x.route != nil || x.id != nil || x.client.IsValid() ||
		x.trusted || x.secure || x.up != nil || x.conn != nil || x.attempts != 0 || x.tried.Len() != 0 || x.kept != (keeper{}) ||
		x.status != 0 || x.failure != nil || x.degraded != "" || x.addr != "" || len(x.scratch) != 0 {
		t.Errorf("left over: %+v", &x.decided)
	}
	if x.resp.Fields != nil || x.entry.Path != nil || x.pump.running {
		t.Error("response, entry or pump are left over")
	}
}

var _ message.ResponseWriter = (*wire)(nil)
