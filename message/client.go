package message

import (
	"net/netip"
	"sync/atomic"
)

// Client is what is known of the connection that a request came by. It is
// fixed after the handshake, but for what is kept, and shared by all Exchanges
// of the connection.
type Client struct {
	Remote netip.AddrPort // the peer, or whom the PROXY header names
	Addr   string         // Remote's address as text, without the port
	Peer   netip.AddrPort // the peer of the socket
	Local  netip.AddrPort

	Protocol string // "HTTP/1.1" or "HTTP/2"
	Secure   bool   // over TLS, or said to be by a trusted peer's PROXY header

	TLSVersion string // "1.2" or "1.3", empty without TLS
	ALPN       string
	SNI        string

	kept atomic.Pointer[any]
}

// Keep returns what was kept with the connection, which is what the first call
// made. It is one thing, for whoever handles the requests; several streams may
// call it at a time.
func (c *Client) Keep(make func() any) any {
	if kept := c.kept.Load(); kept != nil {
		return *kept
	}
	made := make()
	if c.kept.CompareAndSwap(nil, &made) {
		return made
	}
	return *c.kept.Load()
}
