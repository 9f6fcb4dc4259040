package admin

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"
)

// What a client may take of our time and memory. It is on this machine.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 30 * time.Second // of a scrape with thousands of Upstreams, too
	idleTimeout   = 2 * time.Minute  // longer than between two scrapes
	maxHeader     = 16 << 10

	// endGrace is how long requests that are under way at the end may take.
	endGrace = time.Second
)

// Options say what a Server shows.
type Options struct {
	// Metrics answers /metrics.
	Metrics http.Handler
	// Ready reports whether new connections are welcome.
	Ready func() bool
	// Status returns what /status shows, as JSON, with series of that many seconds;
	// 0: of as many as are useful.
	Status func(seconds int) []byte
	// Events returns what /events shows as JSON, and Pools what /pools does.
	Events, Pools func() any
	// Failures returns what /failures shows as JSON, and Failure what it shows of
	// the one request with this id, if that is known.
	Failures func(Asked) any
	Failure  func(id string) (one any, found bool)
	// Drain lets an Upstream have no more requests, or have them again, and Weigh
	// gives it another weight. With force that may be the last one of its Pool.
	// Either returns the answer; an error is the answer, too, and says that
	// nothing was done.
	Drain func(pool, upstream string, drained, force bool) (said string, err error)
	Weigh func(pool, upstream string, weight int, force bool) (said string, err error)
	// Limits returns what /limits shows as JSON.
	Limits func() any
	// Certificates returns what /certs shows as JSON.
	Certificates func() any
	// Renew has the certificate of name ordered anew; its error is the answer.
	Renew func(name string) error
	// Maintenance returns what /maintenance shows as JSON.
	Maintenance func() any
	// BeginMaintenance puts a Site under maintenance until a time, the zero one:
	// until EndMaintenance opens it. Either returns the answer; an error is the
	// answer, too, and says that nothing was done.
	BeginMaintenance func(site string, until time.Time) (said string, err error)
	EndMaintenance   func(site string) (said string, err error)
	// Cache returns what /cache shows as JSON; nil: there is no cache.
	Cache func() any
	// Purge forgets the copies of a URL, or of all that begin with it, and returns
	// how many there were; its error is the answer. Nil: there is no cache.
	Purge func(url string, prefix bool) (purged int, err error)
	// Reload reads the configuration again and returns what to show as JSON; its
	// error says, one thing a line, why nothing has changed.
	Reload func(context.Context) (any, error)
	// Upgrade has another process take over and returns what to show as JSON; its
	// error says why this one serves on.
	Upgrade func(context.Context) (any, error)
	// Config returns what /config shows as JSON: the configuration in force,
	// without secrets.
	Config func() any
	// Profiles reports whether /debug/pprof/ gives profiles of the program. Nil:
	// it does not.
	Profiles func() bool
	// Token returns what a request has to bring now. Nil: nothing.
	Token func() Token
	// WrongToken is told of each request that has brought another one, and from
	// where; the zero Addr: by a Unix socket. Nil: nobody is.
	WrongToken func(from netip.Addr)
	// IP is the address that the Server is bound to, under which it may be
	// asked besides the loopback ones and the one that a request comes to.
	IP netip.Addr
	// Panicked is told of a panic in one of these, which ends only that connection.
	// Nil: nobody is.
	Panicked func(value any, stack []byte)
}

// Server is the admin server.
type Server struct {
	http     http.Server
	panicked func(value any, stack []byte)
}

// New returns a Server. It starts nothing.
func New(o Options) *Server {
	s := &Server{panicked: o.Panicked}
	g := guard{ip: o.IP.Unmap(), token: o.Token, tries: newTries(), wrongToken: o.WrongToken, next: s.recovered(pages(o))}
	if g.token == nil {
		g.token = func() Token { return Token{} }
	}
	if g.wrongToken == nil {
		g.wrongToken = func(netip.Addr) {}
	}
	s.http = http.Server{
		Handler:           g,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,

		DisableGeneralOptionsHandler: true, // the guard says who is answered
		// It would tell what clients do wrong; panics are told to Panicked.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	return s
}

// Run serves what l accepts until ctx ends, and closes l. All requests have
// ended or their connections are closed when it returns. It is called once.
// The error is that of a Listener that failed.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(newCrowd(l)) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), endGrace)
	defer cancel()
	if s.http.Shutdown(grace) != nil {
		s.http.Close()
	}
	if err == nil {
		<-failed // http.ErrServerClosed
	}
	return err
}

// recovered tells of a panic in next and cuts the connection.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if s.panicked != nil {
				s.panicked(v, debug.Stack())
			}
			panic(http.ErrAbortHandler)
		}()
		next.ServeHTTP(w, r)
	})
}
