package proxy

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

// requested is what a test compares of a request that an origin has seen.
func requested(v *visit) string {
	body, err := v.content()
	if err != nil {
		return "broken body: " + err.Error()
	}
	return v.Method + " " + v.RequestURI + " " + body
}

func TestARequestAndItsResponsePassThrough(t *testing.T) {
	seen := make(chan string, 1)
	o := newOrigin(t, func(v *visit) bool {
		seen <- requested(v) + " " + v.Host + " " + fieldsText(v.Header, "X-Forwarded-For") + " " + fieldsText(v.Header, "Request-Id")
		return v.say("HTTP/1.1 201 Made\r\nX-One: 1\r\nRequest-Id: theirs\r\nContent-Length: 5\r\n\r\nhello")
	})
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "PUT")
	l := p.serve(withBody(request("PUT", "/a?b"), w, wholeUpload("body"), 4), w)
	l.want(t, w, "201", "")
	if got, want := <-seen, "PUT /a?b body shop.example.com 203.0.113.7 "+l.id; got != want {
		t.Errorf("the upstream saw %q, want %q", got, want)
	}
	if w.body.String() != "hello" || w.one("X-One") != "1" || w.one("Request-Id") != l.id {
		t.Errorf("response: %q %q", w.fields, w.body.String())
	}
	if l.attempts != 1 || l.bytesIn != 4 || l.bytesOut != 5 || l.upstream != o.Addr().String() || l.site != "shop.example.com" || l.pool != "app" ||
		l.connect <= 0 || l.firstByte < l.connect || l.upstreamTotal < l.firstByte || l.total < l.upstreamTotal || l.degraded != "" {
		t.Errorf("logged: %+v", l)
	}
}

// "connect_ms: to dial the Upstream; 0 on a reused connection"
func TestConnectionsAreReused(t *testing.T) {
	o := newOrigin(t, always("hello"))
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	for i := range 5 {
		w := newWire(t, "POST")
		l := p.serve(withBody(request("POST", "/"), w, wholeUpload("x"), 1), w)
		l.want(t, w, "200", "")
		if (l.connect == 0) != (i > 0) {
			t.Errorf("Exchange %d: connect %v", i, l.connect)
		}
	}
	if n := o.accepted.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// "nothing sent": every method goes on to the next Upstream.
func TestARefusedDialGoesToTheNext(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			seen := make(chan string, 1)
			o := newOrigin(t, func(v *visit) bool {
				seen <- requested(v)
				return v.answer(200, "ok")
			})
			pool := newPool(t, upstream.Config{}, refusing(t), refusing(t), o.Addr().String())
			p := newProxy(t, pool)
			w := newWire(t, method)
			l := p.serve(withBody(request(method, "/"), w, wholeUpload("body"), 4), w)
			l.want(t, w, "200", "")
			if got := within(t, "the request", seen); got != method+" / body" {
				t.Errorf("the upstream saw %q", got)
			}
			if l.attempts < 1 || l.attempts > 3 {
				t.Errorf("%d Attempts", l.attempts)
			}
		})
	}
}

func TestNoMoreThanFourAttempts(t *testing.T) {
	var all []string
	for range 8 {
		all = append(all, refusing(t))
	}
	p := newProxy(t, newPool(t, upstream.Config{}, all...))
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/"), w)
	l.want(t, w, "502", "upstream dial connection_refused")
	if l.attempts != maxAttempts {
		t.Errorf("%d Attempts, want %d", l.attempts, maxAttempts)
	}
}

// failing are upstreams that fail before the head. after is the cause that a
// client of the last one gets told.
var failing = []struct {
	name  string
	play  script
	cause message.Cause
}{
	{"closes", func(*visit) bool { return false }, message.CauseConnectionTerminated},
	{"resets", func(v *visit) bool { v.content(); v.reset(); return false }, message.CauseConnectionTerminated},
	{"closes in the head", func(v *visit) bool { v.content(); v.say("HTTP/1.1 200 OK\r\nX: "); return false }, message.CauseResponseIncomplete},
	{"garbage", func(v *visit) bool { v.content(); v.say("SSH-2.0-OpenSSH\r\n\r\n"); v.untilGone(); return false }, message.CauseResponseInvalid},
	{"two lengths", func(v *visit) bool {
		v.content()
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx")
		v.untilGone()
		return false
	}, message.CauseResponseInvalid},
	{"slow", func(v *visit) bool { v.content(); v.untilGone(); return false }, message.CauseConnectionReadTimeout},
}

