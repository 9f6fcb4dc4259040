package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"sluice/listener"
	"sluice/message"
)

// Run serves until ctx ends, then drains: it stops accepting, lets Exchanges
// finish within drain_timeout, and ends everything that it has started before
// it returns. Listen comes first. The error says that a Listener failed or
// that connections had to be cut off.
func (s *Server) Run(ctx context.Context) error {
	s.memoryLimit = limitMemory(memoryGoal(s.cfg.Server.MemoryLimit), s.cacheBytes())
	if s.gen.signs {
		s.keepKeyring() // before it signs anything
	}
	// In force before the first connection is accepted.
	s.maintenances.load(s.siteOf, time.Now())
	s.store.Use(s.gen.defaultHost, s.gen.sources...)
	s.proxy.Use(s.gen.proxy)
	// The access log outlives the Exchanges, and they what they rely on.
	log := s.background(s.runAccessLog)
	rest := s.background(s.runRest)
	admin := s.background(s.runAdmin)
	if err := s.names.Ready(ctx); err != nil && ctx.Err() == nil {
		s.errlog.Warn("some pools begin without upstreams; their requests get the degraded answer until a resolver says where they are", "why", err)
	}
	failed := make(chan error, len(s.listeners()))
	var serving sync.WaitGroup
	for _, l := range s.listeners() {
		serving.Go(func() { failed <- l.Serve(s.serve) })
	}
	s.errlog.Info("serving", "http", text(s.HTTP()), "https", text(s.HTTPS()), "admin", text(s.Admin()),
		"max_connections", maxConnections(s.cfg.Server.MaxConnections), "memory_limit", s.memoryLimit)
	s.tellReady()
	watchdog := s.background(s.runWatchdog)

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.tellStopping()
	err = errors.Join(err, s.drain())
	watchdog()
	serving.Wait()
	admin()
	rest()
	log()
	s.noise.flush()
	return err
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
	all.Go(func() { s.store.Run(ctx) })
	all.Go(func() { s.watchMemory(ctx) })
	all.Go(func() { s.runKeyring(ctx) })
	all.Go(func() { s.maintenances.run(ctx) })
	all.Go(func() {
		if err := s.watch.Run(ctx); err != nil {
			s.errlog.Error("clients that go away are noticed late from now on", "error", err)
		}
	})
	all.Wait()
	s.watch.Close()
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
	if c.ALPN == protocolHTTP2 {
		client.Protocol = "HTTP/2"
		s.http2.Serve(c, client)
		return
	}
	s.http1.Serve(c, client)
}

// drain ends all connections: those that are idle now, the others when their
// Exchange has ended, and at the end of the grace time whatever is left.
func (s *Server) drain() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.Server.DrainTimeout)
	defer cancel()
	s.draining.Store(true)
	for _, l := range s.listeners() {
		l.Shutdown()
	}
	var waiting sync.WaitGroup
	cut := make([]error, len(s.listeners()))
	for i, l := range s.listeners() {
		waiting.Go(func() { cut[i] = l.Wait(ctx) }) // all at once: each has a grace time of its own
	}
	waiting.Wait()
	return errors.Join(cut...)
}
