package http1

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/socket"
)

// scriptUpstream is a peer whose bytes are known beforehand. It never waits.
type scriptUpstream struct {
	in     [][]byte // a Read takes from one of them at most
	after  error    // what a Read gets behind that
	got    bytes.Buffer
	refuse error // of Write
}

func (u *scriptUpstream) Read(p []byte) (int, error) {
	if len(u.in) == 0 {
		return 0, u.after
	}
	n := copy(p, u.in[0])
	if u.in[0] = u.in[0][n:]; len(u.in[0]) == 0 {
		u.in = u.in[1:]
	}
	return n, nil
}

func (u *scriptUpstream) Write(p []byte) (int, error) {
	if u.refuse != nil {
		return 0, u.refuse
	}
	return u.got.Write(p)
}

func (u *scriptUpstream) Close() error                     { return nil }
func (u *scriptUpstream) SetReadDeadline(time.Time) error  { return nil }
func (u *scriptUpstream) SetWriteDeadline(time.Time) error { return nil }
func (u *scriptUpstream) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u *scriptUpstream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (u *scriptUpstream) SetDeadline(time.Time) error      { return nil }

// upstreamSaying returns a connection to an upstream that answers so.
func upstreamSaying(in ...[]byte) (*ClientConn, *scriptUpstream) {
	u := &scriptUpstream{in: in, after: io.EOF}
	return NewClientConn(socket.New(u)), u
}

var testSilence = Silence{Counted: 5 * time.Second, Open: 20 * time.Second, Write: 3 * time.Second}

func get(method string) *message.Request {
	return &message.Request{Method: []byte(method), Target: []byte("/"), Authority: []byte("h")}
}

// outcome is all that an Exchange on an upstream's connection comes to.
type outcome struct {
	interim  []int
	status   int
	length   int64
	fields   string
	body     string
	trailers string
	failure  *message.Failure
	reusable bool
}

// exchange sends r, reads the response to its end and ends the Exchange.
func exchange(t testing.TB, c *ClientConn, r *message.Request) (o outcome) {
	t.Helper()
	c.Begin(r.Method, testSilence)
	defer func() { o.reusable = c.End() }()
	c.SendHead(r)
	if r.Length == 0 {
		if f := c.FinishSending(nil); f != nil {
			o.failure = f
			return o
		}
	}
	for {
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f != nil {
			o.failure = f
			return o
		}
		if resp.Status < 200 && resp.Status != 101 {
			o.interim = append(o.interim, resp.Status)
			continue
		}
		o.status, o.length, o.fields = resp.Status, resp.Length, fieldText(resp.Fields)
		if resp.Body == nil {
			return o
		}
		var err error
		o.body, err = slurp(resp.Body)
		if o.failure = failureOf(err); err != nil && o.failure == nil {
			t.Errorf("an error that is no Failure: %v", err)
		}
		o.trailers = fieldText(resp.Body.Trailers())
		return o
	}
}

func fieldText(fields message.Fields) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	return b.String()
}
