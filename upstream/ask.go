package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"sluice/message"
)

// maxCheckBody is how much of a check's answer is looked at.
const maxCheckBody = 64 << 10

// ask does one probe or check. Checks are off the data path, so those by HTTP
// use net/http.
func (u *Upstream) ask(ctx context.Context) *message.Failure {
	c := &u.settings.Check
	timeout := u.settings.ConnectTimeout
	switch {
	case c.Active():
		timeout = c.Timeout
	case u.tls != nil:
		timeout += u.handshakeTimeout()
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	nc, f := u.dial(ctx, timeout)
	if f != nil {
		return f
	}
	defer nc.Close()
	deadline, _ := ctx.Deadline()
	nc.SetDeadline(deadline)
	if u.tls != nil {
		// Requests need the handshake, too.
		secure, f := u.secure(ctx, nc)
		if f != nil {
			return f
		}
		nc = secure
	}
	switch {
	case c.Kind == CheckHTTP:
		return checkFailure(u.Address, u.askHTTP(ctx, nc))
	case c.Kind == CheckTLS && u.tls == nil:
		// Whether it speaks TLS at all is asked, not who it is.
		return checkFailure(u.Address, tls.Client(nc, &tls.Config{InsecureSkipVerify: true, ServerName: c.Host}).HandshakeContext(ctx))
	}
	return nil
}

// askHTTP makes the check's request on a connection of its own.
func (u *Upstream) askHTTP(ctx context.Context, nc net.Conn) error {
	c := &u.settings.Check
	scheme := "http://"
	if u.tls != nil {
		scheme = "https://"
	}
	r, err := http.NewRequestWithContext(ctx, c.Method, scheme+u.Address+c.Path, nil)
	if err != nil {
		return err
	}
	if r.Host = c.Host; r.Host == "" {
		r.Host = u.hostPort()
	}
	r.Header.Set("User-Agent", "sluice-health")
	r.Close = true
	once := func(context.Context, string, string) (net.Conn, error) { return nc, nil }
	transport := &http.Transport{
		Protocols:              new(http.Protocols),
		DialContext:            once,
		DialTLSContext:         once,
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxCheckBody,
	}
	defer transport.CloseIdleConnections()
	transport.Protocols.SetHTTP1(u.settings.Protocol == HTTP1)
	transport.Protocols.SetHTTP2(u.settings.Protocol == HTTP2 && u.tls != nil)
	transport.Protocols.SetUnencryptedHTTP2(u.settings.Protocol == HTTP2 && u.tls == nil)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return c.judge(resp)
}

// judge says what is wrong with the answer to a check.
func (c *Check) judge(resp *http.Response) error {
	if resp.StatusCode < c.From || resp.StatusCode > c.To {
		return fmt.Errorf("status %d, %d to %d was expected", resp.StatusCode, c.From, c.To)
	}
	if c.Body == "" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxCheckBody))
	if bytes.Contains(body, []byte(c.Body)) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%q is not in the answer's first %d bytes", c.Body, len(body))
}

// hostPort returns what a client that knows only this server would put into
// Host.
func (u *Upstream) hostPort() string {
	if u.Name == "" {
		return u.Address
	}
	return net.JoinHostPort(u.Name, u.Address[strings.LastIndexByte(u.Address, ':')+1:])
}

// checkFailure says what a failed check means.
func checkFailure(where string, err error) *message.Failure {
	if err == nil {
		return nil
	}
	f := &message.Failure{
		Party: message.PartyUpstream,
		Phase: message.PhaseWait,
		Cause: message.CauseResponseInvalid,
		Again: message.AgainAlways,
		Where: where,
		Err:   fmt.Errorf("health check: %w", err),
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		f.Party = message.PartySluice
	case errors.As(err, &timeout) && timeout.Timeout():
		f.Cause = message.CauseConnectionReadTimeout
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		f.Cause = message.CauseConnectionTerminated
	}
	return f
}
