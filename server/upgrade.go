package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/handover"
)

// Upgraded says what an Upgrade has brought, as "sluice upgrade" shows it and the
// admin server gives it as JSON.
type Upgraded struct {
	From    string        `json:"from"` // versions
	To      string        `json:"to"`
	PID     int           `json:"pid"`     // of the process that serves now
	Before  int           `json:"before"`  // of the one that served until now
	Open    int           `json:"open"`    // its connections, which finish
	Within  time.Duration `json:"-"`       // in this time
	Seconds float64       `json:"seconds"` // Within
}

const (
	// preparePatience is how long a new process may take until it could serve:
	// both answers together stay within what an admin request may take.
	preparePatience = 18 * time.Second
	// servePatience is how long it may take to serve then. Clients wait meanwhile:
	// their connections are in the sockets.
	servePatience = 5 * time.Second
)

// Upgrade starts our program anew, from the file that it was started from, and
// has the new process take over:
//
//	start it ─▶ it reads, builds, binds ─▶ we stop accepting ─▶ it serves ─▶ we drain
//	  └──────────────┴─────────────────────────────┴─▶ an error: we serve on
//
// The listening sockets are the same ones all along, so that no connection is
// refused or lost. Run returns when ours have finished. Upgrade may be called by
// anyone while the Server runs; Reloads wait meanwhile. The error says what kept
// the new process from serving.
func (s *Server) Upgrade(ctx context.Context) (*Upgraded, error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if !s.serves {
		return nil, s.notUpgraded(s.notServing("hands over nothing now"))
	}
	// Who asked may be gone by now; half an Upgrade helps nobody.
	ctx, cancel := s.untilEnding(context.WithoutCancel(ctx))
	defer cancel()
	s.errlog.Info("upgrade: starting the program anew", "path", s.manager.Program.Path)
	next, err := s.manager.Succeed(s.bound())
	if err != nil {
		return nil, s.notUpgraded(err)
	}
	if err := s.handOver(ctx, next); err != nil {
		next.End(s.inForce.Load().cfg.Server.DrainTimeout + endPatience)
		return nil, s.notUpgraded(err)
	}
	return s.succeededBy(next), nil
}

// untilEnding returns a context that ends with Run's, too.
func (s *Server) untilEnding(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		select {
		case <-s.succession.ending:
			cancel(errors.New("sluice was told to end"))
		case <-stopped:
		}
	}()
	return ctx, func() {
		close(stopped)
		cancel(nil)
	}
}

// bound returns the sockets that are listened on, as their successor's config
// names them. The caller holds reloading.
func (s *Server) bound() (all []handover.Socket) {
	d := s.inForce.Load().doors
	for _, one := range d.clients() {
		all = append(all, handover.Socket{Key: one.key, Address: one.socket.address.String(), Listener: one.socket.Listener})
	}
	if d.admin != nil {
		all = append(all, handover.Socket{Key: keyAdmin, Address: d.admin.address.String(), Owned: d.admin.file != nil, Listener: d.admin.Listener})
	}
	return all
}

// handOver waits until next could serve, stops accepting, and has it begin. If it
// does not, we accept again. The caller holds reloading.
func (s *Server) handOver(ctx context.Context, next *handover.Successor) error {
	prepared, cancel := context.WithTimeoutCause(ctx, preparePatience, fmt.Errorf("it took more than %v", preparePatience))
	defer cancel()
	if err := next.Prepared(prepared); err != nil {
		return err
	}
	shut := s.leaveDoors()
	text, err := s.bequeath(time.Now())
	if err == nil {
		serving, cancel := context.WithTimeoutCause(ctx, servePatience, fmt.Errorf("it took more than %v", servePatience))
		defer cancel()
		err = next.Begin(serving, text)
	}
	if err != nil {
		next.End(s.inForce.Load().cfg.Server.DrainTimeout + endPatience) // before us nobody else may accept
		s.keep()
		s.enterAgain(shut)
	}
	return err
}

// leaveDoors stops accepting. Whoever connects from now on waits in the socket.
func (s *Server) leaveDoors() []*door {
	all := s.inForce.Load().doors.clients()
	for _, one := range all {
		one.shut()
	}
	return all
}

// enterAgain accepts again from the sockets of doors that were left.
func (s *Server) enterAgain(left []*door) {
	g := *s.inForce.Load()
	s.bygone.tidy()
	for _, old := range left {
		s.bygone.addDoor(old)
		one := s.newDoor(old.key, old.settings, old.socket)
		if old.key == keyHTTPS {
			g.doors.tls = one
		} else {
			g.doors.plain = one
		}
		s.opens(one)
	}
	s.inForce.Store(&g)
}

// succeededBy makes next the service and has Run drain. The caller holds
// reloading.
func (s *Server) succeededBy(next *handover.Successor) *Upgraded {
	g := *s.inForce.Load()
	u := &Upgraded{From: Version(), To: next.Version(), PID: next.PID(), Before: os.Getpid(), Within: g.cfg.Server.DrainTimeout}
	u.Seconds = u.Within.Seconds()
	for _, one := range g.doors.clients() {
		s.bygone.addDoor(one)
		one.socket.Close() // ours; that of next is another descriptor of the same socket
	}
	for _, one := range s.bygone.leftDoors() {
		u.Open += one.Stats().Open
	}
	g.doors = doors{admin: g.doors.admin}
	s.inForce.Store(&g)
	g.doors.admin.leave()
	s.succession.succeeded.Store(true) // from now on the manager does not listen to us
	s.manager.told(s, next.Release(s.manager.Notifier))
	s.errlog.Info("upgrade: the new process serves; what is under way here finishes",
		"from", u.From, "to", u.To, "pid", u.PID, "connections", u.Open, "within", u.Within)
	s.serves = false
	s.succession.next = next
	close(s.succession.through)
	return u
}

// upgradeFor is Upgrade for the admin server.
func (s *Server) upgradeFor(ctx context.Context) (any, error) {
	u, err := s.Upgrade(ctx)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// notUpgraded tells that this process serves on, and why. It returns that.
func (s *Server) notUpgraded(err error) error {
	s.errlog.Error("not upgraded, this process serves on", "why", err)
	s.timeline.add(LevelError, "upgrade_refused", "The upgrade was refused, the process before serves on: "+err.Error(), "why", err.Error())
	return err
}
