package http2

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"sluice/message"
)

// from connects as a client of this address and returns the MAX_CONCURRENT_STREAMS
// that it is told.
func from(t *testing.T, s *Server, address string) (*client, uint32) {
	t.Helper()
	peer, ours := net.Pipe()
	as := message.Client{Remote: netip.MustParseAddrPort(address), Protocol: testClient.Protocol, Secure: testClient.Secure}
	c := newClient(t, ours, peer)
	c.begin(func() { s.Serve(c.conn, &as) })
	e := c.want("SETTINGS", func(e event) bool { return e.kind == http2.FrameSettings && !e.ack })
	c.greet()
	return c, e.n
}

// A budget of a connection alone would be given anew with each reconnection.
func TestAnAbuserThatComesBackHasLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(r *message.Request, w message.ResponseWriter) { <-canceled(w) })
		rapidReset := func(c *client) (steps int) {
			for i := 0; ; i++ {
				c.tryOpen(id(i), true, "GET", "/")
				if c.WriteRSTStream(id(i), http2.ErrCodeCancel) != nil {
					return i
				}
			}
		}
		c, streams := from(t, s, "192.0.2.1:1000")
		if streams != 100 {
			t.Fatalf("a client that nobody knows may have %d streams", streams)
		}
		first := rapidReset(c)
		if c.thrownOut() != http2.ErrCodeEnhanceYourCalm {
			t.Error("it was not thrown out")
		}
		<-c.served
		c, streams = from(t, s, "192.0.2.1:1001")
		if again := rapidReset(c); streams != 10 || again > first/5 {
			t.Errorf("at its return it may have %d streams, and take back %d after %d", streams, again, first)
		}
		<-c.served
		for _, other := range []string{"192.0.2.2:1", "[2001:db8::1]:1"} {
			if _, streams := from(t, s, other); streams != 100 {
				t.Errorf("%s pays for it: %d streams", other, streams)
			}
		}
		time.Sleep(offenceTime)
		if _, streams := from(t, s, "192.0.2.1:1002"); streams != 100 {
			t.Errorf("after its time it still has %d streams", streams)
		}
	})
}

// To close a connection takes back all its streams.
func TestHangingUpOverAndOverIsAbuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(func(r *message.Request, w message.ResponseWriter) { <-canceled(w) })
		for n := range 10 {
			c, streams := from(t, s, fmt.Sprintf("[2001:db8::%x]:443", n+1)) // one network
			if want := n*50 > s.Abuse.Resets/hangupShare; (streams < 100) != want {
				t.Fatalf("after %d streams were left open it may have %d", n*50, streams)
			}
			for i := range min(50, streams) {
				c.open(id(int(i)), false, "POST", "/")
			}
			synctest.Wait()
			c.peer.Close()
			<-c.served
		}
	})
}

func TestSharedAddressesAreNotBlamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(nil)
		s.Shared = func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.1") }
		c, _ := from(t, s, "192.0.2.1:1")
		for c.WriteSettings() == nil {
		}
		c.thrownOut()
		<-c.served
		if _, streams := from(t, s, "192.0.2.1:2"); streams != 100 {
			t.Errorf("the proxy's next connection may have %d streams", streams)
		}
	})
}

func TestOffendersAreBounded(t *testing.T) {
	var o offenders
	now := time.Now()
	for i := range 2 * maxOffenders {
		o.blame(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(o.known) != maxOffenders {
		t.Errorf("%d are remembered", len(o.known))
	}
	later := now.Add(offenceTime)
	newest := netip.MustParseAddr("192.0.2.1")
	o.blame(newest, later)
	if !o.guilty(newest, later) || len(o.known) != 1 {
		t.Errorf("after their time %d are remembered, and the newest is guilty: %v", len(o.known), o.guilty(newest, later))
	}
}

// "Those that were taken back in the same breath [...] have cost nothing but
// their head."
func TestAStreamThatIsTakenBackAtOnceDoesNotBegin(t *testing.T) {
	var begun atomic.Int32
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		begun.Add(1)
		reply(w, 200, string(r.Target))
	})
	c := connect(t, s)
	var all []byte
	for i := range 50 {
		block := c.fields(":method", "GET", ":scheme", "https", ":authority", "h", ":path", "/")
		all = appendFrameHeader(all, frameHeader{kind: frameHeaders, flags: flagEndHeaders | flagEndStream, length: len(block), stream: id(i)})
		all = append(all, block...)
		if i < 49 {
			all = appendReset(all, id(i), codeCancel)
		}
	}
	if _, err := c.peer.Write(all); err != nil {
		t.Fatal(err)
	}
	if b := c.body(id(49)); b != "/" {
		t.Errorf("got %q", b)
	}
	c.settle()
	if n := begun.Load(); n != 1 {
		t.Errorf("%d exchanges began, want the last only", n)
	}
	if n := s.Stats(); n.Resets != 49 || n.Streams != 50 {
		t.Errorf("counted %+v", n)
	}
}
