package server

import (
	"context"
	"net"

	"sluice/admin"
	"sluice/config"
)

// adminDoor is where the admin server listens.
type adminDoor struct {
	net.Listener
	address config.Address
	cancel  func() // set when it is opened
}

// makeAdminDoor binds the admin server, unless that is done; nil if it is off.
func (s *Server) makeAdminDoor(ctx context.Context, a config.Address, before doors) (*adminDoor, error) {
	if !a.On {
		return nil, nil
	}
	if before.admin != nil && before.admin.address == a {
		return before.admin, nil
	}
	ln, err := s.passed(keyAdmin, a)
	if err != nil {
		return nil, err
	}
	if ln == nil {
		var lc net.ListenConfig
		if ln, err = lc.Listen(ctx, "tcp", a.String()); err != nil {
			return nil, bindError(keyAdmin, a, before, err)
		}
	}
	return &adminDoor{Listener: ln, address: a}, nil
}

// Admin returns the address of the admin server after Listen, nil without one.
// A Reload may change it.
func (s *Server) Admin() net.Addr {
	if d := s.inForce.Load().doors.admin; d != nil {
		return d.Addr()
	}
	return nil
}

// opensAdmin serves the admin pages until shut, or the end of Run. Clients'
// requests do not depend on it: when it fails, that is told, and they go on. The
// caller holds reloading.
func (s *Server) opensAdmin(d *adminDoor) {
	if d == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	s.adminsOpen.Go(func() {
		defer cancel()
		if err := admin.New(s.adminOptions(d)).Run(ctx, d.Listener); err != nil {
			s.errlog.Error("metrics cannot be read any more; requests go on", "why", err)
		}
	})
}

// close closes the socket of an admin server that was never opened.
func (d *adminDoor) close() {
	if d != nil {
		d.Close()
	}
}

// shut ends the admin server soon, when it has answered what is under way, and
// does not wait for it: what is under way may be the Reload itself.
func (d *adminDoor) shut() {
	if d != nil && d.cancel != nil {
		d.cancel()
	}
}

func (s *Server) adminOptions(d *adminDoor) admin.Options {
	o := admin.Options{
		Metrics:          s.metrics.Handler(),
		Ready:            func() bool { return !s.draining.Load() },
		Certificates:     func() any { return s.Certificates() },
		Renew:            s.RenewCertificate,
		Maintenance:      func() any { return s.Maintenance() },
		BeginMaintenance: s.BeginMaintenance,
		EndMaintenance:   s.EndMaintenance,
		Reload:           s.reloadFor,
		Upgrade:          s.upgradeFor,
		IP:               d.address.IP,
		Panicked:         s.panicked,
	}
	if s.purger != nil {
		o.Cache, o.Purge = s.purger.CacheStats, s.Purge
	}
	return o
}