// "for idempotent methods any failure before the head may be tried again", and
// "A read time-out is not tried again for non-idempotent methods".
func TestFailuresBeforeTheHead(t *testing.T) {
	for _, bad := range failing {
		for _, method := range []string{"GET", "PUT", "DELETE", "POST", "PATCH"} {
			t.Run(bad.name+" "+method, func(t *testing.T) {
				timeout := patience
				if bad.name == "slow" {
					timeout = time.Second // what the good one has, too
				}
				first := newOrigin(t, bad.play)
				good := newOrigin(t, func(v *visit) bool { return v.answer(200, requested(v)) })
				p := newProxy(t, poolAsking(t, upstream.Config{ResponseTimeout: timeout}, first, good))
				w := newWire(t, method)
				l := p.serve(withBody(request(method, "/x"), w, wholeUpload("body"), 4), w)
				if method == "POST" || method == "PATCH" {
					l.want(t, w, fmt.Sprint(bad.cause.Status()), "upstream wait "+bad.cause.String())
					if l.attempts != 1 || l.degraded != "json" || good.visits.Load() != 0 {
						t.Errorf("%d Attempts, degraded %q", l.attempts, l.degraded)
					}
					return
				}
				l.want(t, w, "200", "")
				if want := method + " /x body"; w.body.String() != want || l.attempts != 2 {
					t.Errorf("the good one saw %q, want %q; %d Attempts", w.body.String(), want, l.attempts)
				}
				if first.visits.Load() != 1 {
					t.Errorf("the bad one was asked %d times, want once", first.visits.Load())
				}
			})
		}
	}
}

// "Never beyond the retry budget".
func TestWithoutBudgetThereIsOneAttempt(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool { v.content(); return v.answer(503, "theirs") })
	p := newProxy(t, newPool(t, upstream.Config{RetryShare: -1, RetryFloor: -1}, o.Addr().String(), refusing(t)))
	for range 4 {
		w := newWire(t, "GET")
		l := p.serve(request("GET", "/"), w)
		if l.attempts != 1 {
			t.Errorf("%d Attempts", l.attempts)
		}
		if l.upstream == o.Addr().String() {
			l.want(t, w, "503", "")
			if w.body.String() != "theirs" {
				t.Errorf("the client got %q, want the upstream's own answer", w.body.String())
			}
		}
	}
}

// "the Upstream answered with one of retry_on to an idempotent method: yes, if
// another Upstream is left".
func TestConfiguredStatuses(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(fmt.Sprint(status, method), func(t *testing.T) {
				bad := newOrigin(t, func(v *visit) bool { v.content(); return v.answer(status, "theirs") })
				good := newOrigin(t, always("ok"))
				p := newProxy(t, poolAsking(t, upstream.Config{}, bad, good))
				w := newWire(t, method)
				l := p.serve(withBody(request(method, "/"), w, wholeUpload("body"), 4), w)
				if method == "POST" || status == 500 {
					l.want(t, w, fmt.Sprint(status), "")
					if w.body.String() != "theirs" || l.attempts != 1 {
						t.Errorf("%q after %d Attempts", w.body.String(), l.attempts)
					}
					return
				}
				l.want(t, w, "200", "")
				if w.body.String() != "ok" || l.attempts != 2 {
					t.Errorf("%q after %d Attempts", w.body.String(), l.attempts)
				}
			})
		}
	}
}

// With nobody left the last answer is the client's, whatever it is.
func TestTheLastAnswerIsPassedOn(t *testing.T) {
	a := newOrigin(t, func(v *visit) bool { return v.answer(503, "a") })
	b := newOrigin(t, func(v *visit) bool { return v.answer(502, "b") })
	p := newProxy(t, poolOf(t, upstream.Config{}, a, b))
	w := newWire(t, "GET")
	l := p.serve(request("GET", "/"), w)
	l.want(t, w, fmt.Sprint(l.status), "")
	if l.attempts != 2 || w.body.String() != "a" && w.body.String() != "b" {
		t.Errorf("%q after %d Attempts", w.body.String(), l.attempts)
	}
}

// "a reused connection closed before the head": the one Upstream there is gets
// asked again by a fresh one. Stale connections are found at checkout; here it
// dies only when it is asked.
func TestAConnectionThatDiedIdleIsReplaced(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			o := newOrigin(t, func(v *visit) bool {
				if v.number == 2 {
					v.content()
					return false // without a word
				}
				v.content()
				return v.answer(200, "ok")
			})
			p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
			w := newWire(t, "GET")
			p.serve(request("GET", "/"), w).want(t, w, "200", "")
			w = newWire(t, method)
			l := p.serve(request(method, "/"), w)
			if method == "POST" {
				l.want(t, w, "502", "upstream wait connection_terminated")
				return
			}
			l.want(t, w, "200", "")
			if l.attempts != 2 || l.connect == 0 {
				t.Errorf("%d Attempts, connect %v", l.attempts, l.connect)
			}
		})
	}
}

