package proxy

import (
	"errors"
	"testing"

	"sluice/message"
	"sluice/upstream"
)

// Design section 6: "Client abort cancels the upstream attempt". In each phase
// the client hangs up when the upstream says that it is there; the upstream
// then sees its connection end.
func TestAClientThatHangsUp(t *testing.T) {
	reached := make(chan bool, 1)
	hold := func(v *visit) bool {
		reached <- true
		v.untilGone()
		return false
	}
	for _, tt := range []struct {
		name, told, failure string
		status              int
		play                script
	}{
		{"while we wait", "aborted", "client wait client_gone", 499, hold},
		{"between interim and final response", "aborted", "client wait client_gone", 499, func(v *visit) bool {
			v.say("HTTP/1.1 103 Early Hints\r\n\r\n")
			return hold(v)
		}},
		{"in the response", "200 aborted", "client body client_gone", 200, func(v *visit) bool {
			v.say("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
			return hold(v)
		}},
		{"in a stream", "200 aborted", "client body client_gone", 200, func(v *visit) bool {
			v.say("HTTP/1.1 200 OK\r\n\r\nhello")
			return hold(v)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, tt.play)
			p := newProxy(t, poolOf(t, upstream.Config{}, o))
			w := newWire(t, "GET")
			e := p.begin(request("GET", "/"), w)
			within(t, "the request", reached)
			if tt.status == 200 {
				until(t, "the beginning", func() bool { return w.has() == 5 })
			}
			w.hangUp()
			l := e.end()
			l.want(t, w, tt.told, tt.failure)
			if l.status != tt.status || l.attempts != 1 {
				t.Errorf("logged: %+v", l)
			}
			until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })
		})
	}
}

// It is gone before the Attempt begins: the Attempt ends at once, and no other
// is made for nobody.
func TestAClientThatIsGoneAlready(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool { v.untilGone(); return false })
	p := newProxy(t, poolOf(t, upstream.Config{}, o, newOrigin(t, o.play)))
	w := newWire(t, "GET")
	w.hangUp()
	l := p.serve(request("GET", "/"), w)
	l.want(t, w, "aborted", "client wait client_gone")
	if l.attempts != 1 {
		t.Errorf("%d Attempts", l.attempts)
	}
}

func TestAClientThatHangsUpInItsUpload(t *testing.T) {
	o := newOrigin(t, func(v *visit) bool { v.content(); return false })
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	u, w := newUpload(), newWire(t, "PUT")
	u.send("half")
	e := p.begin(withBody(request("PUT", "/"), w, u, 8), w)
	until(t, "a waiting pump", u.waiting)
	w.hangUp()
	l := e.end()
	l.want(t, w, "aborted", "client wait client_gone")
	until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })
}

// After the last byte of the response it may go: the connection to the
// upstream is still good unless the news came in between.
func TestAClientThatHangsUpAfterwards(t *testing.T) {
	o := newOrigin(t, always("ok"))
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	w := newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
	w.hangUp()
	if p.pool().Stats().Upstreams[0].Idle != 1 {
		t.Error("the connection was not kept")
	}
	w = newWire(t, "GET")
	p.serve(request("GET", "/"), w).want(t, w, "200", "")
	if o.accepted.Load() != 1 {
		t.Error("the hang-up of one client has cut off another")
	}
}

// Where the wire knows why the client has gone, the log says that.
func TestTheLogSaysWhyTheClientIsGone(t *testing.T) {
	reached := make(chan bool, 1)
	o := newOrigin(t, func(v *visit) bool {
		reached <- true
		v.untilGone()
		return false
	})
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	w := newWire(t, "GET")
	w.why = &message.Failure{Party: message.PartyClient, Phase: message.PhaseBody,
		Cause: message.CauseAbuseResets, Err: errors.New("over and over")}
	e := p.begin(request("GET", "/"), w)
	within(t, "the request", reached)
	w.hangUp()
	l := e.end()
	l.want(t, w, "aborted", "client wait abuse_resets")
	if l.status != message.CauseAbuseResets.Status() {
		t.Errorf("status %d", l.status)
	}
}
