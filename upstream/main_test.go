package upstream

import (
	"encoding/pem"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"sluice/leaktest"
	"sluice/message"
)

// TestMain fails the package when a test leaves a goroutine behind.
func TestMain(m *testing.M) { leaktest.Main(m) }

func newTestPool(t testing.TB, c Config) *Pool {
	t.Helper()
	if c.Name == "" {
		c.Name = "app"
	}
	if c.Settings.SlowStart == 0 {
		c.Settings.SlowStart = -1
	}
	if c.Settings.ConnectTimeout == 0 && len(c.Servers) > 0 && c.Servers[0].Addr.Addr().IsLoopback() {
		c.Settings.ConnectTimeout = 10 * time.Second // on a busy machine even loopback may take a while
	}
	p, err := NewFleet(nil).NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// ups returns the Upstreams of a Pool, in their order.
func ups(p *Pool) (all []*Upstream) {
	p.fleet.mu.Lock()
	defer p.fleet.mu.Unlock()
	for _, m := range p.members {
		all = append(all, m.up)
	}
	return all
}

// anybody is the client of tests that have none.
var anybody = Request{Client: netip.MustParseAddr("192.0.2.99"), Replayable: true}

func pick(p *Pool, tried Tried) *Upstream { return p.Pick(tried, anybody) }

// servers returns one Server a weight, at addresses nobody dials.
func servers(weights ...int) []Server {
	var all []Server
	for i, w := range weights {
		addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(i/60000 + 1)})
		all = append(all, Server{Addr: netip.AddrPortFrom(addr, uint16(i%60000+1)), Weight: w})
	}
	return all
}

func equalServers(n int) []Server { return servers(make([]int, n)...) }

var refusal = dialFailure("192.0.2.1:1", syscall.ECONNREFUSED)

// fail reports a failed dial that began just now.
func fail(u *Upstream) { u.fleet.failed(u, byDial, time.Now(), refusal) }

// origin is a real loopback listener that accepts and holds connections.
type origin struct {
	net.Listener
	accepted chan net.Conn
}

func newOrigin(t testing.TB) *origin {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{l, make(chan net.Conn, 1024)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			o.accepted <- c
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		close(o.accepted)
		for c := range o.accepted {
			c.Close()
		}
	})
	return o
}

func (o *origin) server() Server { return serverAt(o.Addr()) }

func serverAt(a net.Addr) Server {
	return Server{Addr: netip.MustParseAddrPort(a.String())}
}

// until polls for a condition of the real world.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	// A loop without a pause would take the core from what is waited for.
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func wantCause(t testing.TB, f *message.Failure, party message.Party, phase message.Phase, cause message.Cause) {
	t.Helper()
	if f == nil {
		t.Fatalf("no failure, want %v", cause)
	}
	if f.Party != party || f.Phase != phase || f.Cause != cause {
		t.Fatalf("got %v; want %v in phase %v: %v", f, party, phase, cause)
	}
}

// get and getFresh ask for a connection without a pick before.
func get(u *Upstream) (Conn, bool, *message.Failure) {
	u.Reserve()
	return u.Get()
}

func getFresh(u *Upstream) (Conn, *message.Failure) {
	u.Reserve()
	return u.GetFresh()
}

// stateOf returns a state that others may be changing.
func stateOf(u *Upstream) State { return State(u.state.Load()) }

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
