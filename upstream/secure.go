package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"sluice/http1"
	"sluice/message"
	"sluice/socket"
)

// TLS says how an Upstream is spoken to in TLS, and what it must prove. Texts
// are PEM, so that two Settings are the same if what they say is.
type TLS struct {
	On bool
	// Name is what the certificate must be for, and SNI; the DNS name that
	// led to the Upstream, else its IP address, if empty.
	Name string
	// CA are the certificates that may have issued it; the system's if empty.
	CA string
	// Cert and Key are ours, if the Upstream asks for one.
	Cert, Key string
	// Insecure: anybody may answer. Only for tests of one's own.
	Insecure bool
}

// config builds what crypto/tls needs; nil without TLS.
func (t TLS) config(p Protocol) (*tls.Config, error) {
	if !t.On {
		return nil, nil
	}
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.Name,
		InsecureSkipVerify: t.Insecure,
		ClientSessionCache: tls.NewLRUClientSessionCache(64),
		NextProtos:         []string{"http/1.1"},
	}
	if p == HTTP2 {
		c.NextProtos = []string{"h2"}
	}
	if t.CA != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("there is no certificate in the CA file")
		}
	}
	if t.Cert != "" {
		pair, err := tls.X509KeyPair([]byte(t.Cert), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("client certificate and key: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// setTLS gives u its part of the configuration.
func (u *Upstream) setTLS(c *tls.Config) {
	if c == nil {
		return
	}
	u.tls = c.Clone()
	if u.tls.ServerName == "" {
		if u.tls.ServerName = u.Name; u.tls.ServerName == "" {
			u.tls.ServerName = u.key.addr.Addr().String()
		}
	}
}

// handshakeTimeout is how long a TLS handshake may take: a few round trips and
// two signatures, where a connection is one.
func (u *Upstream) handshakeTimeout() time.Duration {
	return max(4*u.settings.ConnectTimeout, time.Second)
}

// secure does the TLS handshake on a connection, which it closes if that fails.
func (u *Upstream) secure(ctx context.Context, nc net.Conn) (*tls.Conn, *message.Failure) {
	ctx, cancel := context.WithTimeout(ctx, u.handshakeTimeout())
	defer cancel()
	c := tls.Client(nc, u.tls)
	err := c.HandshakeContext(ctx)
	if err == nil && u.settings.Protocol == HTTP2 && c.ConnectionState().NegotiatedProtocol != "h2" {
		err = errors.New("it does not speak HTTP/2 (ALPN)")
	}
	if err != nil {
		nc.Close()
		return nil, handshakeFailure(u.Address, err)
	}
	return c, nil
}

// handshakeFailure says what a failed handshake means. No request was sent.
func handshakeFailure(where string, err error) *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseDial,
		Cause: message.CauseTLSProtocol,
		Again: message.AgainAlways,
		Where: where,
		Err:   err,
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.Canceled):
		f.Party, f.Cause = message.PartySluice, message.CauseInternal
	case errors.Is(err, context.DeadlineExceeded):
		f.Cause = message.CauseConnectionTimeout
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &verify):
		f.Cause = message.CauseTLSCertificate
	case strings.Contains(err.Error(), "EOF"), strings.Contains(err.Error(), "connection reset"):
		f.Cause = message.CauseConnectionTerminated
	}
	return f
}

// tlsSocket is TLS above a socket.Conn, as http1 wants it.
type tlsSocket struct {
	*tls.Conn
	sock *socket.Conn
}

var _ http1.Socket = (*tlsSocket)(nil)

func (s *tlsSocket) SetReadDeadline(t time.Time) error { return s.sock.SetReadDeadline(t) }
func (s *tlsSocket) SetWriteTimeout(d time.Duration)   { s.sock.SetWriteTimeout(d) }
func (s *tlsSocket) Interrupt()                        { s.sock.Interrupt() }
func (s *tlsSocket) Stale() bool                       { return s.sock.Stale() }

// Close closes the socket. What TLS would say at the end would wait for a peer
// that does not read.
func (s *tlsSocket) Close() error { return s.sock.Close() }

// open connects to u, with TLS if it has any.
func (u *Upstream) open(ctx context.Context) (http1.Socket, *message.Failure) {
	nc, f := u.dial(ctx, u.settings.ConnectTimeout)
	if f != nil {
		return nil, f
	}
	sock := socket.New(nc)
	if u.tls == nil {
		return sock, nil
	}
	c, f := u.secure(ctx, sock)
	if f != nil {
		return nil, f
	}
	return &tlsSocket{c, sock}, nil
}
