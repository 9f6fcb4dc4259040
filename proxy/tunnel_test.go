package proxy

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/upstream"
)

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// upgraded starts an Exchange that asks for a tunnel; play is what the
// upstream does.
func upgraded(t *testing.T, silence time.Duration, play script) (*under, *origin) {
	t.Helper()
	o := newOrigin(t, play)
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	p.gen.StreamTimeout = silence
	r, w := request("GET", "/chat"), newWire(t, "GET")
	r.Upgrade = []byte("websocket")
	w.stream = newUpload()
	return p.begin(r, w), o
}

// echo switches protocols and sends back all that comes, until its end.
func echo(v *visit) bool {
	v.say(switching)
	io.Copy(v.conn, v.conn)
	return false
}

func TestATunnelCarriesBothWays(t *testing.T) {
	e, o := upgraded(t, patience, echo)
	for i, word := range []string{"one", "two", "six"} {
		e.stream.send(word)
		until(t, "the echo", func() bool { return e.has() == 3*(i+1) })
	}
	e.stream.close(io.EOF) // the client ends its direction; the upstream's end comes back
	l := e.end()
	l.want(t, e.wire, "101", "")
	if e.body.String() != "onetwosix" || e.upgrade != "websocket" || l.bytesOut != 9 {
		t.Errorf("%q over %q, %d bytes logged", e.body.String(), e.upgrade, l.bytesOut)
	}
	until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })
}

func TestBytesRightBehindThe101ArePartOfTheTunnel(t *testing.T) {
	e, _ := upgraded(t, patience, func(v *visit) bool {
		v.say(switching + "hello")
		return false
	})
	until(t, "hello", func() bool { return e.has() == 5 })
	e.stream.close(io.EOF)
	e.end().want(t, e.wire, "101", "")
}

// "An end of one direction is passed on and the other goes on (half-close)."
func TestAnUpstreamThatEndsItsDirection(t *testing.T) {
	said := make(chan string, 1)
	e, _ := upgraded(t, patience, func(v *visit) bool {
		v.say(switching + "bye")
		v.conn.(*net.TCPConn).CloseWrite()
		b, _ := io.ReadAll(v.conn)
		said <- string(b)
		return false
	})
	until(t, "the end of one direction", func() bool { return e.told() == "101" })
	e.stream.send("still ")
	e.stream.send("here")
	e.stream.close(io.EOF)
	e.end().want(t, e.wire, "101", "")
	if got := within(t, "the rest", said); got != "still here" {
		t.Errorf("the upstream got %q", got)
	}
}

// Each end of a tunnel by failure: who failed first is the cause, although
// the other direction is then cut off and fails too.
func TestATunnelThatFails(t *testing.T) {
	reset := make(chan bool)
	e, _ := upgraded(t, patience, func(v *visit) bool {
		v.say(switching + "x")
		<-reset
		v.reset()
		return false
	})
	until(t, "a byte", func() bool { return e.has() == 1 })
	until(t, "a waiting client", e.stream.waiting)
	close(reset)
	e.end().want(t, e.wire, "101 aborted", "upstream body http_response_incomplete")

	e, o := upgraded(t, patience, echo)
	until(t, "a waiting client", e.stream.waiting)
	e.stream.close(goneClient)
	e.end().want(t, e.wire, "101 aborted", "client body client_gone")
	until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })

	e, _ = upgraded(t, patience, echo)
	until(t, "a waiting client", e.stream.waiting)
	e.breakOff()
	e.stream.send("x") // its echo cannot be delivered
	e.end().want(t, e.wire, "101 aborted", "client body client_gone")
}

// The upstream takes nothing any more, so the client's direction waits in a
// write; when the upstream's direction fails, that write must end too.
func TestATunnelStuckInAWriteEnds(t *testing.T) {
	fail, over := make(chan bool), make(chan bool)
	e, _ := upgraded(t, patience, func(v *visit) bool {
		v.say(switching)
		<-fail
		v.say("x") // which the client doesn't take
		<-over
		return false
	})
	defer close(over)
	until(t, "a waiting client", e.stream.waiting)
	for range 64 {
		e.stream.send(strings.Repeat("x", 1<<20))
	}
	until(t, "a stuck write", func() bool { return !e.stream.waiting() && e.stream.taken() > 1<<20 })
	e.breakOff()
	close(fail)
	e.end().want(t, e.wire, "101 aborted", "client body client_gone")
}

func TestASilentTunnelEnds(t *testing.T) {
	e, o := upgraded(t, 100*time.Millisecond, func(v *visit) bool {
		v.say(switching)
		v.untilGone()
		return false
	})
	e.end().want(t, e.wire, "101 aborted", "upstream body connection_read_timeout")
	until(t, "the end of the upstream's connection", func() bool { return o.open() == 0 })
}

// "Silence there is a failure only when the other side was silent too."
func TestOneSideMayBeSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const silence = time.Minute
		client := newUpload()
		client.silence = silence
		tun := &tunnel{silence: silence}
		began := time.Now()
		tun.last.Store(began.UnixNano())
		go func() {
			for range 30 { // three silences of the client's
				time.Sleep(silence / 10)
				tun.last.Store(time.Now().UnixNano()) // the other side has sent something
			}
		}()
		if _, err := tun.next(client); err != failureSilence {
			t.Errorf("ended by %v", err)
		}
		if took := time.Since(began); took < 4*silence || took > 5*silence {
			t.Errorf("ended after %v, want one to two silences after the last byte", took)
		}
	})
}

// RFC 9110 section 7.8: "A server MUST NOT switch to a protocol that was not
// indicated by the client", and "A server that sends a 101 (Switching
// Protocols) response MUST send an Upgrade header field".
func TestA101ThatIsNone(t *testing.T) {
	for _, tt := range []struct{ name, asked, response string }{
		{"nobody asked", "", switching},
		{"to nothing", "websocket", "HTTP/1.1 101 Switching Protocols\r\n\r\n"},
		{"HTTP/1.0", "websocket", "HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrigin(t, func(v *visit) bool { v.say(tt.response); v.untilGone(); return false })
			p := newProxy(t, poolOf(t, upstream.Config{}, o))
			r, w := request("GET", "/"), newWire(t, "GET")
			if tt.asked != "" {
				r.Upgrade = []byte(tt.asked)
			}
			l := p.serve(r, w)
			l.want(t, w, "502", "upstream wait http_upgrade_failed")
			if l.attempts != 1 {
				t.Errorf("%d Attempts", l.attempts)
			}
		})
	}
}

// An upstream may refuse to change; the connection then lives on.
func TestAnUpgradeThatIsRefused(t *testing.T) {
	o := newOrigin(t, always("no"))
	p := newProxy(t, poolOf(t, upstream.Config{}, o))
	for range 2 {
		r, w := request("GET", "/"), newWire(t, "GET")
		r.Upgrade = []byte("websocket")
		p.serve(r, w).want(t, w, "200", "")
	}
	if o.accepted.Load() != 1 {
		t.Error("the connection was not reused")
	}
}
