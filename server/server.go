package server

import (
	"log/slog"

	"sluice/accesslog"
	"sluice/certs"
	"sluice/config"
	"sluice/http1"
	"sluice/listener"
	"sluice/message"
	"sluice/proxy"
	"sluice/socket"
)

// Server is one running Sluice.
type Server struct {
	// Fixed after New.
	cfg    *config.Config
	errlog *slog.Logger
	store  *certs.Store
	proxy  *proxy.Proxy
	wire   *http1.Server
	caps   *listener.Caps
	gen    *generation
	noise  *noise

	// Set by Listen.
	access *accesslog.Log // nil: off
	watch  *socket.Watch  // nil where the system has none
	plain  *listener.Listener
	tls    *listener.Listener
}

// New builds all that cfg asks for and binds nothing. Its error says what to
// do about it. errlog is where what happens is told; it may be called from
// any goroutine.
func New(cfg *config.Config, errlog *slog.Logger) (*Server, error) {
	s := &Server{cfg: cfg, errlog: errlog, caps: listener.NewCaps(), noise: newNoise(errlog)}
	s.store = certs.NewStore(s.certificateEvent)
	gen, err := s.build(cfg)
	if err != nil {
		return nil, err
	}
	s.gen = gen
	if err := checkAccessLog(cfg.Log); err != nil {
		return nil, err
	}
	s.proxy = proxy.New(s.logger())
	s.wire = newWire(cfg.Server, s.proxy.Serve, s.panicked)
	return s, nil
}

// newWire builds the HTTP/1.1 side that clients speak to.
func newWire(c config.Server, handle func(*message.Request, message.ResponseWriter), panicked func(any, []byte)) *http1.Server {
	return &http1.Server{
		Handle:        handle,
		Limits:        http1.Limits{Head: c.MaxHeader, Line: c.MaxHeader, Fields: c.MaxFields},
		HeaderTimeout: c.HeaderTimeout,
		BodyTimeout:   c.BodyTimeout,
		IdleTimeout:   c.IdleTimeout,
		Panicked:      panicked,
	}
}
