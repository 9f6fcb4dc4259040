package admin

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// One client cannot take all the descriptors that the clients of Sites need.
func TestConnectionsOfOneClientAreBounded(t *testing.T) {
	r := run(t, Options{})
	var all []net.Conn
	for range mostOfOne {
		c := r.dial()
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatalf("connection %d: %v", len(all)+1, err)
		}
		all = append(all, c)
	}
	more := r.dial()
	if n, err := more.Read(make([]byte, 1)); err == nil || n > 0 {
		t.Error("one more than there may be is served")
	}
	all[0].Close()
	for deadline := time.Now().Add(patience); ; { // until that is seen
		c := r.dial()
		io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if n, _ := c.Read(make([]byte, 1)); n == 1 {
			break
		}
		c.Close()
		if time.Now().After(deadline) {
			t.Fatal("the room of one that has left is not given to another")
		}
	}
}

func TestConnectionsAreBoundedInAll(t *testing.T) {
	c := newCrowd(nil)
	client := netip.MustParseAddr("192.0.2.1")
	for range mostConnections {
		client = client.Next()
		if !c.enter(client) {
			t.Fatalf("%d are too many", c.all)
		}
	}
	if c.enter(client.Next()) || c.enter(netip.Addr{}) {
		t.Error("more than there may be")
	}
	c.leave(client)
	if !c.enter(netip.Addr{}) {
		t.Error("there is room for one")
	}
	c.leave(netip.Addr{})
	for ; c.all > 0; client = client.Prev() {
		if c.clients[client] > 0 {
			c.leave(client)
		}
	}
	for range mostConnections { // by a Unix socket all look alike
		if !c.enter(netip.Addr{}) {
			t.Fatal("a Unix socket has less room")
		}
	}
}
