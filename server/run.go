package server

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Run serves until ctx ends, then drains: it stops accepting, lets Exchanges
// finish within drain_timeout, and ends everything that it has started before
// it returns. Listen comes first. The error says that a Listener failed or
// that connections had to be cut off.
func (s *Server) Run(ctx context.Context) error {
	g := s.inForce.Load()
	s.memoryLimit = limitMemory(memoryGoal(g.cfg.Server.MemoryLimit), s.cacheBytes())
	if g.signs {
		s.keepKeyring() // before it signs anything
	}
	// In force before the first connection is accepted.
	s.maintenances.load(s.siteOf, time.Now())
	s.store.Use(g.defaultHost, g.sources...)
	s.proxy.Use(g.proxy)
	// The error log outlives all that it tells of, the access log the Exchanges,
	// and they what they rely on.
	told := s.background(s.runErrorLog)
	log := s.background(s.runAccessLog)
	rest := s.background(s.runRest)
	certificates := s.background(func(ctx context.Context) { s.store.Run(ctx) })
	err := s.begin(ctx, g)
	watchdog := s.background(s.runWatchdog)
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-s.failed:
		case <-s.succession.through:
		}
	}
	close(s.succession.ending)
	certificates = s.leavesCertificates(certificates)
	err = errors.Join(err, s.drain())
	certificates()
	watchdog()
	s.doorsOpen.Wait()
	s.inForce.Load().doors.admin.shut()
	s.adminsOpen.Wait()
	rest()
	log()
	s.noise.flush()
	told()
	return err
}

// leavesCertificates stops ordering certificates if another process serves, so
// that it can. It returns what waits for that; otherwise they go on until stop,
// for connections that are still to come.
func (s *Server) leavesCertificates(stop func()) (wait func()) {
	if !s.succession.succeeded.Load() {
		return stop
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	return func() { <-stopped }
}

// begin opens the doors of the first Generation; from then on it can be
// reloaded. The admin server answers before all names are known. The error says
// why this process cannot take over from the one before it.
func (s *Server) begin(ctx context.Context, g *generation) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.manager.Predecessor == nil {
		s.opensAdmin(g.doors.admin)
	}
	if err := s.names.Ready(ctx); err != nil && ctx.Err() == nil {
		s.errlog.Warn("some pools begin without upstreams; their requests get the degraded answer until a resolver says where they are", "why", err)
	}
	if err := s.takeOver(ctx); err != nil {
		g.doors.admin.close()
		return err
	}
	for _, d := range g.doors.clients() {
		s.opens(d)
	}
	if err := s.takenOver(ctx); err != nil {
		g.doors.admin.close()
		s.leaveDoors() // what came through them finishes
		s.maintenances.leave(time.Now())
		s.manager.Predecessor.Failed(err)
		return err
	}
	if s.manager.Predecessor != nil {
		s.ReopenLogs() // who has renamed them meanwhile has told the process before only
		g.doors.admin.own()
		s.opensAdmin(g.doors.admin)
	}
	s.serves = true
	s.errlog.Info("serving", "http", text(s.HTTP()), "https", text(s.HTTPS()), "admin", text(s.Admin()),
		"max_connections", maxConnections(g.cfg.Server.MaxConnections), "memory_limit", s.memoryLimit)
	s.timeline.add(LevelInfo, "serving", "Sluice serves.", "version", Version())
	s.tellReady()
	return nil
}

// background runs f on a goroutine and returns what ends it and waits for it.
func (s *Server) background(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// runAccessLog writes the access log.
func (s *Server) runAccessLog(ctx context.Context) {
	if s.access == nil {
		return
	}
	if err := s.access.Run(ctx); err != nil {
		s.errlog.Error("access log: the last lines could not be written", "error", err)
	}
}

// runRest runs everything with a life of its own besides the Listeners: the
// Upstreams, names, certificates, the watch for clients that go away.
func (s *Server) runRest(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { s.fleet.Run(ctx) })
	all.Go(func() { s.names.Run(ctx) })
	all.Go(func() { s.watchMemory(ctx) })
	all.Go(func() { s.runKeyring(ctx) })
	all.Go(func() { s.maintenances.run(ctx) })
	all.Go(func() { s.watchConfig(ctx) })
	all.Go(func() { s.recorder.run(ctx, s.looked) })
	all.Go(func() {
		if err := s.watch.Run(ctx); err != nil {
			s.errlog.Error("clients that go away are noticed late from now on", "error", err)
		}
	})
	all.Wait()
	s.watch.Close()
}

// drain ends all connections: those that are idle now, or soon if another process
// serves, the others when their Exchange has ended, and at the end of the grace
// time whatever is left, which is an error if no other process serves. Nothing is
// reloaded any more.
func (s *Server) drain() error {
	s.draining.Store(true)
	s.timeline.add(LevelInfo, "draining", "Sluice ends: no new connections are accepted, requests that are under way finish.")
	s.reloading.Lock()
	s.serves = false
	s.tellStopping()
	s.reloading.Unlock()
	g := s.inForce.Load()
	within := g.cfg.Server.DrainTimeout
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	all := append(g.doors.clients(), s.bygone.leftDoors()...)
	succeeded := s.succession.succeeded.Load()
	if succeeded {
		g.doors.admin.shut() // the other one answers
	}
	for _, d := range all {
		if succeeded {
			d.ShutdownGently(gentleGrace(within))
		} else {
			d.Shutdown()
		}
	}
	var waiting sync.WaitGroup
	cut := make([]error, len(all))
	for i, d := range all {
		waiting.Go(func() { cut[i] = d.Wait(ctx) }) // all at once: each has a grace time of its own
	}
	waiting.Wait()
	s.outlives(ctx)
	err := errors.Join(cut...)
	if succeeded && err != nil {
		s.errlog.Warn("not all that was under way has finished in time", "why", err) // as was said; the service has not failed
		return nil
	}
	return err
}
