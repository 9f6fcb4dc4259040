package upstream

import (
	"context"
	"errors"
	"net"
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

// dial connects to u within the timeout.
func (u *Upstream) dial(ctx context.Context, timeout time.Duration) (net.Conn, *message.Failure) {
	nc, err := u.fleet.connect(ctx, timeout, u.Address)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errEnding
		}
		return nil, dialFailure(u.Address, err)
	}
	return nc, nil
}

// errEnding is the error of a dial that we have broken off because we end.
var errEnding = errors.New("the dial was broken off because Sluice is ending")

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
		if err == errEnding {
			f.Party, f.Cause = message.PartySluice, message.CauseInternal
		}
		if errors.As(err, &timeout) && timeout.Timeout() {
			f.Cause = message.CauseConnectionTimeout
		}
	}
	return f
}
