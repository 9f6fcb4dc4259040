package server

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sluice/accesslog"
	"sluice/cache"
	"sluice/certs"
	"sluice/certs/ca"
	"sluice/config"
	"sluice/errorlog"
	"sluice/limiter"
	"sluice/listener"
	"sluice/metrics"
	"sluice/names"
	"sluice/proxy"
	"sluice/socket"
	"sluice/upstream"
)

// Server is one running Sluice.
type Server struct {
	// Fixed after New.
	errlog  *slog.Logger
	store   *certs.Store
	vault   *certs.Vault      // of certificates that CAs have issued
	answers *ca.Answers       // to CAs that look whether names are ours
	keyring *limiter.Keyring  // signs cookies
	tickets *listener.Tickets // seals TLS sessions
	cache   *cache.Cache      // copies of responses; nil: none are kept
	proxy   *proxy.Proxy
	caps    *listener.Caps
	fleet   *upstream.Fleet
	names   *names.Directory
	noise   *noise
	loaded  fileStamp // of the configuration file, when it was loaded first
	metrics *metrics.Metrics
	purger  purger // nil: nothing is cached
	manager manager
	pulse   *pulse // nil: no watchdog is to be fed
	started time.Time

	// What the status shows.
	timeline *timeline
	recorder *recorder
	failures *failures
	strain   strain
	statuses statuses

	// errorLog is where errlog leads, and fixed like it; nil: errlog is the
	// caller's.
	errorLog *errorlog.Log

	// inForce is the Generation that serves. Reload replaces it whole; who needs
	// more than one thing of it loads it once.
	inForce atomic.Pointer[generation]

	maintenances *maintenances
	byHand       byHand
	memoryLimit  int64       // bytes; 0: none. Set by Run
	memoryShort  atomic.Bool // new connections are refused

	// reloading is held by Reload, and by Run where it begins and ends to serve.
	reloading  sync.Mutex
	serves     bool           // guarded by reloading
	doorsOpen  sync.WaitGroup // accept loops; added to with reloading held
	adminsOpen sync.WaitGroup // admin servers; likewise
	failed     chan error     // of the first accept loop that failed
	bygone     bygone
	succession succession
	reloads    reloads

	draining atomic.Bool // from the beginning of the drain on

	// Certificates that Sources have brought, and tries that failed.
	renewed, unrenewed atomic.Uint64

	// Set by Listen.
	access *accesslog.Log // nil: off
	watch  *socket.Watch  // nil where the system has none
}

// New builds all that cfg asks for and binds nothing. Its error says what to
// do about it. errlog is where what happens is told; it may be called from
// any goroutine. If it is nil, that is the error log which cfg asks for.
func New(cfg *config.Config, errlog *slog.Logger) (*Server, error) {
	return newServer(cfg, errlog, names.Options{StateDir: cfg.Server.StateDir})
}

// newServer is New with a resolver of the caller's choice.
func newServer(cfg *config.Config, errlog *slog.Logger, lookup names.Options) (*Server, error) {
	s := &Server{caps: listener.NewCaps(), failed: make(chan error, 1), succession: newSuccession(),
		started: time.Now(), timeline: &timeline{}, failures: &failures{}}
	s.loaded = stampOf(cfg.File)
	s.useErrorLog(cfg.Log, errlog)
	s.noise = newNoise(s.errlog)
	s.store = certs.NewStore(s.certificateEvent)
	var err error
	if s.keyring, err = openKeyring(cfg.Server.StateDir, time.Now()); err != nil {
		return nil, err
	}
	if err = s.openCache(cfg.Server); err != nil {
		return nil, err
	}
	s.tickets = listener.NewTickets(time.Now())
	s.vault, s.answers = certs.NewVault(cfg.Server.StateDir), ca.NewAnswers()
	s.fleet = upstream.NewFleet(s.upstreamEvent)
	lookup.Notify = s.nameEvent
	s.names = names.New(lookup)
	s.maintenances = newMaintenances(maintenanceFile(cfg.Server.StateDir), s.errlog, s.timeline)
	s.proxy = proxy.New(s.logger(cfg.Log))
	first, err := s.build(cfg, nil)
	if err != nil {
		return nil, err
	}
	s.inForce.Store(first)
	s.reloads.loadedAt(time.Now())
	s.checkSecrets(cfg.ACME)
	s.checkAdmin(first)
	if err := checkLogs(cfg.Log); err != nil {
		return nil, err
	}
	s.metrics = s.newMetrics(cfg.Sites)
	s.purger = s.newPurger()
	s.recorder = &recorder{metrics: s.metrics, load: s.load}
	return s, nil
}

func contains(all []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
}
