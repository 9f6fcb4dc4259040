package http1

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sluice/message"
	"sluice/socket"
)

// scriptConn is a client's connection whose bytes are known beforehand. It
// never waits, so a Server serves it on the test's own goroutine and whatever
// happens happens again the same way.
type scriptConn struct {
	in       [][]byte // what arrives; a Read takes from one of them at most
	after    error    // what a Read gets behind that: io.EOF or a time-out
	draining bool

	out         bytes.Buffer
	interrupted bool
	writeEnded  bool // CloseWrite
	closed      bool
	aborted     bool
}

func (c *scriptConn) Read(p []byte) (int, error) {
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case c.interrupted:
		return 0, socket.ErrInterrupted
	case len(c.in) == 0:
		return 0, c.after
	}
	n := copy(p, c.in[0])
	if c.in[0] = c.in[0][n:]; len(c.in[0]) == 0 {
		c.in = c.in[1:]
	}
	return n, nil
}

func (c *scriptConn) Await() error {
	if len(c.in) == 0 && c.after != io.EOF {
		return c.after
	}
	return nil
}

func (c *scriptConn) Write(p []byte) (int, error) {
	if c.closed || c.writeEnded {
		return 0, net.ErrClosed
	}
	return c.out.Write(p)
}

func (c *scriptConn) CloseWrite() error                   { c.writeEnded = true; return nil }
func (c *scriptConn) Close() error                        { c.closed = true; return nil }
func (c *scriptConn) Abort()                              { c.closed, c.aborted = true, true }
func (c *scriptConn) Interrupt()                          { c.interrupted = true }
func (c *scriptConn) Resume()                             { c.interrupted = false }
func (c *scriptConn) Draining() bool                      { return c.draining }
func (c *scriptConn) SetReadDeadline(time.Time) error     { return nil }
func (c *scriptConn) SetWriteTimeout(time.Duration)       {}
func (c *scriptConn) OnHangup(socket.HangupHandler) error { return errors.ErrUnsupported }

// segments returns in cut into pieces of n bytes.
func segments(in string, n int) (out [][]byte) {
	for len(in) > n {
		out = append(out, []byte(in[:n]))
		in = in[n:]
	}
	if len(in) > 0 {
		out = append(out, []byte(in))
	}
	return out
}

// newServer returns a Server with limits that no test reaches by chance.
func newServer(handle func(*message.Request, message.ResponseWriter)) *Server {
	return &Server{Handle: handle, Limits: testLimits,
		HeaderTimeout: 10 * time.Second, BodyTimeout: 5 * time.Second, IdleTimeout: 30 * time.Second}
}

var testClient = &message.Client{Protocol: "HTTP/1.1"}

// play serves what a client sends in these segments and then ends, and
// returns the connection afterwards.
func play(t testing.TB, s *Server, in ...[]byte) *scriptConn {
	t.Helper()
	return playOn(t, s, &scriptConn{in: in, after: io.EOF})
}

func playOn(t testing.TB, s *Server, c *scriptConn) *scriptConn {
	t.Helper()
	s.Serve(c, testClient)
	if !c.closed {
		t.Error("Serve returned and left the connection open")
	}
	return c
}

var dateLine = regexp.MustCompile(`Date: [A-Z][a-z][a-z], \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT\r\n`)

// text returns what the client got, without Date fields.
func (c *scriptConn) text() string { return dateLine.ReplaceAllString(c.out.String(), "") }

// slurp reads a whole body.
func slurp(b message.Body) (string, error) {
	if b == nil {
		return "", nil
	}
	var all strings.Builder
	for {
		p, err := b.Next()
		if err == io.EOF {
			return all.String(), nil
		}
		if err != nil {
			return all.String(), err
		}
		if len(p) == 0 {
			return all.String(), errors.New("Next returned an empty piece without an error")
		}
		all.Write(p)
	}
}

// reply writes a whole response.
func reply(w message.ResponseWriter, status int, body string, fields ...message.Field) error {
	r := &message.Response{Status: status, Fields: fields, Length: int64(len(body))}
	if err := w.Start(r); err != nil {
		return err
	}
	if err := w.Write([]byte(body)); err != nil {
		return err
	}
	return w.Finish(nil)
}

// field makes a field of a response.
func field(name, value string) message.Field {
	return message.Field{Name: []byte(name), Value: []byte(value), ID: message.NameOf([]byte(name))}
}

// echo answers with what it has read of the request.
func echo(r *message.Request, w message.ResponseWriter) {
	if r.Refused != nil {
		reply(w, r.Refused.Status(), "")
		return
	}
	body, err := slurp(r.Body)
	if err != nil {
		var f *message.Failure
		if errors.As(err, &f) && f.Cause != message.CauseClientGone {
			reply(w, f.Status(), "")
		} else {
			w.Abort(nil)
		}
		return
	}
	reply(w, 200, body, field("Seen", string(r.Method)+" "+string(r.Target)+" "+string(r.Authority)))
}

// ignore answers without a look at the body.
func ignore(r *message.Request, w message.ResponseWriter) {
	if r.Refused != nil {
		reply(w, r.Refused.Status(), "")
		return
	}
	reply(w, 200, "", field("Seen", string(r.Method)+" "+string(r.Target)))
}

// echoed is echo's answer on a connection that persists.
func echoed(method, target, body string) string {
	return "HTTP/1.1 200 OK\r\nSeen: " + method + " " + target + " h\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// chunks returns body chunked, size bytes each, without the last chunk.
func chunks(body string, size int) string {
	var b strings.Builder
	for _, p := range segments(body, size) {
		b.WriteString(strconv.FormatInt(int64(len(p)), 16) + "\r\n" + string(p) + "\r\n")
	}
	return b.String()
}

// lettered returns n bytes in which every place can be told from the others near.
func lettered(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + (i+i/26)%26)
	}
	return string(b)
}

var errSilent error = os.ErrDeadlineExceeded
