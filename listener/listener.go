package listener

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sluice/socket"
)

// Config is what is decided for one listener.
type Config struct {
	TLS *tls.Config // nil: plain
	// Challenge returns the certificate that answers a CA's validation of name
	// by tls-alpn-01, nil when none is asked for now. name is what the CA sent
	// as SNI, in lower case. It is called by many goroutines. A validation is
	// no connection for handle: it ends with its handshake. Without Challenge
	// it is refused for want of a common protocol.
	Challenge func(name string) *tls.Certificate
	// Handshakes bounds how many are computed at a time; nil: nothing does.
	Handshakes *Handshakes

	// ProxyProtocol requires a PROXY header of trusted peers. From others
	// none is believed: they are served as who they are, and bytes that look
	// like one are whatever the next protocol takes them for.
	ProxyProtocol bool
	Trusted       []netip.Prefix

	HandshakeTimeout time.Duration // PROXY header and TLS handshake together; 0: for ever
	WriteTimeout     time.Duration // without progress; see socket.Conn.SetWriteTimeout

	// MaxConnections is for all listeners that share a Caps together.
	// Trusted peers are exempt from MaxPerAddress; who they announce by a
	// PROXY header is not. 0: no cap.
	MaxConnections int
	MaxPerAddress  int
}

// Phases of OnFailure.
const (
	PhaseAccept = "accept"
	PhaseTLS    = "tls"
)

// Listener serves one listening socket.
type Listener struct {
	// OnFailure is told why a connection did not come to be. Set it before
	// Serve. It is called from many goroutines; cause is one of few words.
	OnFailure func(remote netip.AddrPort, phase, cause string, err error)

	// Fixed after New.
	ln    net.Listener
	cfg   Config
	caps  *Caps
	watch *socket.Watch

	draining  atomic.Bool
	gentle    atomic.Bool   // draining leaves idle connections a while; set before it
	graceOver atomic.Bool   // draining ends fresh connections too
	stopped   chan struct{} // closed by Shutdown

	mu        sync.Mutex
	open      map[*Conn]struct{} // guarded by mu
	accepting bool               // guarded by mu: Serve runs, and may let one in still
	aborted   bool               // guarded by mu: whoever is let in now is too late
	gone      chan struct{}      // guarded by mu; not nil: Wait wants it closed when all are gone
	idleGrace time.Duration      // guarded by mu; of a drain
	counts    counts
}

// New makes a Listener of a bound socket. It does nothing until Serve.
func New(ln net.Listener, cfg Config, caps *Caps, watch *socket.Watch) *Listener {
	if cfg.TLS != nil && cfg.Challenge != nil {
		cfg.TLS = withChallenges(cfg.TLS, cfg.Challenge)
	}
	return &Listener{
		ln: ln, cfg: cfg, caps: caps, watch: watch,
		stopped: make(chan struct{}),
		open:    make(map[*Conn]struct{}),
	}
}

// Addr returns the address listened on.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// Serve accepts connections and has handle serve each on a goroutine of its
// own; handle closes it. Serve returns nil after Shutdown or Close, and an
// error if the socket was closed by anybody else. It is called once.
func (l *Listener) Serve(handle func(*Conn)) error {
	l.accepts(true)
	defer l.accepts(false)
	var pause pause
	for {
		nc, err := l.ln.Accept()
		switch {
		case err == nil:
			pause.reset()
			l.admit(nc, handle)
		case l.draining.Load():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			// Out of descriptors or memory, or a connection gone before
			// its turn. None of it ends by trying faster.
			l.acceptFailed(err)
			pause.wait(l.stopped)
		}
	}
}

// admit starts a connection's goroutine, if the caps allow.
func (l *Listener) admit(nc net.Conn, handle func(*Conn)) {
	c := newConn(l, nc)
	place, cause := l.caps.enter(c.Peer.Addr(), l.cfg.MaxConnections, l.maxPerAddress(c.Peer.Addr()))
	if cause != "" {
		l.refuse(c, cause)
		return
	}
	c.place = place
	if !l.register(c) {
		place.leave()
		c.sock.Abort()
		return
	}
	if place.last {
		l.endIdlest()
	}
	go l.run(c, handle)
}

// run is the life of one connection. After a TLS handshake a fresh goroutine
// takes over, because the stack that has grown in it would stay for the
// connection's life: 1 KB less resident a connection, of 21, with 5,000 idle.
func (l *Listener) run(c *Conn, handle func(*Conn)) {
	switch {
	case !l.prepare(c):
		l.unregister(c)
	case c.tls != nil:
		go l.serve(c, handle)
	default:
		l.serve(c, handle)
	}
}

func (l *Listener) serve(c *Conn, handle func(*Conn)) {
	defer l.unregister(c)
	handle(c)
}

// refuse resets a connection over a cap: an answer would cost what the cap
// is there to save.
func (l *Listener) refuse(c *Conn, cause string) {
	l.counts.refuse(cause) // before its client can know
	c.sock.Abort()
	if cause == causeTotal {
		l.endIdlest()
	}
	l.failed(c.Peer, PhaseAccept, cause, ErrRefused)
}

// ErrRefused says that a cap was reached.
var ErrRefused = errors.New("too many connections")

func (l *Listener) acceptFailed(err error) {
	cause := acceptCause(err)
	l.counts.acceptError(cause)
	if cause == causeDescriptors {
		l.endIdlest()
	}
	l.failed(netip.AddrPort{}, PhaseAccept, cause, err)
}

func (l *Listener) failed(remote netip.AddrPort, phase, cause string, err error) {
	if l.OnFailure != nil {
		l.OnFailure(remote, phase, cause, err)
	}
}

// accepts notes whether Serve runs.
func (l *Listener) accepts(now bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accepting = now
	l.tellIfGone()
}

// tellIfGone wakes Wait when no connection is open and none can come. The caller
// holds mu.
func (l *Listener) tellIfGone() {
	if l.gone != nil && !l.accepting && len(l.open) == 0 {
		close(l.gone)
		l.gone = nil
	}
}

// register enters c among the open ones; false: too late, those were aborted. A
// drain that has begun since the kernel gave us c is no reason: its client may have
// sent a request, and nobody else can answer it.
func (l *Listener) register(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.aborted {
		return false
	}
	l.open[c] = struct{}{}
	l.counts.accepted.Add(1)
	return true
}

// unregister is the last act of a connection's goroutine. Closing is the
// handler's; that of one who forgot or panicked is made up for.
func (l *Listener) unregister(c *Conn) {
	if !c.closed.Load() {
		c.Abort()
	}
	c.place.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
	l.tellIfGone()
}

// idleSample is how many connections endIdlest looks at. The map is walked
// from a random place, so it stays cheap with any number of them.
const idleSample = 128

// endIdlest asks the longest idle connection to end, to make room.
func (l *Listener) endIdlest() {
	var idlest *Conn
	var since time.Time
	for _, c := range l.sample() {
		if t, idle := c.idleUntil(); idle && (idlest == nil || t.Before(since)) {
			idlest, since = c, t
		}
	}
	if idlest != nil && idlest.endIdle(true) {
		l.counts.evicted.Add(1)
	}
}

// sample returns some of the open connections.
func (l *Listener) sample() []*Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	some := make([]*Conn, 0, min(idleSample, len(l.open)))
	for c := range l.open {
		if len(some) == cap(some) {
			break
		}
		some = append(some, c)
	}
	return some
}
