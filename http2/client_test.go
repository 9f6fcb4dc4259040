package http2

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sluice/message"
	"sluice/socket"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// testConn is a client's connection as a listener would hand it over.
type testConn struct {
	*socket.Conn
	draining atomic.Bool
	busy     atomic.Bool
	told     bool // owned by the reader
}

var errEnd = errors.New("asked to end")

func (c *testConn) Draining() bool    { return c.draining.Load() }
func (c *testConn) BeginAnew()        {}
func (c *testConn) SetBusy(busy bool) { c.busy.Store(busy) }

// Await is a listener.Conn's: a drain interrupts it, once.
func (c *testConn) Await() error {
	err := socket.ErrInterrupted
	if !c.draining.Load() || c.told {
		err = c.Conn.Await()
	}
	if errors.Is(err, socket.ErrInterrupted) && c.draining.Load() && !c.told {
		c.told = true
		c.Conn.Resume()
		return errEnd
	}
	return err
}

// drain asks the connection to end.
func (c *testConn) drain() {
	c.draining.Store(true)
	c.Conn.Interrupt()
}

// testClient describes the client to a Server.
var testClient = &message.Client{Addr: "192.0.2.1", Protocol: "HTTP/2", Secure: true}

// newServer returns a Server with the defaults of the configuration.
func newServer(handle func(*message.Request, message.ResponseWriter)) *Server {
	return &Server{
		Handle: handle,
		Limits: Limits{Head: 32 << 10, Fields: 128},
		Abuse:  Abuse{Resets: 400, Errors: 100, ControlFrames: 2000, Continuations: 8, MinProgress: 4 << 10},

		HeaderTimeout: 10 * time.Second, BodyTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second,
		MaxStreams: 100, MaxWindow: 20 << 20,
	}
}

// event is a frame that the client has got.
type event struct {
	kind   http2.FrameType
	stream uint32
	end    bool // END_STREAM
	ack    bool
	text   string // data, or fields as "name: value" lines
	code   http2.ErrCode
	last   uint32 // of GOAWAY
	n      uint32 // of WINDOW_UPDATE; of SETTINGS: MAX_CONCURRENT_STREAMS
}

// client is an HTTP/2 client that says what a test says and notes what comes.
type client struct {
	*http2.Framer
	t      testing.TB
	peer   net.Conn
	conn   *testConn
	enc    *hpack.Encoder
	block  strings.Builder
	events chan event
	served chan struct{} // closed when Serve has returned
}

// connect serves a connection over loopback and greets.
func connect(t testing.TB, s *Server, own ...http2.Setting) *client {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	peer.SetDeadline(time.Now().Add(6 * patience))
	return converse(t, s, ours, peer, own...)
}

// converse serves one end of a connection and is the client at the other.
func converse(t testing.TB, s *Server, ours, peer net.Conn, own ...http2.Setting) *client {
	t.Helper()
	c := newClient(t, ours, peer)
	c.begin(func() { s.Serve(c.conn, testClient) })
	c.greet(own...)
	return c
}

func newClient(t testing.TB, ours, peer net.Conn) *client {
	c := &client{Framer: http2.NewFramer(peer, peer), t: t, peer: peer, conn: &testConn{Conn: socket.New(ours)},
		events: make(chan event, 1<<16), served: make(chan struct{})}
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.enc = hpack.NewEncoder(&c.block)
	return c
}

// begin has the connection served, and listens.
func (c *client) begin(serve func()) {
	go func() { defer close(c.served); serve() }()
	listened := make(chan struct{})
	go func() { defer close(listened); c.listen() }()
	c.t.Cleanup(func() { c.peer.Close(); <-c.served; <-listened })
}

// greet sends the preface and waits until the server has read it.
func (c *client) greet(own ...http2.Setting) {
	c.t.Helper()
	if _, err := io.WriteString(c.peer, http2.ClientPreface); err != nil {
		c.t.Fatal(err)
	}
	c.must(c.WriteSettings(own...))
	c.want("our SETTINGS' acknowledgment", func(e event) bool { return e.kind == http2.FrameSettings && e.ack })
}

