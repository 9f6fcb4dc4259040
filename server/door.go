package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"reflect"
	"runtime"
	"sync/atomic"
	"time"

	"sluice/config"
	"sluice/listener"
)

// door is a Listener with the socket behind it. A Listener's settings are fixed,
// so a reload that changes them puts a new door before the same socket:
// connections that came through the old one live on as they began, and none is
// lost between the two, because they wait in the socket.
type door struct {
	*listener.Listener
	key        string // of [server]: "http" or "https"
	settings   doorSettings
	socket     *doorSocket
	handshakes *listener.Handshakes // nil without TLS
	entry      *entry
	ended      chan struct{} // closed when its accept loop has ended
}

// doorSocket is a bound socket and the address that was asked for.
type doorSocket struct {
	net.Listener
	address config.Address
}

// doorSettings is all that a Listener is made of besides its socket.
type doorSettings struct {
	tls, http2    bool
	proxyProtocol bool
	trusted       []netip.Prefix
	header, body  time.Duration
	connections   int
	perAddress    int
	handshakes    int
}

func doorSettingsOf(key string, c config.Server) doorSettings {
	total := maxConnections(c.MaxConnections)
	d := doorSettings{
		tls:           key == keyHTTPS,
		proxyProtocol: c.ProxyProtocol,
		trusted:       c.TrustedProxies,
		header:        c.HeaderTimeout,
		body:          c.BodyTimeout,
		connections:   total,
		perAddress:    cmp.Or(c.MaxConnectionsPerAddress, max(total/4, 1)),
	}
	if d.tls {
		d.http2, d.handshakes = c.HTTP2.On, cmp.Or(c.MaxHandshakes, runtime.GOMAXPROCS(0))
	}
	return d
}

// newDoor makes a door that nobody comes through yet.
func (s *Server) newDoor(key string, settings doorSettings, socket *doorSocket) *door {
	d := &door{key: key, settings: settings, socket: socket, entry: &entry{Listener: socket}, ended: make(chan struct{})}
	var t *tls.Config
	if settings.tls {
		protocols := []string{protocolHTTP2, "http/1.1"}
		if !settings.http2 {
			protocols = protocols[1:]
		}
		t = listener.TLSConfig(s.pulse.certificateFor(s.store.GetCertificate), protocols, s.tickets)
		d.handshakes = listener.NewHandshakes(settings.handshakes)
	}
	d.Listener = listener.New(d.entry, listener.Config{
		TLS:              t,
		Challenge:        s.answers.TLS,
		Handshakes:       d.handshakes,
		ProxyProtocol:    settings.proxyProtocol,
		Trusted:          settings.trusted,
		HandshakeTimeout: settings.header,
		WriteTimeout:     settings.body,
		MaxConnections:   settings.connections,
		MaxPerAddress:    settings.perAddress,
	}, s.caps, s.watch)
	d.OnFailure = s.noise.connection
	return d
}

// is reports whether a door of these settings need not be replaced.
func (d *door) is(key string, settings doorSettings) bool {
	return d.key == key && reflect.DeepEqual(d.settings, settings)
}

// opens lets clients in, until the drain or shut. The caller holds reloading.
func (s *Server) opens(d *door) {
	d.entry.begin()
	s.doorsOpen.Go(func() {
		defer close(d.ended)
		err := d.Serve(s.serve)
		if d.entry.left.Load() {
			return
		}
		select {
		case s.failed <- err:
		default: // another one has failed, or all end
		}
	})
}

// shut ends the accept loop of d and leaves its connections alone. The socket
// stays open. It returns when the last connection that comes this way is in.
func (d *door) shut() {
	d.entry.leave()
	<-d.ended
}

// entry is a socket as one Listener has it, which can leave it to another.
type entry struct {
	net.Listener
	left atomic.Bool
}

// Accept returns net.ErrClosed when the socket was left to another.
func (e *entry) Accept() (net.Conn, error) {
	if e.left.Load() {
		return nil, net.ErrClosed
	}
	c, err := e.Listener.Accept()
	if err != nil && e.left.Load() {
		return nil, net.ErrClosed
	}
	return c, err
}

// Close closes the socket unless it was left to another.
func (e *entry) Close() error {
	if e.left.Load() {
		return nil
	}
	return e.Listener.Close()
}

// begin lets Accept wait, also if the one before was woken up.
func (e *entry) begin() { e.wake(time.Time{}) }

// leave makes Accept end soon, and for good.
func (e *entry) leave() {
	e.left.Store(true)
	e.wake(time.Unix(1, 0))
}

// wake sets the deadline of Accept. It cannot fail while the socket is open, and
// a closed one wakes Accept by itself.
func (e *entry) wake(at time.Time) {
	if l, ok := e.Listener.(*doorSocket).Listener.(interface{ SetDeadline(time.Time) error }); ok {
		l.SetDeadline(at)
	}
}

// bindDoor binds a socket, unless the service manager has passed one. key is
// that of [server] it stands under.
func (s *Server) bindDoor(ctx context.Context, key string, a config.Address, before doors) (*doorSocket, error) {
	ln, err := s.passed(key, a)
	if err != nil {
		return nil, err
	}
	if ln == nil {
		if ln, err = listener.Listen(ctx, "tcp", a.String()); err != nil {
			return nil, s.bindError(key, a, before, err)
		}
	}
	return &doorSocket{Listener: ln, address: a}, nil
}
