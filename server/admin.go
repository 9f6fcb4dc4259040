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
	file    *socketFile // of a Unix socket; nil: it is none, or not ours to remove
	cancel  func()      // set when it is opened
}

// makeAdminDoor binds the admin server, unless that is done; nil if it is off.
func (s *Server) makeAdminDoor(ctx context.Context, c config.Server, before doors) (*adminDoor, error) {
	a := c.Admin
	if !a.On {
		return nil, nil
	}
	if d := before.admin; d != nil && d.address == a && (d.file == nil || d.file.isThere()) {
		if d.file == nil {
			return d, nil
		}
		return d, d.file.permit(c.AdminSocketMode, c.AdminSocketGroup)
	}
	if s.manager.Predecessor != nil {
		if ln, owned := s.manager.Sockets.TakeOver(keyAdmin, a.String()); ln != nil {
			return inheritedAdmin(ln, owned, c)
		}
	}
	ln, err := s.passed(keyAdmin, a)
	var file *socketFile
	switch {
	case err != nil || ln != nil:
	case a.Path != "":
		ln, file, err = bindSocket(ctx, c)
	default:
		var lc net.ListenConfig
		if ln, err = lc.Listen(ctx, "tcp", a.String()); err != nil {
			err = s.bindError(keyAdmin, a, before, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return &adminDoor{Listener: ln, address: a, file: file}, nil
}

// inheritedAdmin makes an adminDoor of the socket of the process before us. owned: the
// file of a Unix socket is ours once that process is not the service any more, and
// until then it stays whatever becomes of us.
func inheritedAdmin(ln net.Listener, owned bool, c config.Server) (*adminDoor, error) {
	d := &adminDoor{Listener: ln, address: c.Admin}
	if c.Admin.Path == "" || !owned {
		return d, nil
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	var err error
	if d.file, err = fileOfSocket(c.Admin.Path); err == nil {
		d.file.left.Store(true)
		err = d.file.permit(c.AdminSocketMode, c.AdminSocketGroup)
	}
	if err != nil {
		ln.Close()
		return nil, err
	}
	return d, nil
}

// Close closes the socket, whose file is gone before, so that nobody finds one
// that does not answer. One that is left to another process goes only if that
// has closed the socket, too, which shows afterwards.
func (d *adminDoor) Close() error {
	d.file.remove()
	err := d.Listener.Close()
	d.file.removeUnheard()
	return err
}

// leave leaves the file of a Unix socket where it is at the end: a successor has
// the socket, if it listens there.
func (d *adminDoor) leave() { d.leaves(true) }

// own makes the file that another process has left ours to remove.
func (d *adminDoor) own() { d.leaves(false) }

func (d *adminDoor) leaves(left bool) {
	if d != nil && d.file != nil {
		d.file.left.Store(left)
	}
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
		if err := admin.New(s.adminOptions(d)).Run(ctx, d); err != nil {
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
		Status:           s.StatusText,
		Events:           func() any { return s.Events() },
		Pools:            func() any { return s.Pools() },
		Limits:           func() any { return s.Limits() },
		Failures:         func(a admin.Asked) any { return s.Failures(FailureQuery{Site: a.Site, Pool: a.Pool}, a.Most) },
		Failure:          func(id string) (any, bool) { return s.Failure(id) },
		Drain:            s.DrainUpstream,
		Weigh:            s.WeighUpstream,
		Certificates:     func() any { return s.Certificates() },
		Renew:            s.RenewCertificate,
		Maintenance:      func() any { return s.Maintenance() },
		BeginMaintenance: s.BeginMaintenance,
		EndMaintenance:   s.EndMaintenance,
		Reload:           s.reloadFor,
		Upgrade:          s.upgradeFor,
		Config:           func() any { return s.Config() },
		Profiles:         func() bool { return s.inForce.Load().cfg.Server.Pprof },
		Token:            func() admin.Token { return s.tokenAt(d) },
		WrongToken:       s.wrongToken,
		IP:               d.address.IP,
		Panicked:         s.panicked,
	}
	if s.purger != nil {
		o.Cache, o.Purge = s.purger.CacheStats, s.Purge
	}
	return o
}
