package http2

import (
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"sluice/message"
)

func goAway(e event) bool { return e.kind == http2.FrameGoAway }

// RFC 9113 section 6.8: "A server that is attempting to gracefully shut down a
// connection SHOULD send an initial GOAWAY frame with the last stream
// identifier set to 2^31-1 and a NO_ERROR code. [...] After allowing time for
// any in-flight stream creation (at least one round-trip time), the server MAY
// send another GOAWAY frame with an updated last stream identifier."
func TestADrainLetsStreamsFinish(t *testing.T) {
	for _, answered := range []bool{true, false} {
		t.Run(map[bool]string{true: "PING answered", false: "PING ignored"}[answered], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testDrain(t, answered) })
		})
	}
}

func testDrain(t *testing.T, answered bool) {
	finish := make(chan bool)
	c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		<-finish
		reply(w, 200, "whole")
	}))
	c.open(1, true, "GET", "/")
	synctest.Wait()
	c.conn.drain()
	began := time.Now()
	if e := c.want("the first GOAWAY", goAway); e.last != 1<<31-1 || e.code != http2.ErrCodeNo {
		t.Errorf("got %+v", e)
	}
	c.open(3, true, "GET", "/") // under way when the client had not read that
	ping := c.want("a PING", func(e event) bool { return e.kind == http2.FramePing })
	if answered {
		c.must(c.WritePing(true, [8]byte([]byte(ping.text))))
	}
	if e := c.want("the last GOAWAY", goAway); e.last != 3 || e.code != http2.ErrCodeNo {
		t.Errorf("got %+v", e)
	}
	want := time.Second
	if answered {
		want = answeredGrace
	}
	if took := time.Since(began); took != want {
		t.Errorf("the last GOAWAY came after %v, want %v", took, want)
	}
	c.open(5, true, "GET", "/") // is ignored
	synctest.Wait()
	close(finish)
	got := map[uint32]string{}
	for e := range c.events {
		if e.kind == http2.FrameGoAway {
			t.Errorf("a third GOAWAY: %+v", e)
		}
		got[e.stream] += dataOf(e)
	}
	if len(got) != 2 || got[1] != "whole" || got[3] != "whole" {
		t.Errorf("got %v", got)
	}
	<-c.served
}

// A quiet one, too: a request may be on its way that cannot be sent again.
func TestADrainOfAQuietConnection(t *testing.T) {
	for _, answered := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 200, "whole") }))
			synctest.Wait()
			c.conn.drain()
			began, want := time.Now(), time.Second
			if e := c.want("the first GOAWAY", goAway); e.last != 1<<31-1 || e.code != http2.ErrCodeNo {
				t.Errorf("got %+v", e)
			}
			c.open(1, true, "GET", "/") // under way when the client had not read that
			if b := c.body(1); b != "whole" {
				t.Errorf("got %q", b)
			}
			if answered {
				c.must(c.WritePing(true, pingFarewell))
				want = answeredGrace
			}
			if e := c.want("the last GOAWAY", goAway); e.last != 1 || e.code != http2.ErrCodeNo {
				t.Errorf("got %+v", e)
			}
			if took := time.Since(began); took != want {
				t.Errorf("the last GOAWAY came after %v, want %v", took, want)
			}
			<-c.served
		})
	}
}

// A connection that is asked to end before the client has asked for anything.
func TestADrainBeforeTheFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 200, "fine") }))
		c.conn.draining.Store(true) // nobody interrupts: it is seen with the next request
		c.open(1, true, "GET", "/")
		if b := c.body(1); b != "fine" {
			t.Errorf("got %q", b)
		}
		c.after(time.Second, http2.ErrCodeNo)
		<-c.served
	})
}

// A client that can send nothing twice loses nothing either, though no stream is open
// when the drain begins.
func TestADrainLosesNoRequestOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := piped(t, newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 200, "fine") }))
		c.open(1, true, "GET", "/")
		c.body(1)
		synctest.Wait()
		c.conn.drain()
		if e := c.want("the first GOAWAY", goAway); e.last != 1<<31-1 || e.code != http2.ErrCodeNo {
			t.Errorf("got %+v", e)
		}
		ping := c.want("a PING", func(e event) bool { return e.kind == http2.FramePing })
		c.must(c.WritePing(true, [8]byte([]byte(ping.text))))
		synctest.Wait()
		c.open(3, true, "GET", "/") // begun before that, and sent after it
		if b := c.body(3); b != "fine" {
			t.Errorf("got %q", b)
		}
		if e := c.want("the last GOAWAY", goAway); e.last != 3 || e.code != http2.ErrCodeNo {
			t.Errorf("got %+v", e)
		}
		<-c.served
	})
}
