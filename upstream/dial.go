package upstream

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"sluice/message"
)

// connectFunc connects to an IP address and port within the timeout.
type connectFunc func(ctx context.Context, timeout time.Duration, address string) (net.Conn, error)

// connectTCP is the connectFunc of the real world. Keep-alive probes find a
// machine that vanished under a long exchange (a WebSocket) after a minute;
// TCP_NODELAY is Go's default.
func connectTCP(ctx context.Context, timeout time.Duration, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: timeout,
		KeepAliveConfig: net.KeepAliveConfig{
			Enable: true, Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3,
		},
	}
	nc, err := d.DialContext(ctx, "tcp", address)
	if err == nil && selfConnected(nc) {
		nc.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: nc.RemoteAddr(), Err: syscall.ECONNREFUSED}
	}
	return nc, err
}

// selfConnected reports that a dial to a local port that nobody listens on was
// given that same port as its own, and so reached itself. What we would send
// there we would read back as the answer. (net tries twice more and then lets
// it be.)
func selfConnected(nc net.Conn) bool {
	return nc.LocalAddr().String() == nc.RemoteAddr().String()
}

// dial connects to one of u's addresses, all tries together within the
// ConnectTimeout.
func (p *Pool) dial(ctx context.Context, u *Upstream) (net.Conn, netip.AddrPort, *message.Failure) {
	list := u.addresses.Load()
	if list == nil {
		return nil, netip.AddrPort{}, unresolved(u.Address, errNoAnswer)
	}
	var failure *message.Failure
	began := time.Now()
	deadline := began.Add(p.ConnectTimeout)
	order := list.order(began)
	for i, a := range order {
		// What is left of the time is shared by the addresses left, so that
		// one that swallows everything leaves a chance to the next.
		timeout := time.Until(deadline) / time.Duration(len(order)-i)
		if timeout <= 0 {
			break
		}
		nc, err := p.connect(ctx, timeout, a.text)
		if err == nil {
			return nc, a.addr, nil
		}
		failure = dialFailure(u.Address, err)
		if failure.Party == message.PartySluice {
			break
		}
		a.avoid(time.Now())
	}
	return nil, netip.AddrPort{}, failure
}

// dialFailure says what a failed dial means. Nothing was sent, so it may
// always be tried again elsewhere.
func dialFailure(where string, err error) *message.Failure {
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseDial,
		Cause: message.CauseConnectionTerminated,
		Again: message.AgainAlways,
		Where: where,
		Err:   err,
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	var timeout net.Error
	switch errno {
	case syscall.ECONNREFUSED:
		f.Cause = message.CauseConnectionRefused
	case syscall.ETIMEDOUT:
		f.Cause = message.CauseConnectionTimeout
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN,
		syscall.EAFNOSUPPORT, syscall.EINVAL, // no IPv6 here
		syscall.EACCES, syscall.EPERM: // a firewall says so
		f.Cause = message.CauseDestinationUnroutable
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.EADDRNOTAVAIL, syscall.EAGAIN: // out of descriptors, memory, local ports
		f.Party, f.Cause = message.PartySluice, message.CauseConnectionLimit
	default:
		if errors.As(err, &timeout) && timeout.Timeout() {
			f.Cause = message.CauseConnectionTimeout
		}
	}
	return f
}