func TestARestartedUpstreamIsFoundAtCheckout(t *testing.T) {
	o := newOrigin(t, always("ok"))
	p := newProxy(t, newPool(t, upstream.Config{}, o.Addr().String()))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
	o.drop()
	until(t, "its end has come", func() bool { return o.open() == 0 })
	w = newWire(t, "POST")
	p.serve(withBody(request("POST", "/"), w, wholeUpload("x"), 1), w).want(t, w, "200", "")
}

// "bodies are replayed only if kept in full": what was read by a failed Attempt
// comes again, and then the rest.
func TestBodiesAreReplayed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pieces []int
		length int64 // -1: chunked
	}{
		{"small", []int{10}, 10},
		{"chunked", []int{10, 20}, -1},
		{"in many pieces", slices.Repeat([]int{1000}, 60), 60_000},
		{"as much as is kept", []int{32 << 10, 32 << 10}, 64 << 10},
		{"chunked, as much as is kept", []int{32 << 10, 32 << 10}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var want strings.Builder
			u := newUpload()
			u.trailers = fieldLines("X-Sum: 7")
			for i, n := range tt.pieces {
				piece := strings.Repeat(string(rune('a'+i%26)), n)
				want.WriteString(piece)
				u.send(piece)
			}
			u.close(io.EOF)
			bad := newOrigin(t, func(v *visit) bool { v.content(); return false })
			trailers := make(chan string, 4)
			good := newOrigin(t, func(v *visit) bool {
				body, err := v.content()
				trailers <- v.Trailer.Get("X-Sum")
				return v.answer(200, fmt.Sprint(body == want.String(), err, len(body)))
			})
			p := newProxy(t, poolAsking(t, upstream.Config{}, bad, good))
			w := newWire(t, "PUT")
			l := p.serve(withBody(request("PUT", "/"), w, u, tt.length), w)
			l.want(t, w, "200", "")
			if got, want := w.body.String(), fmt.Sprint(true, nil, want.Len()); got != want || l.attempts != 2 {
				t.Errorf("the second of %d got: %s, want %s", l.attempts, got, want)
			}
			if got := within(t, "trailers", trailers); tt.length < 0 && got != "7" {
				t.Errorf("trailer %q", got)
			}
		})
	}
}

// A body of which more was read than was kept is not sent a second time.
func TestALargeBodyIsSentOnce(t *testing.T) {
	bad := newOrigin(t, func(v *visit) bool { v.content(); return false })
	good := newOrigin(t, func(v *visit) bool { v.content(); return v.answer(200, "ok") })
	p := newProxy(t, poolAsking(t, upstream.Config{}, bad, good))
	u := wholeUpload(strings.Repeat("x", keepBytes+1))
	w := newWire(t, "PUT")
	l := p.serve(withBody(request("PUT", "/"), w, u, keepBytes+1), w)
	l.want(t, w, "502", "upstream wait connection_terminated")
	if l.attempts != 1 {
		t.Errorf("%d Attempts", l.attempts)
	}
}

// What a pump has read before its Attempt failed is sent again by the next
// one, which goes on where it was stopped.
func TestAReplayGoesOnWhereThePumpWasStopped(t *testing.T) {
	got := make(chan string, 1)
	half, next := make(chan bool, 1), make(chan bool, 1)
	bad := newOrigin(t, func(v *visit) bool {
		io.ReadFull(v.Body, make([]byte, 10))
		half <- true
		v.reset()
		return false
	})
	good := newOrigin(t, func(v *visit) bool {
		next <- true
		body, _ := v.content()
		got <- body
		return v.answer(200, "ok")
	})
	p := newProxy(t, poolAsking(t, upstream.Config{}, bad, good))
	u, w := newUpload(), newWire(t, "PUT")
	u.send("0123")
	e := p.begin(withBody(request("PUT", "/"), w, u, 16), w)
	until(t, "a waiting pump", u.waiting)
	u.send("456789")
	within(t, "half of it", half)
	within(t, "the next Attempt", next)
	u.send("abcd")
	u.send("ef")
	u.close(io.EOF)
	e.end().want(t, w, "200", "")
	if body := within(t, "the body", got); body != "0123456789abcdef" {
		t.Errorf("body %q", body)
	}
}
