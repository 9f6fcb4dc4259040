package server

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"sluice/config"
	"sluice/handover"
)

// manager is the service manager that has started us, if there is one.
type manager struct {
	handover.Manager
	mute sync.Once // what cannot be told to it is told once
}

// socketNames are the keys of [server] that stand for sockets: the names by
// which a service manager passes them.
var socketNames = []string{"http", "https", "admin"}

// StartedBy says which service manager has started the process. It is called
// before Listen, or not at all. The error says that the machine has no
// randomness.
func (s *Server) StartedBy(m handover.Manager) error {
	s.manager.Manager = m
	s.succession.waits.Store(m.Predecessor != nil)
	if m.Watchdog == 0 && m.Predecessor == nil {
		return nil
	}
	var err error
	s.pulse, err = newPulse(s)
	return err
}

// passed returns the socket that the service manager, or the process before us,
// has bound for a key of [server], nil if there is none. One that bears the key's
// name is taken wherever it listens: whoever wrote its unit has said so.
func (s *Server) passed(key string, a config.Address) (net.Listener, error) {
	if s.manager.Predecessor != nil {
		ln, _ := s.manager.Sockets.TakeOver(key, a.String())
		return ln, nil
	}
	ln := s.manager.Sockets.Take(key, netip.AddrPortFrom(a.IP, a.Port), socketNames...)
	if ln == nil {
		return nil, nil
	}
	there := socketAddress(ln)
	switch {
	case key == keyAdmin && !isAt(there, a):
		ln.Close()
		return nil, fmt.Errorf("server.admin: the service manager passes a socket that listens on %s\nwrite %s into its unit (ListenStream=): who reaches admin sees everything", there, inUnit(a))
	case key != keyAdmin && there.Path != "":
		ln.Close()
		return nil, fmt.Errorf("server.%s: the service manager passes the Unix socket %s\nwrite %s into its unit (ListenStream=): clients come by TCP", key, there.Path, a)
	case there.Port != a.Port:
		s.errlog.Warn("the service manager's socket is used, not the address of the config", "socket", there, "key", "server."+key, "config", a)
	}
	return ln, nil
}

// socketAddress returns where a socket listens, as the config would have it.
func socketAddress(ln net.Listener) config.Address {
	if u, ok := ln.Addr().(*net.UnixAddr); ok {
		return config.Address{On: true, Path: u.Name}
	}
	there := ln.Addr().(*net.TCPAddr).AddrPort()
	return config.Address{On: true, IP: there.Addr().Unmap(), Port: there.Port()}
}

// isAt reports whether a socket is open to those only whom an address admits.
func isAt(there, a config.Address) bool {
	everywhere := !a.IP.IsValid() && a.Path == "" && there.Path == "" && there.IP.IsUnspecified()
	return there.Path == a.Path && (there.IP == a.IP.Unmap() || everywhere)
}

// inUnit returns an address as a socket unit has it.
func inUnit(a config.Address) string {
	if a.Path != "" {
		return a.Path
	}
	return a.String()
}

// closeUnused closes the sockets that no Listener wants, and tells of them.
func (s *Server) closeUnused() {
	for _, socket := range s.manager.Sockets.CloseRest() {
		if s.manager.Predecessor != nil {
			s.errlog.Info("the configuration does not name this address any more; nobody listens there now", "socket", socket)
			continue
		}
		s.errlog.Warn("the service manager passes a socket that nothing here listens with; it is closed", "socket", socket,
			"remedy", "write FileDescriptorName= http, https or admin into its unit, and turn that Listener on in [server]")
	}
}

// told logs that the service manager could not be told something, once: it
// will be so each time.
func (m *manager) told(s *Server, err error) {
	if err != nil {
		m.mute.Do(func() {
			s.errlog.Warn("the service manager does not hear us; requests go on", "why", err)
		})
	}
}

// tellReady tells that the Listeners serve.
func (s *Server) tellReady() { s.manager.told(s, s.notifier().Ready(s.statusLine())) }

// tellReloading tells that a Reload has begun, of which tellReady tells the end.
func (s *Server) tellReloading() { s.manager.told(s, s.notifier().Reloading()) }

// tellStopping tells that the drain has begun, and how long the rest may take.
func (s *Server) tellStopping() {
	s.manager.told(s, s.notifier().Stopping("letting requests finish", s.inForce.Load().cfg.Server.DrainTimeout+endPatience))
}

// statusLine is what systemctl status shows: what is served, and where.
func (s *Server) statusLine() string {
	const most = 3
	var names []string
	for _, site := range s.inForce.Load().cfg.Sites {
		names = append(names, siteName(site))
	}
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	line := "serving " + strings.Join(names, ", ") + more
	for _, l := range []struct {
		name    string
		address net.Addr
	}{{"http", s.HTTP()}, {"https", s.HTTPS()}} {
		if l.address != nil {
			line += "; " + l.name + " " + l.address.String()
		}
	}
	return line
}

// runWatchdog feeds the service manager's watchdog as long as our Listeners
// answer.
func (s *Server) runWatchdog(ctx context.Context) {
	if s.manager.Watchdog == 0 {
		return
	}
	w := handover.Watchdog{
		Period: s.manager.Watchdog,
		Ask:    s.pulse.ask,
		Feed:   func() { s.manager.told(s, s.notifier().Alive()) },
		Changed: func(why error, starved bool) {
			switch {
			case why == nil:
				s.errlog.Info("the data path answers; the watchdog is fed")
			case starved:
				s.errlog.Error("the data path does not answer; the watchdog is not fed, and the service manager will start us anew if that lasts",
					"why", why, "within", s.manager.Watchdog)
			default:
				s.errlog.Error("this machine does not reach our own Listeners; the watchdog cannot tell whether they answer, and is fed",
					"why", why, "remedy", "let packets of the loopback interface pass")
			}
		},
	}
	w.Run(ctx)
}
