package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"sluice/config"
	"sluice/socket"
)

// protocolHTTP2 is HTTP/2's name in ALPN (RFC 9113 section 3.1).
const protocolHTTP2 = "h2"

// Listen opens the logs, binds the Listeners and the admin server, and
// says what keeps it from doing so. Run or Close comes next.
func (s *Server) Listen(ctx context.Context) error {
	if err := s.openErrorLog(); err != nil {
		return err
	}
	if err := s.openAccessLog(); err != nil {
		s.closeErrorLog()
		return err
	}
	var err error
	if s.watch, err = socket.NewWatch(); err != nil {
		s.Close()
		return fmt.Errorf("watch for clients that go away: %w", err)
	}
	g := s.inForce.Load()
	opened, err := s.makeDoors(ctx, g.cfg, doors{})
	g.enterBy(opened)
	if err != nil {
		s.Close()
		return err
	}
	s.closeUnused()
	return nil
}

// enterBy says which doors lead to g, before it is in force.
func (g *generation) enterBy(d doors) {
	g.doors = d
	if d.tls != nil { // with port 0 the system has chosen one now
		g.proxy.HTTPSPort = d.tls.Addr().(*net.TCPAddr).AddrPort().Port()
	}
}

// bindError says why an address cannot be listened on, and what to do.
// before is what Sluice itself listens on.
func (s *Server) bindError(key string, a config.Address, before doors, err error) error {
	remedy := "write another address for server." + key
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && s.manager.Predecessor != nil:
		remedy = fmt.Sprintf("if the process until now has port %d itself, by another address, restart Sluice for this change; otherwise ss -ltnp shows which program has it", a.Port)
	case errors.Is(err, syscall.EADDRINUSE) && before.ports()[a.Port]:
		remedy = "Sluice itself has that port, by its configuration until now: restart it for this change"
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
// A Reload may change it.
func (s *Server) HTTPS() net.Addr { return address(s.inForce.Load().doors.tls) }

// HTTP returns the address of the plain Listener after Listen, nil without one.
// A Reload may change it.
func (s *Server) HTTP() net.Addr { return address(s.inForce.Load().doors.plain) }

func address(d *door) net.Addr {
	if d == nil {
		return nil
	}
	return d.Addr()
}

// Close gives up what Listen has opened and bound, when Run is not called.
func (s *Server) Close() {
	opened := s.inForce.Load().doors
	for _, one := range opened.clients() {
		one.Close()
	}
	if opened.admin != nil {
		opened.admin.Close()
	}
	if s.watch != nil {
		s.watch.Close()
	}
	s.manager.Sockets.CloseRest()
	over, end := context.WithCancel(context.Background())
	end()
	s.runAccessLog(over) // to its end, which closes it
	s.closeErrorLog()
}
