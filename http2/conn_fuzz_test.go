package http2

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sluice/message"
)

// tape is a connection whose client has said all that it will ever say, and
// reads everything.
type tape struct {
	in     []byte
	mu     sync.Mutex
	quiet  sync.Cond
	busy   bool
	out    bytes.Buffer
	closed bool
}

func newTape(in []byte) *tape {
	t := &tape{in: in}
	t.quiet.L = &t.mu
	return t
}

func (t *tape) Read(p []byte) (int, error) {
	if len(t.in) == 0 {
		return 0, t.Await()
	}
	n := copy(p, t.in)
	t.in = t.in[n:]
	return n, nil
}

// Await says at the end of the tape that the client has hung up, when the
// Exchanges have had their time.
func (t *tape) Await() error {
	if len(t.in) > 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.busy && !t.closed {
		t.quiet.Wait()
	}
	return io.EOF
}

func (t *tape) SetBusy(busy bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy = busy
	t.quiet.Broadcast()
}

func (t *tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return 0, net.ErrClosed
	}
	return t.out.Write(p)
}

func (t *tape) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.quiet.Broadcast()
	return nil
}

func (t *tape) CloseWrite() error               { return nil }
func (t *tape) Abort()                          { t.Close() }
func (t *tape) Interrupt()                      {}
func (t *tape) Resume()                         {}
func (t *tape) Draining() bool                  { return false }
func (t *tape) BeginAnew()                      {}
func (t *tape) SetReadDeadline(time.Time) error { return nil }
func (t *tape) SetWriteTimeout(d time.Duration) {}

