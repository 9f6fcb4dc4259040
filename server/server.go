package server

import (
	"cmp"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"sluice/accesslog"
	"sluice/cache"
	"sluice/certs"
	"sluice/certs/ca"
	"sluice/config"
	"sluice/http1"
	"sluice/http2"
	"sluice/limiter"
	"sluice/listener"
	"sluice/message"
	"sluice/metrics"
	"sluice/names"
	"sluice/proxy"
	"sluice/socket"
	"sluice/upstream"
)

// Server is one running Sluice.
type Server struct {
	// Fixed after New.
	cfg     *config.Config
	errlog  *slog.Logger
	store   *certs.Store
	vault   *certs.Vault     // of certificates that CAs have issued
	answers *ca.Answers      // to CAs that look whether names are ours
	keyring *limiter.Keyring // signs cookies
	cache   *cache.Cache     // copies of responses; nil: none are kept
	proxy   *proxy.Proxy
	http1   *http1.Server
	http2   *http2.Server
	caps    *listener.Caps
	gen     *generation
	fleet   *upstream.Fleet
	names   *names.Directory
	noise   *noise
	metrics *metrics.Metrics
	purger  purger // nil: nothing is cached
	manager manager
	pulse   *pulse // nil: no watchdog is to be fed

	maintenances maintenances
	handshakes   *listener.Handshakes
	memoryLimit  int64 // bytes; 0: none. Set by Run

	draining atomic.Bool // from the beginning of the drain on

	// Certificates that Sources have brought, and tries that failed.
	renewed, unrenewed atomic.Uint64

	// Set by Listen.
	access *accesslog.Log // nil: off
	watch  *socket.Watch  // nil where the system has none
	plain  *listener.Listener
	tls    *listener.Listener
	admin  net.Listener // nil: off
}

// New builds all that cfg asks for and binds nothing. Its error says what to
// do about it. errlog is where what happens is told; it may be called from
// any goroutine.
func New(cfg *config.Config, errlog *slog.Logger) (*Server, error) {
	return newServer(cfg, errlog, names.Options{StateDir: cfg.Server.StateDir})
}

// newServer is New with a resolver of the caller's choice.
func newServer(cfg *config.Config, errlog *slog.Logger, lookup names.Options) (*Server, error) {
	s := &Server{cfg: cfg, errlog: errlog, caps: listener.NewCaps(), noise: newNoise(errlog)}
	s.store = certs.NewStore(s.certificateEvent)
	s.handshakes = listener.NewHandshakes(cmp.Or(cfg.Server.MaxHandshakes, runtime.GOMAXPROCS(0)))
	var err error
	if s.keyring, err = s.openKeyring(time.Now()); err != nil {
		return nil, err
	}
	if err = s.openCache(cfg.Server); err != nil {
		return nil, err
	}
	s.vault, s.answers = certs.NewVault(cfg.Server.StateDir), ca.NewAnswers()
	s.fleet = upstream.NewFleet(s.upstreamEvent)
	lookup.Notify = s.nameEvent
	s.names = names.New(lookup)
	s.maintenances.path, s.maintenances.errlog = maintenanceFile(cfg.Server.StateDir), errlog
	gen, err := s.build(cfg)
	if err != nil {
		return nil, err
	}
	s.gen = gen
	s.checkSecrets(cfg.ACME)
	if err := checkAccessLog(cfg.Log); err != nil {
		return nil, err
	}
	s.metrics = s.newMetrics(cfg.Sites)
	s.proxy = proxy.New(s.logger())
	s.http1 = newHTTP1(cfg.Server, s.handle, s.panicked)
	s.http2 = s.newHTTP2(cfg.Server)
	return s, nil
}

// newHTTP1 builds the HTTP/1.1 side that clients speak to.
func newHTTP1(c config.Server, handle func(*message.Request, message.ResponseWriter), panicked func(any, []byte)) *http1.Server {
	return &http1.Server{
		Handle:        handle,
		Limits:        http1.Limits{Head: c.MaxHeader, Line: c.MaxHeader, Fields: c.MaxFields},
		HeaderTimeout: c.HeaderTimeout,
		BodyTimeout:   c.BodyTimeout,
		IdleTimeout:   c.IdleTimeout,
		Panicked:      panicked,
	}
}

// newHTTP2 builds the HTTP/2 side.
func (s *Server) newHTTP2(c config.Server) *http2.Server {
	return &http2.Server{
		Handle: s.proxy.Serve,
		Limits: http2.Limits{Head: c.MaxHeader, Fields: c.MaxFields},
		Abuse: http2.Abuse{
			Resets:        c.HTTP2.MaxResets,
			Errors:        c.HTTP2.MaxErrors,
			ControlFrames: c.HTTP2.MaxControlFrames,
			Continuations: c.HTTP2.MaxContinuations,
			MinProgress:   c.HTTP2.MinProgress,
		},
		HeaderTimeout: c.HeaderTimeout,
		BodyTimeout:   c.BodyTimeout,
		IdleTimeout:   c.IdleTimeout,
		MaxStreams:    c.HTTP2.MaxStreams,
		MaxWindow:     c.HTTP2.MaxWindow,
		Shared:        func(a netip.Addr) bool { return contains(c.TrustedProxies, a.Unmap()) },
		Failed:        s.abused,
		Panicked:      s.panicked,
	}
}

func contains(all []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(a) })
}
