package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Store answers handshakes with the certificates of its Sources. It outlives
// reloads: Use replaces its Sources whole. All methods may be called from
// several goroutines, except Run, which is called once.
type Store struct {
	// Fixed after NewStore.
	notify func(Event)
	used   chan struct{} // holds one token when Run has to look at sources again

	set atomic.Pointer[set] // written with mu held

	mu          sync.Mutex
	defaultName string   // guarded by mu
	sources     []Source // guarded by mu; never changed in place
}

// NewStore returns a Store without certificates. notify hears of all that
// happens to the Sources, after the Store has taken it over; it is called from
// the Sources' goroutines, several at a time, and may be nil.
func NewStore(notify func(Event)) *Store {
	if notify == nil {
		notify = func(Event) {}
	}
	s := &Store{notify: notify, used: make(chan struct{}, 1)}
	s.set.Store(compile("", nil))
	return s
}

// Use replaces the Sources by sources and has the new set served from the next
// handshake on; it cannot fail. A Source that was in use and is given again
// goes on running. defaultName is the host whose certificate is presented to
// clients that send no name or an unknown one; when it is empty they get the
// alert unrecognized_name.
func (s *Store) Use(defaultName string, sources ...Source) {
	s.mu.Lock()
	s.defaultName = defaultName
	s.sources = slices.Clone(sources)
	s.set.Store(compile(s.defaultName, s.sources))
	s.mu.Unlock()

	select {
	case s.used <- struct{}{}:
	default: // Run has yet to look, and will see these
	}
}

// GetCertificate is for tls.Config, whose Certificates must be empty. It takes
// no lock, waits for nothing, and makes nobody order anything. It returns nil
// for an unknown name, which crypto/tls turns into the alert unrecognized_name
// (RFC 6066 section 3), and a *PendingError for one that has no certificate
// yet. With one certificate for the name it allocates nothing; with several it
// allocates what ClientHelloInfo.SupportsCertificate does.
func (s *Store) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	set := s.set.Load()
	found, known := set.find(hello.ServerName)
	if len(found) == 0 && known {
		return nil, &PendingError{}
	}
	if len(found) == 0 {
		found = set.fallback
	}
	return choose(found, hello), nil
}

// PendingError is why a handshake fails for a name that has no certificate yet.
type PendingError struct{}

func (*PendingError) Error() string {
	return "the certificate is still being obtained; sluice certs says how it goes"
}

// Pending marks the error for those who do not know this package.
func (*PendingError) Pending() bool { return true }

// Info describes all certificates as they are at now, in the Sources' order.
func (s *Store) Info(now time.Time) []Info {
	var infos []Info
	for _, source := range s.inUse() {
		infos = append(infos, source.Info(now)...)
	}
	return infos
}

// Run runs the Sources in use until ctx ends and they all have ended, and then
// returns nil. Use may be called before and meanwhile. A Source that gives up
// by itself is told of as an Event, and tried again at the next Use.
func (s *Store) Run(ctx context.Context) error {
	lives := make(map[Source]*life)
	watch := newWatch()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		s.reconcile(ctx, lives)
		for _, e := range watch.look(s.Info(time.Now()), time.Now()) {
			s.notify(e)
		}
		select {
		case <-ctx.Done():
			for _, l := range lives {
				<-l.ended
			}
			return nil
		case <-s.used:
		case <-ticker.C:
		}
	}
}

// life is one call of a Source's Run.
type life struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func (l *life) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// reconcile ends the lives of the Sources no longer in use and starts those of
// the others that have none. It waits for those it ends, so that a Source dropped and taken
// back never runs twice, nor two Sources on one state directory.
func (s *Store) reconcile(ctx context.Context, lives map[Source]*life) {
	sources := s.inUse()
	for source, l := range lives {
		if !slices.Contains(sources, source) {
			l.cancel()
		}
	}
	for source, l := range lives {
		if !slices.Contains(sources, source) {
			<-l.ended
			delete(lives, source)
		}
	}
	for _, source := range sources {
		if l := lives[source]; l == nil || l.over() {
			lives[source] = s.start(ctx, source)
		}
	}
}

// start begins a life of source; its goroutine ends with ctx or with the life's
// cancel, and Run awaits it by ended.
func (s *Store) start(ctx context.Context, source Source) *life {
	ctx, cancel := context.WithCancel(ctx)
	l := &life{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer cancel()
		if err := source.Run(ctx, s.hear); err != nil && ctx.Err() == nil {
			s.notify(gaveUp(source, err))
		}
	}()
	return l
}

// hear takes an event over: a new certificate is served before anyone is told.
func (s *Store) hear(e Event) {
	if e.News == NewsCertificate {
		s.mu.Lock()
		s.set.Store(compile(s.defaultName, s.sources))
		s.mu.Unlock()
	}
	s.notify(e)
}

func (s *Store) inUse() []Source {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sources
}

func gaveUp(source Source, err error) Event {
	e := Event{
		News:   NewsEnded,
		Err:    fmt.Errorf("certificates are no longer renewed: %w", err),
		Remedy: "reload the configuration to start renewing again",
	}
	if infos := source.Info(time.Now()); len(infos) > 0 {
		e.Info = infos[0]
	}
	return e
}
