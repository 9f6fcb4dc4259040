package server

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"sluice/certs"
	"sluice/degraded"
	"sluice/message"
	"sluice/proxy"
)

// pulse asks our own Listeners for something that only we know of, over a
// connection like any client's: accept, TLS handshake, head, Exchange, answer.
// No Upstream is asked, so that the death of all of them is not taken for ours.
//
// Its requests go to a Proxy of their own, with a Generation in which there is
// no Site and one challenge to answer. So they are in no log, under no limit
// and in no Site's numbers. What they do not see is a fault that only requests
// of some Site meet.
type pulse struct {
	// Fixed after newPulse.
	s           *Server
	name        string // the host that is asked for: nobody else knows it
	target      string // likewise
	answer      string
	proxy       *proxy.Proxy
	certificate *tls.Certificate
	tls         *tls.Config // of the asking side
}

// endPatience is how much longer than its drain time the process may take to
// end.
const endPatience = 15 * time.Second

func newPulse(s *Server) (*pulse, error) {
	token := rand.Text()
	p := &pulse{
		s: s, answer: rand.Text(),
		name:   strings.ToLower(rand.Text()) + ".invalid", // RFC 6761 section 6.4
		target: "/.well-known/acme-challenge/" + token,
		proxy:  proxy.New(nil),
	}
	source, err := certs.NewSelfSigned(certs.SelfSignedOptions{Names: []string{p.name}}, time.Now())
	if err != nil {
		return nil, err
	}
	p.certificate = source.Certificates()[0].TLS
	p.tls = &tls.Config{
		ServerName:         p.name,
		InsecureSkipVerify: true, // who knows the answer is ourselves
		// A handshake that resumes is cheap, and goes first when there is a
		// flood of others.
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	p.proxy.Use(&proxy.Generation{
		Sites:         proxy.NewSites(nil),
		BodyTimeout:   s.inForce.Load().cfg.Server.BodyTimeout,
		StreamTimeout: s.inForce.Load().cfg.Server.StreamTimeout,
		Refusals:      degraded.NewRefusals(),
		Challenge:     func(_, asked string) ([]byte, bool) { return []byte(p.answer), asked == token },
		Panicked:      s.panicked,
	})
	return p, nil
}

// certificateFor is getCertificate, but for who asks for our own name.
func (p *pulse) certificateFor(getCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if p == nil {
		return getCertificate
	}
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == p.name {
			return p.certificate, nil
		}
		return getCertificate(hello)
	}
}

// handle is what the HTTP/1.1 side calls: it serves our own requests, and hands
// all others to the Proxy.
func (s *Server) handle(r *message.Request, w message.ResponseWriter) {
	if p := s.pulse; p != nil && string(r.Target) == p.target {
		p.proxy.Serve(r, w)
		return
	}
	s.proxy.Serve(r, w)
}

// ask returns why a Listener does not answer, nil if all do. While we drain
// they need not.
func (p *pulse) ask(ctx context.Context) error {
	for _, d := range p.s.inForce.Load().doors.clients() {
		err := p.askOne(ctx, d)
		if err != nil && (p.s.draining.Load() || d.entry.left.Load() || p.s.inForce.Load().doors.under(d.key) != d) {
			return nil // a reload has replaced it meanwhile, or another process has the socket
		}
		if err != nil {
			return fmt.Errorf("ask %s: %w", d.Addr(), err)
		}
	}
	return nil
}

// askOne asks one Listener. One that refuses connections because there are too
// many is alive: being killed is the last thing that those need who are served.
func (p *pulse) askOne(ctx context.Context, d *door) error {
	err := p.exchange(ctx, d)
	if err == nil || ctx.Err() != nil {
		return err
	}
	before := d.refused()
	if err = p.exchange(ctx, d); err != nil && d.refused() > before {
		return nil
	}
	return err
}

// refused is how many connections a Listener has refused for their number.
func (d *door) refused() (n uint64) {
	for _, times := range d.Stats().Refused {
		n += times
	}
	if d.handshakes != nil {
		n += d.handshakes.Refused()
	}
	return n
}

// exchange asks for our answer over a new connection, and looks at it.
func (p *pulse) exchange(ctx context.Context, d *door) error {
	raw, err := dialSelf(ctx, d.Addr())
	if err != nil {
		return err
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.SetDeadline(time.Now()) })
	defer stop()
	if err := announce(raw, d.settings); err != nil {
		return err
	}
	c := raw
	if d.settings.tls {
		c = tls.Client(raw, p.tls)
	}
	if _, err := io.WriteString(c, "GET "+p.target+" HTTP/1.1\r\nHost: "+p.name+"\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	return p.check(c)
}

// check reads the response and returns why it is not our answer.
func (p *pulse) check(r io.Reader) error {
	resp, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(len(p.answer))+1))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || string(body) != p.answer {
		return fmt.Errorf("the answer is not ours: status %d", resp.StatusCode)
	}
	return nil
}

// announce sends the PROXY header that a trusted peer owes the Listener: it
// speaks for itself (proxy-protocol.txt section 2.1, "UNKNOWN").
func announce(c net.Conn, settings doorSettings) error {
	own := c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	if !settings.proxyProtocol || !contains(settings.trusted, own) {
		return nil
	}
	_, err := io.WriteString(c, "PROXY UNKNOWN\r\n")
	return err
}

// dialSelf connects as a client of this machine does.
func dialSelf(ctx context.Context, a net.Addr) (c net.Conn, err error) {
	var d net.Dialer
	for _, address := range reachedAt(a) {
		if c, err = d.DialContext(ctx, "tcp", address); err == nil || ctx.Err() != nil {
			break
		}
	}
	return c, err
}

// reachedAt returns where this machine reaches what listens at an address: the
// loopback addresses if that is every address.
func reachedAt(a net.Addr) []string {
	t := a.(*net.TCPAddr).AddrPort()
	if !t.Addr().IsUnspecified() {
		return []string{t.String()}
	}
	v4 := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), t.Port()).String()
	if t.Addr().Is4() {
		return []string{v4}
	}
	return []string{v4, netip.AddrPortFrom(netip.IPv6Loopback(), t.Port()).String()}
}
