package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

// refusing returns a loopback address that nobody listens on.
func refusing(t testing.TB) Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return serverAt(l.Addr())
}

// swallowing returns a loopback address that answers no SYN: its backlog is
// full and nobody accepts.
func swallowing(t testing.TB) Server {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Skip(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { syscall.Close(fd) })
	if err := errors.Join(
		syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}),
		syscall.Listen(fd, 0)); err != nil {
		t.Skip(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Skip(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 16 {
		c, err := net.DialTimeout("tcp", addr, 50*time.Millisecond)
		if err != nil {
			return Server{Host: "127.0.0.1", Port: netip.MustParseAddrPort(addr).Port()}
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("a listener with backlog 0 took 16 connections: this kernel has no full backlog to offer")
	return Server{}
}

func TestADialIsToldApartByItsCause(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for _, tt := range []struct {
		name   string
		server func(testing.TB) Server
		cause  message.Cause
	}{
		{"refused", refusing, message.CauseConnectionRefused},
		{"swallowed", swallowing, message.CauseConnectionTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newTestPool(t, Config{Servers: []Server{tt.server(t)}, ConnectTimeout: timeout})
			u := p.Pick(Tried{})
			_, _, f := u.Get()
			if p.Pick(Tried{}) != nil || !p.AllOut() {
				t.Error("one failed dial did not take it out at once")
			}
			took := time.Hour // the best of three, for the machine may be busy
			for range 3 {
				began := time.Now()
				_, _, f = u.Get()
				took = min(took, time.Since(began))
			}
			if took > timeout+20*time.Millisecond {
				t.Errorf("took %v, want at most %v", took, timeout+20*time.Millisecond)
			}
			wantCause(t, f, message.PartyUpstream, message.PhaseDial, tt.cause)
			if f.Again != message.AgainAlways || f.Where != u.Address {
				t.Errorf("again %v at %q, want always at %q", f.Again, f.Where, u.Address)
			}
			if u.InFlight() != 0 || u.failures.Load() != 4 {
				t.Errorf("%d in flight, %d failures; want 0 and 4", u.InFlight(), u.failures.Load())
			}
		})
	}
}

func TestDialErrorsAndTheirCauses(t *testing.T) {
	timedOut := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	for _, tt := range []struct {
		err   error
		party message.Party
		cause message.Cause
	}{
		{syscall.ECONNREFUSED, message.PartyUpstream, message.CauseConnectionRefused},
		{timedOut, message.PartyUpstream, message.CauseConnectionTimeout},
		{context.DeadlineExceeded, message.PartyUpstream, message.CauseConnectionTimeout},
		{syscall.ETIMEDOUT, message.PartyUpstream, message.CauseConnectionTimeout},
		{syscall.EHOSTUNREACH, message.PartyUpstream, message.CauseDestinationUnroutable},
		{syscall.ENETUNREACH, message.PartyUpstream, message.CauseDestinationUnroutable},
		{syscall.EACCES, message.PartyUpstream, message.CauseDestinationUnroutable},
		{syscall.EPERM, message.PartyUpstream, message.CauseDestinationUnroutable},
		{syscall.ECONNRESET, message.PartyUpstream, message.CauseConnectionTerminated},
		{errors.New("something else"), message.PartyUpstream, message.CauseConnectionTerminated},
		{syscall.EMFILE, message.PartySluice, message.CauseConnectionLimit},
		{syscall.ENFILE, message.PartySluice, message.CauseConnectionLimit},
		{syscall.ENOBUFS, message.PartySluice, message.CauseConnectionLimit},
		{syscall.EADDRNOTAVAIL, message.PartySluice, message.CauseConnectionLimit},
		{syscall.EAGAIN, message.PartySluice, message.CauseConnectionLimit},
	} {
		f := dialFailure("192.0.2.1:80", &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", tt.err)})
		if f.Party != tt.party || f.Cause != tt.cause || f.Phase != message.PhaseDial || f.Again != message.AgainAlways {
			t.Errorf("%v: got %v %v", tt.err, f.Party, f.Cause)
		}
		if !errors.Is(f, tt.err) {
			t.Errorf("%v is not underneath %v", tt.err, f)
		}
	}
}

// What we have run out of says nothing about the Upstream.
func TestOurOwnShortageTakesNobodyOut(t *testing.T) {
	p := newTestPool(t, Config{Servers: equalServers(1)})
	p.connect = func(context.Context, time.Duration, string) (net.Conn, error) { return nil, syscall.EMFILE }
	u := p.Upstreams[0]
	_, _, f := u.Get()
	wantCause(t, f, message.PartySluice, message.PhaseDial, message.CauseConnectionLimit)
	if p.AllOut() || u.failures.Load() != 0 || u.InFlight() != 0 {
		t.Errorf("all out %v, %d failures, %d in flight", p.AllOut(), u.failures.Load(), u.InFlight())
	}
}

// A dial to a local port in the ephemeral range may be given that very port.
func TestAConnectionToItselfIsSeen(t *testing.T) {
	own := refusing(t)
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(own.Host), own.Port))
	d := net.Dialer{LocalAddr: addr}
	c, err := d.Dial("tcp", addr.String())
	if err != nil {
		t.Skip("this kernel does not connect a socket to itself:", err)
	}
	defer c.Close()
	if !selfConnected(c) {
		t.Error("a connection to itself was taken for one to an upstream")
	}
	u := newTestPool(t, Config{Servers: []Server{newOrigin(t).server()}}).Upstreams[0]
	nc, _, f := u.pool.dial(t.Context(), u)
	if f != nil {
		t.Fatal(f)
	}
	defer nc.Close()
	if selfConnected(nc) {
		t.Error("a connection to an upstream was taken for one to itself")
	}
}

func several(addrs ...string) *addresses {
	var list []netip.AddrPort
	for _, a := range addrs {
		list = append(list, netip.MustParseAddrPort(a))
	}
	return newAddresses(list)
}

// The addresses of a name take turns; one that fails is passed over without
// taking the Upstream out, and comes last for a while.
func TestADialGoesOnToTheNextAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(1)})
		u := p.Upstreams[0]
		u.addresses.Store(several("192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"))
		var dialled []string
		p.connect = func(_ context.Context, _ time.Duration, address string) (net.Conn, error) {
			dialled = append(dialled, address)
			if address == "192.0.2.2:80" {
				return nil, syscall.ECONNREFUSED
			}
			c, peer := net.Pipe()
			peer.Close()
			return c, nil
		}
		for range 6 {
			c, _, f := p.dial(t.Context(), u)
			if f != nil {
				t.Fatal(f)
			}
			c.Close()
		}
		bad := 0
		for _, a := range dialled {
			if a == "192.0.2.2:80" {
				bad++
			}
		}
		if bad != 1 || len(dialled) != 7 {
			t.Errorf("dialled %v; want the bad one once and six others", dialled)
		}
		if p.AllOut() {
			t.Error("one bad address of three took the Upstream out")
		}
	})
}

// An address that swallows everything leaves time for the next, and all
// together take no longer than the ConnectTimeout.
func TestAllAddressesShareTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPool(t, Config{Servers: equalServers(1), ConnectTimeout: 300 * time.Millisecond})
		u := p.Upstreams[0]
		u.addresses.Store(several("192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80", "192.0.2.4:80"))
		tries := 0
		p.connect = func(_ context.Context, timeout time.Duration, _ string) (net.Conn, error) {
			tries++
			time.Sleep(timeout)
			return nil, os.ErrDeadlineExceeded
		}
		began := time.Now()
		_, _, f := u.Get()
		wantCause(t, f, message.PartyUpstream, message.PhaseDial, message.CauseConnectionTimeout)
		if took := time.Since(began); took > 300*time.Millisecond || tries != maxAddresses {
			t.Errorf("%d tries in %v", tries, took)
		}
	})
}