// listen notes all that comes until the connection ends.
func (c *client) listen() {
	defer close(c.events)
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return
		}
		h := f.Header()
		e := event{kind: h.Type, stream: h.StreamID}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			e.end = f.StreamEnded()
			for _, field := range f.Fields {
				e.text += field.Name + ": " + field.Value + "\n"
			}
		case *http2.DataFrame:
			e.end, e.text = f.StreamEnded(), string(f.Data())
		case *http2.RSTStreamFrame:
			e.code = f.ErrCode
		case *http2.GoAwayFrame:
			e.code, e.last, e.text = f.ErrCode, f.LastStreamID, string(f.DebugData())
		case *http2.PingFrame:
			e.ack, e.text = f.IsAck(), string(f.Data[:])
		case *http2.SettingsFrame:
			e.ack = f.IsAck()
			e.n, _ = f.Value(http2.SettingMaxConcurrentStreams)
		case *http2.WindowUpdateFrame:
			e.n = f.Increment
		}
		c.events <- e
	}
}

func (c *client) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// want returns the next event that is right, past those that are not.
func (c *client) want(what string, right func(event) bool) event {
	c.t.Helper()
	timer := time.NewTimer(5 * time.Minute) // long, for bubbles in which an hour is nothing
	defer timer.Stop()
	for {
		select {
		case e, more := <-c.events:
			if !more {
				c.t.Fatalf("%s: the connection has ended", what)
			}
			if right(e) {
				return e
			}
		case <-timer.C:
			c.t.Fatalf("%s: has not come", what)
		}
	}
}

// head waits for a response head.
func (c *client) head(stream uint32) string {
	c.t.Helper()
	return c.want("head", func(e event) bool { return e.kind == http2.FrameHeaders && e.stream == stream }).text
}

// body waits for the rest of a body, to the end of its stream.
func (c *client) body(stream uint32) (text string) {
	c.t.Helper()
	c.want("body", func(e event) bool {
		if e.stream == stream && e.kind == http2.FrameData {
			text += e.text
		}
		return e.stream == stream && e.end
	})
	return text
}

// reset waits for a RST_STREAM and returns its code.
func (c *client) reset(stream uint32) http2.ErrCode {
	c.t.Helper()
	return c.want("reset", func(e event) bool { return e.kind == http2.FrameRSTStream && e.stream == stream }).code
}

// thrownOut waits for the connection's end and returns the last GOAWAY's code.
func (c *client) thrownOut() (code http2.ErrCode) {
	c.t.Helper()
	code = 0xff
	timer := time.NewTimer(5 * time.Minute)
	defer timer.Stop()
	for {
		select {
		case e, more := <-c.events:
			if !more {
				return code
			}
			if e.kind == http2.FrameGoAway {
				code = e.code
			}
		case <-timer.C:
			c.t.Fatal("the connection goes on")
		}
	}
}

// fields encodes "name", "value", ... as a block.
func (c *client) fields(pairs ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		c.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return []byte(c.block.String())
}

// open sends a request head.
func (c *client) open(stream uint32, end bool, method, path string, more ...string) {
	c.t.Helper()
	c.must(c.tryOpen(stream, end, method, path, more...))
}

// tryOpen sends one to a server that may have hung up.
func (c *client) tryOpen(stream uint32, end bool, method, path string, more ...string) error {
	pairs := append([]string{":method", method, ":scheme", "https", ":authority", "h", ":path", path}, more...)
	return c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, EndStream: end, BlockFragment: c.fields(pairs...)})
}

// reply answers with a body of known length.
func reply(w message.ResponseWriter, status int, body string) {
	if w.Start(&message.Response{Status: status, Length: int64(len(body))}) == nil && body != "" {
		w.Write([]byte(body))
	}
	w.Finish(nil)
}

// slurp reads a body.
func slurp(b message.Body) (text string, err error) {
	if b == nil {
		return "", nil
	}
	for {
		p, err := b.Next()
		text += string(p)
		if err == io.EOF {
			return text, nil
		}
		if err != nil {
			return text, err
		}
	}
}

// failureText says in a line what a failure is.
func failureText(err error) string {
	var f *message.Failure
	if !errors.As(err, &f) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s %s %s %d", f.Party, f.Phase, f.Cause, f.Code)
}

// within returns what comes on a channel.
func within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: not within %v", what, patience)
		panic("unreachable")
	}
}

// eventually polls for what follows soon after what the client sees.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond) // who looks without a pause keeps others from the core
	defer tick.Stop()
	for end := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}
