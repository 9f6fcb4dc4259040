package server

import (
	"net/netip"
	"sync/atomic"
	"time"

	"sluice/config"
	"sluice/http1"
	"sluice/http2"
	"sluice/listener"
	"sluice/message"
)

// wires are the two protocols that clients speak, by one set of limits and
// timeouts. A connection stays with those that it began with.
type wires struct {
	settings wireSettings
	http1    *http1.Server
	http2    *http2.Server
	open     atomic.Int64 // connections
}

// wireSettings is all that wires are made of.
type wireSettings struct {
	maxHeader, maxFields int
	header, body, idle   time.Duration
	http2                config.HTTP2
}

// newWires returns what new connections are served by: what serves them now, if
// nothing about it has changed.
func (s *Server) newWires(c config.Server, before *generation) *wires {
	settings := wireSettings{
		maxHeader: c.MaxHeader, maxFields: c.MaxFields,
		header: c.HeaderTimeout, body: c.BodyTimeout, idle: c.IdleTimeout,
		http2: c.HTTP2,
	}
	if w := before.wires; w != nil && w.settings == settings {
		return w
	}
	return &wires{settings: settings, http1: s.newHTTP1(c), http2: s.newHTTP2(c)}
}

// newHTTP1 builds the HTTP/1.1 side that clients speak to.
func (s *Server) newHTTP1(c config.Server) *http1.Server {
	return &http1.Server{
		Handle:        s.handle,
		Limits:        http1.Limits{Head: c.MaxHeader, Line: c.MaxHeader, Fields: c.MaxFields},
		HeaderTimeout: c.HeaderTimeout,
		BodyTimeout:   c.BodyTimeout,
		IdleTimeout:   c.IdleTimeout,
		Panicked:      s.panicked,
	}
}

// newHTTP2 builds the HTTP/2 side.
func (s *Server) newHTTP2(c config.Server) *http2.Server {
	return &http2.Server{
		Handle: s.proxy.Serve,
		Limits: http2.Limits{Head: c.MaxHeader, Fields: c.MaxFields},
		Abuse: http2.Abuse{
			Resets:        c.HTTP2.MaxResets,
			Errors:        c.HTTP2.MaxErrors,
			ControlFrames: c.HTTP2.MaxControlFrames,
			Continuations: c.HTTP2.MaxContinuations,
			MinProgress:   c.HTTP2.MinProgress,
		},
		HeaderTimeout: c.HeaderTimeout,
		BodyTimeout:   c.BodyTimeout,
		IdleTimeout:   c.IdleTimeout,
		MaxStreams:    c.HTTP2.MaxStreams,
		MaxWindow:     c.HTTP2.MaxWindow,
		Shared:        s.trusted,
		Failed:        s.abused,
		Panicked:      s.panicked,
	}
}

// trusted reports whether an address is that of one of the proxies in front.
func (s *Server) trusted(a netip.Addr) bool {
	return contains(s.inForce.Load().cfg.Server.TrustedProxies, a.Unmap())
}

// serve hands one connection to the wire that it speaks.
func (s *Server) serve(c *listener.Conn) {
	client := &message.Client{
		Remote:     c.Remote,
		Addr:       c.Remote.Addr().Unmap().String(),
		Peer:       c.Peer,
		Local:      c.Local,
		Protocol:   "HTTP/1.1",
		Secure:     c.TLSVersion != "",
		TLSVersion: c.TLSVersion,
		ALPN:       c.ALPN,
		SNI:        c.SNI,
	}
	w := s.inForce.Load().wires
	w.open.Add(1)
	defer w.open.Add(-1)
	if c.ALPN == protocolHTTP2 {
		client.Protocol = "HTTP/2"
		w.http2.Serve(c, client)
		return
	}
	w.http1.Serve(c, client)
}
