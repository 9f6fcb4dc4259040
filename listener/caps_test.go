package listener

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
)

func TestCapsCountByNetwork(t *testing.T) {
	for _, tt := range []struct {
		first, second string
		same          bool
	}{
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		caps := NewCaps()
		p, cause := caps.enter(netip.MustParseAddr(tt.first), 0, 1)
		if cause != "" {
			t.Fatal(cause)
		}
		q, cause := caps.enter(netip.MustParseAddr(tt.second), 0, 1)
		if got := cause == causeAddress; got != tt.same {
			t.Errorf("%s and %s: one client %v, want %v", tt.first, tt.second, got, tt.same)
		}
		p.leave()
		if cause == "" {
			q.leave()
		}
		if caps.Total() != 0 || len(caps.byAddress) != 0 {
			t.Errorf("%s and %s: not empty at the end", tt.first, tt.second)
		}
	}
}

func TestConnectionsOverTheTotalCapAreRefused(t *testing.T) {
	s := serve(t, Config{MaxConnections: 2}, func(c *Conn) { // busy: nothing is idle that could make room
		defer c.Close()
		c.Write([]byte("in\n"))
		c.Read(make([]byte, 1))
	})
	a, b := s.dial(), s.dial()
	readLine(t, a)
	readLine(t, b)
	s.wantRefused("")
	if f := s.wantFailure(PhaseAccept, causeTotal); !errors.Is(f.err, ErrRefused) {
		t.Errorf("error %v", f.err)
	}
	a.Close()
	eventually(t, "room", func() bool { return s.caps.Total() == 1 })
	readLine(t, s.dial())
	if got := s.Stats().Refused[causeTotal]; got != 1 {
		t.Errorf("counted %d refusals, want 1", got)
	}
}

func TestTheLongestIdleMakesRoom(t *testing.T) {
	s := serve(t, Config{MaxConnections: 3}, echoLines)
	first, second := s.dial(), s.dial()
	wantEcho(t, first, "first\n")
	wantEcho(t, second, "second\n")
	eventually(t, "idleness", func() bool { return s.Stats().Idle == 2 })
	wantEcho(t, s.dial(), "third\n") // takes the last place
	closed := 0
	for _, nc := range []net.Conn{first, second} {
		go nc.Read(make([]byte, 1))
	}
	eventually(t, "room", func() bool { return s.caps.Total() == 2 })
	if closed = int(s.Stats().Evicted); closed != 1 {
		t.Errorf("%d evicted, want 1", closed)
	}
}

func TestConnectionsOverTheAddressCapAreRefused(t *testing.T) {
	s := serve(t, Config{MaxPerAddress: 1}, echoLines)
	a := s.dial()
	wantEcho(t, a, "first\n")
	s.wantRefused("")
	s.wantFailure(PhaseAccept, causeAddress)
	a.Close()
	eventually(t, "room", func() bool { return s.caps.Total() == 0 })
	wantEcho(t, s.dial(), "again\n")
}

func TestTrustedPeersAreExemptFromTheAddressCap(t *testing.T) {
	s := serve(t, Config{MaxPerAddress: 1, Trusted: prefixes("127.0.0.0/8")}, echoLines)
	for range 3 {
		wantEcho(t, s.dial(), "hello\n")
	}
}

func TestAnnouncedClientsAreCountedByTheirAddress(t *testing.T) {
	s := serve(t, Config{MaxPerAddress: 1, ProxyProtocol: true, Trusted: prefixes("127.0.0.0/8")}, echoLines)
	header := func(client string) string { return "PROXY TCP4 " + client + " 192.0.2.9 1000 443\r\n" }
	hello := func(client string) net.Conn {
		nc := s.dial()
		io.WriteString(nc, header(client))
		return nc
	}
	wantEcho(t, hello("198.51.100.1"), "hello\n")
	wantEcho(t, hello("198.51.100.2"), "hello\n")
	s.wantRefused(header("198.51.100.1"))
	s.wantFailure(PhaseAccept, causeAddress)
}

func prefixes(s ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, p := range s {
		all = append(all, netip.MustParsePrefix(p))
	}
	return all
}
