package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// errStopped is returned to who commands a sample after Run has ended.
var errStopped = errors.New("the demo is stopping")

// Sample is one upstream of the demo.
type Sample struct {
	// Fixed after newSample.
	name    string
	address string // where it listens, in every life

	behaviour atomic.Value  // Behaviour
	requests  atomic.Uint64 // answered in all lives, without health checks

	mu      sync.Mutex
	life    *life // guarded by mu; nil while dead
	running bool  // guarded by mu: between run's begin and end
	stopped bool  // guarded by mu
}

// newSample returns a sample that is bound and does not accept yet.
func newSample(name string) (*Sample, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sample %s: %w", name, err)
	}
	s := &Sample{name: name, address: l.Addr().String()}
	s.behaviour.Store(OK)
	s.life = newLife(l, s.handler())
	return s, nil
}

// Name returns the sample's name.
func (s *Sample) Name() string { return s.name }

// Address returns where the sample listens when it is alive.
func (s *Sample) Address() string { return s.address }

// Behaviour returns what the sample does now.
func (s *Sample) Behaviour() Behaviour { return s.behaviour.Load().(Behaviour) }

// Requests returns how many requests the sample has answered.
func (s *Sample) Requests() uint64 { return s.requests.Load() }

// Behave makes the sample do as it is told. When it returns nil it is so: a
// dead one refuses connections, any other one accepts them.
func (s *Sample) Behave(b Behaviour) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errStopped
	}
	if b == Die {
		s.behaviour.Store(b)
		s.bury()
		return nil
	}
	if err := s.revive(); err != nil {
		return err
	}
	s.behaviour.Store(b)
	return nil
}

// run serves until ctx ends.
func (s *Sample) run(ctx context.Context) {
	s.mu.Lock()
	s.running = true
	if s.life != nil {
		s.life.begin()
	}
	s.mu.Unlock()

	<-ctx.Done()
	s.close()
}

// close ends the sample for good.
func (s *Sample) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	s.bury()
}

// bury ends the life, if there is one. s.mu is held.
func (s *Sample) bury() {
	if s.life != nil {
		s.life.stop()
		s.life = nil
	}
}

// revive begins a new life at the old address, if there is none. s.mu is held.
func (s *Sample) revive() error {
	if s.life != nil {
		return nil
	}
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("sample %s: %w", s.name, err)
	}
	s.life = newLife(l, s.handler())
	if s.running {
		s.life.begin()
	}
	return nil
}
