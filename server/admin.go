package server

import (
	"context"
	"net"

	"sluice/admin"
)

// bindAdmin binds the admin server, if there is to be one.
func (s *Server) bindAdmin(ctx context.Context) error {
	a := s.cfg.Server.Admin
	if !a.On {
		return nil
	}
	var err error
	if s.admin, err = s.passed("admin", a); err != nil || s.admin != nil {
		return err
	}
	var lc net.ListenConfig
	if s.admin, err = lc.Listen(ctx, "tcp", a.String()); err != nil {
		return bindError("admin", a, err)
	}
	return nil
}

// Admin returns the address of the admin server after Listen, nil without one.
func (s *Server) Admin() net.Addr {
	if s.admin == nil {
		return nil
	}
	return s.admin.Addr()
}

// runAdmin serves the admin pages. Clients' requests do not depend on it: when
// it fails, that is told, and they go on.
func (s *Server) runAdmin(ctx context.Context) {
	if s.admin == nil {
		return
	}
	o := admin.Options{
		Metrics:          s.metrics.Handler(),
		Ready:            func() bool { return !s.draining.Load() },
		Certificates:     func() any { return s.Certificates() },
		Renew:            s.RenewCertificate,
		Maintenance:      func() any { return s.Maintenance() },
		BeginMaintenance: s.BeginMaintenance,
		EndMaintenance:   s.EndMaintenance,
		IP:               s.cfg.Server.Admin.IP,
		Panicked:         s.panicked,
	}
	if s.purger != nil {
		o.Cache, o.Purge = s.purger.CacheStats, s.Purge
	}
	if err := admin.New(o).Run(ctx, s.admin); err != nil {
		s.errlog.Error("metrics cannot be read any more; requests go on", "why", err)
	}
}
