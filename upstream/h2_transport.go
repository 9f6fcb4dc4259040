package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"sluice/message"
)

const (
	// maxH2Head bounds a response head over HTTP/2, as http1 does.
	maxH2Head = 64 << 10

	// A connection on which nothing has come for pingAfter is asked whether
	// anybody is there, and given up if nobody says so.
	pingAfter = 15 * time.Second
	pingWait  = 5 * time.Second
)

// newTransport returns net/http's client of HTTP/2 for one Upstream. It is
// slower than http1 but well kept; what speaks HTTP/2 behind a proxy is gRPC,
// whose calls cost more than that.
func (u *Upstream) newTransport() *http.Transport {
	t := &http.Transport{
		Protocols:              new(http.Protocols),
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxH2Head,
		IdleConnTimeout:        u.settings.IdleTimeout,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWait},
	}
	if u.tls != nil {
		t.Protocols.SetHTTP2(true)
		t.DialTLSContext = u.dialH2
	} else {
		t.Protocols.SetUnencryptedHTTP2(true)
		t.DialContext = u.dialH2
	}
	return t
}

// closeIdleH2 closes the connections over which no stream runs.
func (u *Upstream) closeIdleH2() {
	if u.h2 != nil {
		u.h2.CloseIdleConnections()
	}
}

// dialH2 connects for the transport and takes the outcome for evidence. Its
// error is a *message.Failure.
func (u *Upstream) dialH2(ctx context.Context, _, _ string) (net.Conn, error) {
	began := time.Now()
	nc, f := u.dial(ctx, u.settings.ConnectTimeout)
	var c net.Conn = nc
	if f == nil && u.tls != nil {
		var secure *tls.Conn
		secure, f = u.secure(ctx, nc)
		c = secure
	}
	if f != nil {
		u.dialFailed(began, f)
		return nil, f
	}
	if State(u.state.Load()) != StateIn {
		u.fleet.reached(u, began)
	}
	return c, nil
}

// dialFailed counts a failed dial, and takes u out for it if it was u's fault.
func (u *Upstream) dialFailed(began time.Time, f *message.Failure) {
	if f.Party == message.PartyUpstream {
		u.failures.Add(1)
		u.fleet.failed(u, byDial, began, f)
	}
}
