package e2e

import (
	"net"
	"testing"
	"time"
)

// keep opens connections, has a request answered on each, and leaves them
// idle.
func (s *sluice) keep(t *testing.T, n int) (all []*rawClient) {
	t.Helper()
	for range n {
		c := s.dial(t)
		c.get("/quick")
		if a := c.answer(); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
		all = append(all, c)
	}
	return all
}

// served reports whether a new connection is served. One over a cap is reset.
func (s *sluice) served() bool {
	conn, err := net.DialTimeout("tcp", s.http, patience)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")); err != nil {
		return false
	}
	n, _ := conn.Read(make([]byte, 1))
	return n == 1
}

// "max_connections_per_address: client connections at once from one IP, so
// that one client cannot take them all" (docs/configuration.md).
func TestConnectionsPerAddress(t *testing.T) {
	t.Parallel()
	s := start(t, setup{server: "max_connections_per_address = 3", upstreams: []string{serve(t, nil).address}})
	kept := s.keep(t, 3)
	for range 3 {
		if s.served() {
			t.Fatal("a fourth connection is served")
		}
	}
	for _, c := range kept { // those that were there are not touched
		c.get("/")
		if a := c.answer(); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	}
	kept[1].conn.Close()
	eventually(t, patience, "a place is free again", s.served)
	if !s.stderr.has("cause=max_per_address") {
		t.Error("stderr does not tell of connections over the cap")
	}
}

// "Trusted peers are exempt": a proxy of one's own stands for many clients.
func TestTrustedPeersHaveNoCapByAddress(t *testing.T) {
	t.Parallel()
	s := start(t, setup{
		server:    "max_connections_per_address = 3\ntrusted_proxies = [\"127.0.0.1\"]",
		upstreams: []string{serve(t, nil).address},
	})
	s.keep(t, 8)
}

// "max_connections: client connections at once" (docs/configuration.md). Who
// has been idle for longest makes room.
func TestIdlestConnectionMakesRoom(t *testing.T) {
	t.Parallel()
	s := start(t, setup{
		server:    "max_connections = 4\nmax_connections_per_address = 4",
		upstreams: []string{serve(t, nil).address},
	})
	all := s.keep(t, 4)
	// Whoever comes finds room, or makes it for the next one: on a busy machine
	// nobody may have been idle yet when the fourth came.
	for range 8 {
		eventually(t, patience, "there is room for one more", s.served)
	}
	all[0].wantEnd()
}
