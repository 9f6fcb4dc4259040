package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"sluice/config"
	"sluice/listener"
	"sluice/socket"
)

// protocolHTTP2 is HTTP/2's name in ALPN (RFC 9113 section 3.1).
const protocolHTTP2 = "h2"

// Listen opens the access log, binds the Listeners and the admin server, and
// says what keeps it from doing so. Run or Close comes next.
func (s *Server) Listen(ctx context.Context) error {
	if err := s.openAccessLog(); err != nil {
		return err
	}
	var err error
	if s.watch, err = socket.NewWatch(); err != nil {
		s.Close()
		return fmt.Errorf("watch for clients that go away: %w", err)
	}
	c := s.cfg.Server
	if c.HTTPS.On {
		protocols := []string{protocolHTTP2, "http/1.1"}
		if !c.HTTP2.On {
			protocols = protocols[1:]
		}
		s.tls, err = s.bind(ctx, "https", c.HTTPS, listener.TLSConfig(s.pulse.certificateFor(s.store.GetCertificate), protocols))
	}
	if c.HTTP.On && err == nil {
		s.plain, err = s.bind(ctx, "http", c.HTTP, nil)
	}
	if err == nil {
		err = s.bindAdmin(ctx)
	}
	if err != nil {
		s.Close()
		return err
	}
	s.closeUnused()
	if s.tls != nil { // with port 0 the system has chosen one now
		s.gen.proxy.HTTPSPort = s.HTTPS().(*net.TCPAddr).AddrPort().Port()
	}
	s.purger = s.newPurger()
	return nil
}

// bind binds one Listener. key is that of [server] it stands under.
func (s *Server) bind(ctx context.Context, key string, a config.Address, t *tls.Config) (*listener.Listener, error) {
	ln, err := s.passed(key, a)
	if err != nil {
		return nil, err
	}
	if ln == nil {
		if ln, err = listener.Listen(ctx, "tcp", a.String()); err != nil {
			return nil, bindError(key, a, err)
		}
	}
	c := s.cfg.Server
	total := maxConnections(c.MaxConnections)
	perAddress := c.MaxConnectionsPerAddress
	if perAddress == 0 {
		perAddress = max(total/4, 1)
	}
	l := listener.New(ln, listener.Config{
		TLS:              t,
		Challenge:        s.answers.TLS,
		Handshakes:       s.handshakes,
		ProxyProtocol:    c.ProxyProtocol,
		Trusted:          c.TrustedProxies,
		HandshakeTimeout: c.HeaderTimeout,
		WriteTimeout:     c.BodyTimeout,
		MaxConnections:   total,
		MaxPerAddress:    perAddress,
	}, s.caps, s.watch)
	l.OnFailure = s.noise.connection
	return l, nil
}

// bindError says why an address cannot be listened on, and what to do.
func bindError(key string, a config.Address, err error) error {
	remedy := "write another address for server." + key
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = fmt.Sprintf("another program has port %d: stop it (ss -ltnp shows which), or write another server.%s", a.Port, key)
	case errors.Is(err, fs.ErrPermission):
		remedy = fmt.Sprintf("port %d needs the capability CAP_NET_BIND_SERVICE: run Sluice as a service with it, or write a port above 1023", a.Port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "this machine does not have that address: ip addr shows those it has"
	}
	return fmt.Errorf("server.%s: listen on %s: %w\n%s", key, a, err, remedy)
}

// HTTPS returns the address of the TLS Listener after Listen, nil without one.
func (s *Server) HTTPS() net.Addr { return address(s.tls) }

// HTTP returns the address of the plain Listener after Listen, nil without one.
func (s *Server) HTTP() net.Addr { return address(s.plain) }

func address(l *listener.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// listeners returns those that there are.
func (s *Server) listeners() (all []*listener.Listener) {
	for _, l := range []*listener.Listener{s.tls, s.plain} {
		if l != nil {
			all = append(all, l)
		}
	}
	return all
}

// Close gives up what Listen has opened and bound, when Run is not called.
func (s *Server) Close() {
	for _, l := range s.listeners() {
		l.Close()
	}
	if s.admin != nil {
		s.admin.Close()
	}
	if s.watch != nil {
		s.watch.Close()
	}
	s.manager.Sockets.CloseRest()
	over, end := context.WithCancel(context.Background())
	end()
	s.runAccessLog(over) // to its end, which closes it
}
