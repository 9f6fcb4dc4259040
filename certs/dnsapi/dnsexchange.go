package dnsapi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// dnsPacket is the room for one answer by UDP. Nobody who was not told
	// otherwise sends more than 512 bytes (RFC 1035 section 4.2.1), but some do.
	dnsPacket = 4096
	// dnsStrays is how many packets that are no answer are read while waiting
	// for one by UDP.
	dnsStrays = 32
)

// dnsExchange sends a message to a server and waits for the answer. The library
// has a client for that, but it does not end when its context is cancelled, and
// takes the first packet with the right ID for the answer.
type dnsExchange struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	timeout time.Duration // from dialing to the answer

	// accept reads a packet, or says why it is no answer to the message. By UDP
	// the waiting then goes on, for anybody can send us packets. It may change
	// the packet.
	accept func(packet []byte) (*dns.Msg, error)
}

// dnsStray is why what a server sent is no answer.
type dnsStray struct{ cause error }

func (s *dnsStray) Error() string { return s.cause.Error() }

func (s *dnsStray) Unwrap() error { return s.cause }

// do sends message by network, "udp" or "tcp", to server, "host:port". When ctx
// has ended, that is the error; when the server sent something that is no
// answer, the error is a *dnsStray.
func (e dnsExchange) do(ctx context.Context, network, server string, message []byte) (*dns.Msg, error) {
	within, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	answer, err := e.converse(within, network, server, message)
	var stray *dnsStray
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case within.Err() != nil && !errors.As(err, &stray):
		return nil, fmt.Errorf("no answer by %s within %v", network, e.timeout)
	}
	return nil, err
}

func (e dnsExchange) converse(ctx context.Context, network, server string, message []byte) (*dns.Msg, error) {
	conn, err := e.dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }) // wakes up what waits
	defer stop()
	if network == "tcp" {
		return e.byTCP(conn, message)
	}
	return e.byUDP(conn, message)
}

// byTCP frames the messages by their length (RFC 1035 section 4.2.2), which
// bounds the answer to 64 KiB.
func (e dnsExchange) byTCP(conn net.Conn, message []byte) (*dns.Msg, error) {
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	if _, err := conn.Write(append(framed, message...)); err != nil {
		return nil, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, fmt.Errorf("read the answer by tcp: %w", err)
	}
	packet := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return nil, fmt.Errorf("read the answer by tcp: %w", err)
	}
	answer, err := e.accept(packet)
	if err != nil {
		return nil, &dnsStray{err}
	}
	return answer, nil
}

// byUDP reads packets until one is the answer. When none comes in time, the
// last that was none says more than that.
func (e dnsExchange) byUDP(conn net.Conn, message []byte) (*dns.Msg, error) {
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	var stray error
	packet := make([]byte, dnsPacket)
	for range dnsStrays {
		n, err := conn.Read(packet)
		if err != nil && stray == nil {
			return nil, err
		}
		if err != nil {
			break
		}
		answer, err := e.accept(packet[:n])
		if err == nil {
			return answer, nil
		}
		stray = err
	}
	return nil, &dnsStray{stray}
}

// dnsAddress is a server with its port: 53 when it has none.
func dnsAddress(server string) string {
	if host, port, err := net.SplitHostPort(server); err == nil && port != "" {
		return net.JoinHostPort(host, port)
	}
	return net.JoinHostPort(strings.Trim(server, "[]"), "53")
}
