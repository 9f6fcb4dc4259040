package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"sluice/handover"
)

// succession is how far this process is with taking over from another one, and
// with being succeeded by one.
type succession struct {
	through   chan struct{}       // closed when a successor serves
	next      *handover.Successor // that one, which hears from us that we end; set before through is closed
	ending    chan struct{}       // closed when Run's context has ended: no Upgrade any more
	succeeded atomic.Bool         // another process is the service now
	waits     atomic.Bool         // another process is the service still
}

func newSuccession() succession {
	return succession{through: make(chan struct{}), ending: make(chan struct{})}
}

// provePatience is how long our own Listeners may take to answer us before
// clients are ours.
const provePatience = 4 * time.Second

// takeOver waits until the process before us has stopped accepting, and takes
// over what it leaves. Without one there is nothing to wait for. The caller holds
// reloading.
func (s *Server) takeOver(ctx context.Context) error {
	before := s.manager.Predecessor
	if before == nil {
		return nil
	}
	text, err := before.Prepared(ctx, Version())
	switch {
	case errors.Is(err, io.EOF):
		s.errlog.Warn("the process that this one takes over from is gone; what it knew begins anew")
		return nil
	case err != nil:
		return fmt.Errorf("take over: %w", err)
	}
	if err := s.inherit(text, time.Now()); err != nil {
		s.errlog.Warn("some of what the process before has left is of no use; it begins anew", "why", err)
	}
	return nil
}

// takenOver asks our own Listeners whether they serve, tells the process before
// us, and waits until this one is the service. The caller holds reloading.
func (s *Server) takenOver(ctx context.Context) error {
	before := s.manager.Predecessor
	if before == nil {
		return nil
	}
	proving, cancel := context.WithTimeout(ctx, provePatience)
	defer cancel()
	if err := s.pulse.ask(proving); err != nil {
		return fmt.Errorf("this process does not answer by its own Listeners: %w", err)
	}
	switch err := before.Serving(ctx); {
	case err == nil || ctx.Err() != nil:
	case errors.Is(err, io.EOF):
		s.errlog.Warn("the process that this one takes over from is gone")
	default:
		return fmt.Errorf("take over: %w", err)
	}
	s.succession.waits.Store(false)
	s.timeline.add(LevelInfo, "upgraded", "This process has taken over from the one before.", "version", Version())
	return nil
}

// notServing says why this process does nothing that is asked of it now.
func (s *Server) notServing(what string) error {
	if s.succession.succeeded.Load() {
		return errors.New("a new process of sluice has taken over just now\ntry again: it will answer")
	}
	return fmt.Errorf("sluice is starting or ending, and %s", what)
}

// notifier is the service manager's ear: it listens to one process only.
func (s *Server) notifier() handover.Notifier {
	if s.succession.succeeded.Load() || s.succession.waits.Load() {
		return handover.Notifier{}
	}
	return s.manager.Notifier
}

// outlives waits until the process before us has finished what it has under way. To a
// service manager our end is that of the service, and it kills who is left then. While
// that process is the service still, it is the one that waits for us.
func (s *Server) outlives(ctx context.Context) {
	if before := s.manager.Predecessor; before != nil && s.manager.Notifier.On() && !s.succession.waits.Load() {
		before.Ended(ctx)
	}
}

// gentleGrace is how long idle connections may have one request more when
// another process serves: half of the time that there is.
func gentleGrace(drain time.Duration) time.Duration { return min(drain/2, 15*time.Second) }