// FuzzServerConn gives the server any bytes, or any frames. It must come to an
// end without a panic, hold no more than its windows allow, and what it has
// answered must be whole frames in an order that a client takes.
func FuzzServerConn(f *testing.F) {
	for _, a := range append(slices.Clone(attacks), ordinary) {
		f.Add(recorded(a), false)
	}
	f.Add([]byte(nil), false)
	f.Add([]byte("\x01\x05\x01\x01\x00\x01\x04\x03\x01\x01\x00\x00\x03\x20\x03\x00\x04\x01\x04\x00\x00\x00\x08"), true)
	f.Fuzz(func(t *testing.T, in []byte, shaped bool) {
		if len(in) > 1<<18 {
			t.Skip("longer than is useful")
		}
		if shaped {
			in = shape(in)
		}
		client := newTape(append([]byte(preface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"), in...))
		s := newServer(fuzzedExchange)
		s.BodyTimeout = 5 * time.Millisecond
		s.MaxStreams, s.MaxWindow = 10, 1<<20
		c := newConn(s, client, testClient)
		s.workers.enter()
		defer s.workers.leave()
		served := make(chan bool)
		go func() { c.serve(); close(served) }()
		select {
		case <-served:
		case <-time.After(patience):
			t.Fatal("the connection goes on")
		}
		checkAnswers(t, client.out.Bytes())
		checkAccounts(t, c)
	})
}

// checkAccounts wants that all was given back that streams have held.
func checkAccounts(t *testing.T, c *conn) {
	fresh := newInflow(c.srv)
	if n := c.inflow.window + c.inflow.unsaid; n != fresh.window {
		t.Errorf("the connection's window is %d, want %d", n, fresh.window)
	}
	if c.inflow.reserve != fresh.reserve || c.srv.growth.granted.Load() != 0 {
		t.Errorf("streams hold %d bytes of growth, of all connections %d", fresh.reserve-c.inflow.reserve, c.srv.growth.granted.Load())
	}
	if len(c.streams) > 0 || c.occupied != 0 || c.outbox.waiting != 0 {
		t.Errorf("%d streams, %d places and %d in queues are left", len(c.streams), c.occupied, c.outbox.waiting)
	}
}

// ordinary is what a good client does.
var ordinary = attack{step: func(c *client, i int) error {
	switch i {
	case 0:
		c.tryOpen(1, false, "POST", "/echo", "content-length", "3", "priority", "u=0, i")
		return c.WriteData(1, true, []byte("abc"))
	case 1:
		c.tryOpen(3, false, "POST", "/echo")
		c.WriteDataPadded(3, false, []byte("abc"), []byte{0, 0})
		return c.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, EndHeaders: true, EndStream: true, BlockFragment: c.fields("x", "y")})
	case 2:
		c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
		return c.tryOpen(5, true, "GET", "/large")
	case 3:
		c.WriteWindowUpdate(5, 1<<20)
		return c.WriteGoAway(0, http2.ErrCodeNo, nil)
	}
	return io.EOF
}}

// shape makes frames of any bytes, so that most of them are past the checks of
// their outside: kind, flags, stream and length are one byte each. A length of
// 250 and more stands for a large frame, and HEADERS are a ready section in
// most cases.
func shape(in []byte) (out []byte) {
	for len(in) >= 4 && len(out) < 1<<20 {
		h := frameHeader{kind: frameType(in[0] % 12), flags: in[1], stream: uint32(in[2] % 32)}
		n := min(int(in[3]), len(in)-4)
		payload := in[4 : 4+n]
		if in[3] >= 250 {
			payload = make([]byte, int(in[3]-249)*2700)
		}
		if h.kind == frameHeaders && in[3]%8 != 7 {
			payload = sections[int(in[3])%len(sections)]
			h.flags &= flagEndStream | flagEndHeaders
		}
		h.length = len(payload)
		out = append(appendFrameHeader(out, h), payload...)
		in = in[4+n:]
	}
	return out
}

// sections are field sections without use of the dynamic table.
var sections = func() (all [][]byte) {
	var b strings.Builder
	enc := hpack.NewEncoder(&b)
	enc.SetMaxDynamicTableSize(0)
	section := func(pairs ...string) {
		b.Reset()
		for i := 0; i < len(pairs); i += 2 {
			enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
		}
		all = append(all, []byte(b.String()))
	}
	request := func(method, path string, more ...string) {
		section(append([]string{":method", method, ":scheme", "https", ":authority", "h", ":path", path}, more...)...)
	}
	request("GET", "/large")
	request("POST", "/echo")
	request("POST", "/echo", "content-length", "10")
	request("POST", "/hold")
	request("GET", "/large", "priority", "u=7, i")
	request("CONNECT", "/chat", ":protocol", "websocket")
	section("x-trailer", "value")
	return all
}()

// recorded returns what an attack sends.
func recorded(a attack) []byte {
	var out bytes.Buffer
	c := &client{Framer: http2.NewFramer(&out, nil)}
	c.enc = hpack.NewEncoder(&c.block)
	for i := range 30 {
		if a.step(c, i) != nil {
			break
		}
	}
	return out.Bytes()
}

// fuzzedExchange does one of the things that an Exchange may do.
func fuzzedExchange(r *message.Request, w message.ResponseWriter) {
	switch {
	case r.Refused != nil:
		reply(w, r.Refused.Status(), "no")
	case r.Upgrade != nil:
		w.Start(&message.Response{Status: 101, Fields: fieldsOf("Sec-WebSocket-Accept", acceptOf(string(r.Fields.Get(message.SecWebSocketKey))))})
		w.Flush()
		copyBody(w, w.Tunnel(20*time.Millisecond))
	case string(r.Target) == "/hold":
		gone := canceled(w)
		select {
		case <-gone:
		case <-time.After(time.Millisecond):
		}
		w.Watch(nil)
		reply(w, 504, "")
	case string(r.Target) == "/large":
		reply(w, 200, strings.Repeat("x", 100_000))
	case len(r.Target)%3 == 0:
		w.Abort(nil)
	case r.Body != nil:
		w.Inform(&message.Response{Status: 103, Length: -1})
		if w.Start(&message.Response{Status: 200, Length: -1}) == nil {
			copyBody(w, r.Body)
		}
	default:
		reply(w, 200, "hello")
	}
}

func copyBody(w message.ResponseWriter, b message.RequestBody) {
	for {
		p, err := b.Next()
		if err == io.EOF {
			w.Finish(slices.Clone(b.Trailers()))
			return
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			w.Abort(nil)
			return
		}
		if err != nil || w.Write(p) != nil || w.Flush() != nil {
			w.Abort(nil)
			return
		}
	}
}

// checkAnswers reads what a server has sent as a client would.
func checkAnswers(t *testing.T, out []byte) {
	r := bytes.NewReader(out)
	f := http2.NewFramer(nil, r)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.MaxHeaderListSize = 1 << 20
	began, ended := map[uint32]bool{}, map[uint32]bool{}
	away := false
	for {
		frame, err := f.ReadFrame()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("with %d of %d bytes left: %v", r.Len(), len(out), err)
		}
		h := frame.Header()
		end := false
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			end = frame.StreamEnded()
			if status := frame.PseudoValue("status"); !began[h.StreamID] && (len(status) != 3 || status[0] != '1') {
				began[h.StreamID] = true
			}
		case *http2.DataFrame:
			end = frame.StreamEnded()
			if !began[h.StreamID] {
				t.Fatalf("data of stream %d before its head", h.StreamID)
			}
		case *http2.RSTStreamFrame:
			ended[h.StreamID] = true
			continue
		case *http2.GoAwayFrame:
			away = true
			continue
		default:
			continue
		}
		if ended[h.StreamID] {
			t.Fatalf("a %s frame of stream %d behind its end", h.Type, h.StreamID)
		}
		if away {
			continue
		}
		ended[h.StreamID] = end
	}
}
