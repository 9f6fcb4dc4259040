package listener

import (
	"crypto/tls"
	"io"
	"net/netip"
	"time"
)

// prepare does what comes before the first request: PROXY header, handshake.
// When it reports false the connection has been dealt with.
func (l *Listener) prepare(c *Conn) bool {
	if l.cfg.HandshakeTimeout > 0 {
		deadline := time.Now().Add(l.cfg.HandshakeTimeout)
		c.SetReadDeadline(deadline)
		if l.cfg.TLS != nil {
			c.sock.SetWriteDeadline(deadline)
		}
	}
	if l.cfg.ProxyProtocol && l.trusts(c.Peer.Addr()) && !l.readAnnounced(c) {
		return false
	}
	if l.cfg.TLS != nil && !l.handshake(c) {
		return false
	}
	c.SetReadDeadline(time.Time{})
	c.BeginAnew()
	return true
}

// readAnnounced reads the PROXY header that a trusted peer owes us.
func (l *Listener) readAnnounced(c *Conn) bool {
	a, err := readProxyHeader(awaited{c})
	if err != nil {
		c.Abort()
		if err == ErrEnd {
			return false // our wish, and nobody's failure
		}
		cause := proxyCause(err)
		l.counts.proxyFailure(cause)
		l.failed(c.Peer, PhaseAccept, cause, err)
		return false
	}
	if !a.remote.IsValid() {
		return true
	}
	c.Remote, c.Local = a.remote, a.local
	if !c.place.announce(a.remote.Addr(), l.maxPerAddress(a.remote.Addr())) {
		l.refuse(c, causeAddress)
		return false
	}
	return true
}

// handshake does the TLS handshake. Nothing is made for it before the first
// bytes are there: many who connect never say a word.
func (l *Listener) handshake(c *Conn) bool {
	if err := c.Await(); err == ErrEnd {
		c.Close() // our wish, and nobody's failure
		return false
	} else if err != nil {
		return l.handshakeFailed(c, handshakeCause(err), err)
	}
	if c.sock.Buffered() == 0 {
		return l.handshakeFailed(c, causeNoHello, io.EOF)
	}
	c.sock.RecordMode()
	t := tls.Server(c.sock, l.cfg.TLS)
	err := l.inTurn(c, t.Handshake)
	state := t.ConnectionState() // what was agreed on before it failed, too
	c.ALPN, c.SNI = state.NegotiatedProtocol, state.ServerName
	if c.ALPN == protocolChallenge {
		return l.challenged(c, t, err)
	}
	if err != nil {
		return l.handshakeFailed(c, handshakeCause(err), err)
	}
	c.TLSVersion = versions[state.Version&0xf]
	c.sock.SetWriteDeadline(time.Time{})
	c.tls = t
	return true
}

// handshakeFailed ends a connection without TLS, and is false.
func (l *Listener) handshakeFailed(c *Conn, cause string, err error) bool {
	if cause == causePlainHTTP {
		answerPlainHTTP(c.sock)
	}
	c.Close()
	l.counts.handshakeFailure(cause)
	l.failed(c.Remote, PhaseTLS, cause, err)
	return false
}

func (l *Listener) trusts(a netip.Addr) bool {
	for _, p := range l.cfg.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// maxPerAddress returns the cap for a: none for trusted peers.
func (l *Listener) maxPerAddress(a netip.Addr) int {
	if l.cfg.MaxPerAddress > 0 && l.trusts(a) {
		return 0
	}
	return l.cfg.MaxPerAddress
}
