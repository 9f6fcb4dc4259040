package server

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sluice/certs"
	"sluice/config"
)

// Reloaded says what a Reload has changed, in words, as "sluice reload" shows it
// and the admin server gives it as JSON.
type Reloaded struct {
	File     string   `json:"file"`
	Changes  []string `json:"changes"`            // in force now; none: nothing has changed
	Restart  []string `json:"restart"`            // what keeps its old value until a restart
	Warnings []string `json:"warnings,omitempty"` // what is in force, but may not be as it was meant
}

// Reload reads the configuration file again and puts it in force:
//
//	read ─▶ build what has changed ─▶ bind what is new ─▶ swap ─▶ retire the old
//	  └────────────┴────────────────────────┴─▶ an error: nothing has changed
//
// Exchanges, tunnels and connections that are under way go on as they began. The
// error is what is wrong, one thing a line, with file and line where one can be
// named. Reload may be called by anyone while the Server runs; those who come
// meanwhile wait.
func (s *Server) Reload(ctx context.Context) (*Reloaded, error) {
	defer s.statuses.outdate()
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if !s.serves {
		return nil, s.notReloaded(s.notServing("reloads nothing now"))
	}
	s.tellReloading()
	defer s.tellReady()
	cfg, err := config.Load(s.inForce.Load().cfg.File)
	if err != nil {
		return nil, s.notReloaded(err)
	}
	return s.reload(ctx, cfg)
}

// reload puts a Config in force. The caller holds reloading.
func (s *Server) reload(ctx context.Context, cfg *config.Config) (*Reloaded, error) {
	// Who asked may be gone by now; half a Reload helps nobody.
	ctx = context.WithoutCancel(ctx)
	before := s.inForce.Load()
	cfg, restart := untilRestart(before.cfg, cfg)
	next, err := s.prepare(ctx, cfg, before)
	if err != nil {
		s.maintenances.configured(before.cfg.Sites, time.Now())
		return nil, s.notReloaded(placed(cfg, 0, err))
	}
	r := &Reloaded{File: cfg.File, Changes: differences(before.cfg, cfg), Restart: restart}
	if err := s.names.Ready(ctx); err != nil {
		r.Warnings = append(r.Warnings, strings.Split("upstreams are not known yet: "+err.Error(), "\n")...)
	}
	r.Changes = append(r.Changes, tokenChange(before, next)...)
	r.Changes = append(r.Changes, s.readCertificates(next, before)...)
	s.swap(before, next)
	s.reloads.succeeded(r.Restart, time.Now())
	s.errlog.Info("configuration reloaded", "file", r.File, "changes", few(r.Changes), "restart", few(r.Restart), "warnings", few(r.Warnings))
	s.timeline.add(LevelInfo, "reload", "The configuration was reloaded: "+cmp.Or(few(r.Changes), "nothing has changed")+".", "file", r.File, "count", strconv.Itoa(len(r.Changes)))
	return r, nil
}

// prepare does all of a Reload that can fail, and leaves nothing behind then.
func (s *Server) prepare(ctx context.Context, cfg *config.Config, before *generation) (*generation, error) {
	next, err := s.build(cfg, before)
	if err != nil {
		return nil, err
	}
	entered, err := s.makeDoors(ctx, cfg, before.doors)
	if err != nil {
		next.leave(before)
		return nil, err
	}
	next.enterBy(entered)
	s.checkSecrets(cfg.ACME)
	s.checkAdmin(next)
	return next, nil
}

// swap puts next in force, which cannot fail, and retires what only before had.
// The caller holds reloading.
func (s *Server) swap(before, next *generation) {
	if next.signs {
		s.keepKeyring() // before it signs anything
	}
	s.metrics.Sites(namesOf(next.cfg.Sites))
	s.sample(next.cfg.Log.Sample)
	s.maintenances.configured(next.cfg.Sites, time.Now())
	s.store.Use(next.defaultHost, next.sources...)
	s.inForce.Store(next)
	s.proxy.Use(next.proxy)
	s.bygone.tidy()
	s.exchange(before.doors, next.doors)
	if before.wires != next.wires {
		s.bygone.addWires(before.wires)
	}
	before.leave(next)
	s.byHand.keep(func(u upstreamName) bool {
		m := next.members[u.pool]
		if m == nil {
			return false
		}
		_, there := m.configured(u.address)
		return there
	})
}

// readCertificates looks at the files of certificates that stay configured as
// they were, and says which have changed. It need not wait for the next look.
func (s *Server) readCertificates(next, before *generation) (changes []string) {
	for key, source := range next.own {
		file, ok := source.(*certs.File)
		if !ok || before.own[key] != source {
			continue // one that is new has just been read
		}
		e, news := file.Check(time.Now())
		if !news {
			continue
		}
		s.certificateEvent(e)
		if e.News == certs.NewsCertificate {
			changes = append(changes, fmt.Sprintf("certificate of %s: loaded anew", strings.Join(e.Info.Names, ", ")))
		}
	}
	return changes
}

// notReloaded tells that nothing has changed, and why. It returns that.
func (s *Server) notReloaded(err error) error {
	s.reloads.refusedFor(err)
	s.errlog.Error("configuration not reloaded, the one before stays in force", "why", err)
	s.timeline.add(LevelError, "reload_refused", "The configuration was not reloaded, the one before stays in force: "+err.Error(), "why", err.Error())
	return err
}

// few returns the first lines, as many as a log line should have.
func few(lines []string) string {
	const most = 20
	if len(lines) > most {
		return fmt.Sprintf("%s; and %d more", strings.Join(lines[:most], "; "), len(lines)-most)
	}
	return strings.Join(lines, "; ")
}

// reloadFor is Reload for the admin server.
func (s *Server) reloadFor(ctx context.Context) (any, error) {
	r, err := s.Reload(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}
