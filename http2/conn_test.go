package http2

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"sluice/message"
)

func TestExchanges(t *testing.T) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		if r.Refused != nil {
			reply(w, r.Refused.Status(), r.Refused.Err.Error())
			return
		}
		switch string(r.Target) {
		case "/plain":
			reply(w, 200, "hello")
		case "/echo":
			body, err := slurp(r.Body)
			if err != nil {
				t.Error(err)
			}
			var sum string
			if r.Body != nil {
				sum = string(r.Body.Trailers().Get(message.OtherName))
			}
			w.Start(&message.Response{Status: 200, Length: -1})
			w.Write([]byte(body))
			w.Finish(fieldsOf("X-Sum", sum))
		case "/interim":
			w.Inform(&message.Response{Status: 103, Length: -1, Fields: fieldsOf("Link", "a")})
			reply(w, 204, "")
		case "/trailers-only":
			w.Start(&message.Response{Status: 200, Length: 0, Fields: fieldsOf("Grpc-Status", "5", "Date", "d")})
			w.Finish(nil)
		case "/big":
			w.Start(&message.Response{Status: 200, Length: 0, Fields: fieldsOf("A", strings.Repeat("a", 20000), "B", strings.Repeat("b", 20000))})
			w.Finish(nil)
		}
	})
	c := connect(t, s)
	c.open(1, true, "GET", "/plain")
	// RFC 9110 section 6.6.1: who forwards a response without a Date adds it.
	if h := c.head(1); !strings.HasPrefix(h, ":status: 200\ndate: ") || !strings.Contains(h, "content-length: 5\n") {
		t.Errorf("got %q", h)
	}
	if b := c.body(1); b != "hello" {
		t.Errorf("got %q", b)
	}
	c.open(3, true, "HEAD", "/plain")
	if e := c.want("head", func(e event) bool { return e.stream == 3 }); !e.end || !strings.Contains(e.text, "content-length: 5\n") {
		t.Errorf("HEAD: %+v", e)
	}
	c.open(5, false, "POST", "/echo", "content-length", "6")
	c.must(c.WriteData(5, false, []byte("abc")))
	c.must(c.WriteData(5, true, []byte("def")))
	if h, b := c.head(5), c.body(5); strings.Contains(h, "content-length") || b != "abcdef" {
		t.Errorf("got %q %q", h, b)
	}
	// RFC 9113 section 8.1: trailers are a field section that ends the stream.
	c.open(7, false, "POST", "/echo")
	c.must(c.WriteData(7, false, []byte("xyz")))
	c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 7, EndHeaders: true, EndStream: true, BlockFragment: c.fields("x-sum", "3")}))
	c.head(7)
	var data string
	end := c.want("trailers", func(e event) bool { data += dataOf(e); return e.end })
	if data != "xyz" || end.kind != http2.FrameHeaders || end.text != "x-sum: 3\n" {
		t.Errorf("got %q and %+v", data, end)
	}
	c.open(9, true, "GET", "/interim")
	if h := c.head(9); h != ":status: 103\nlink: a\n" {
		t.Errorf("interim %q", h)
	}
	if e := c.want("final", func(e event) bool { return e.kind == http2.FrameHeaders }); !strings.HasPrefix(e.text, ":status: 204\n") || !e.end || strings.Contains(e.text, "content-length") {
		t.Errorf("final %+v", e)
	}
	c.open(11, true, "POST", "/trailers-only")
	if e := c.want("head", func(e event) bool { return e.stream == 11 }); !e.end || e.text != ":status: 200\ncontent-length: 0\ngrpc-status: 5\ndate: d\n" {
		t.Errorf("trailers only: %+v", e)
	}
	c.open(13, true, "GET", "/big")
	if h := c.head(13); len(h) < 40000 {
		t.Errorf("%d bytes of head", len(h))
	}
	// RFC 9113 section 8.1.1: a malformed request is a stream error of type
	// PROTOCOL_ERROR; the answer says what was wrong with it.
	c.open(15, true, "GET", "/plain", "Upper", "case")
	if h := c.head(15); !strings.HasPrefix(h, ":status: 400\n") {
		t.Errorf("malformed: %q", h)
	}
	if code := c.reset(15); code != http2.ErrCodeProtocol {
		t.Errorf("malformed: reset with %s", code)
	}
	eventually(t, "the connection does not count as busy", func() bool { return !c.conn.busy.Load() })
}

func dataOf(e event) string {
	if e.kind == http2.FrameData {
		return e.text
	}
	return ""
}

// RFC 9113 section 8.1: "A server MAY send a complete response prior to the
// client sending an entire request [...] a server MAY request that the client
// abort transmission of a request without error by sending a RST_STREAM with
// an error code of NO_ERROR after sending a complete response."
func TestEarlyAnswer(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) { reply(w, 413, "too much") }))
	c.open(1, false, "POST", "/")
	if b := c.body(1); b != "too much" {
		t.Errorf("got %q", b)
	}
	if code := c.reset(1); code != http2.ErrCodeNo {
		t.Errorf("reset with %s", code)
	}
	// What was under way then is ignored, trailers too (section 5.4.2).
	c.must(c.WriteData(1, false, []byte("more")))
	c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true, EndStream: true, BlockFragment: c.fields("a", "b")}))
	c.open(3, true, "GET", "/")
	if b := c.body(3); b != "too much" {
		t.Errorf("the connection's next answer: %q", b)
	}
}

// The response ends so that nobody takes it for whole, with the code that says
// why; gRPC's clients see that of the upstream.
func TestAbortCodes(t *testing.T) {
	for name, tt := range map[string]struct {
		f    *message.Failure
		want http2.ErrCode
	}{
		"nobody knows": {nil, http2.ErrCodeInternal},
		"upstream":     {&message.Failure{Party: message.PartyUpstream, Cause: message.CauseResponseIncomplete}, http2.ErrCodeInternal},
		"its code":     {&message.Failure{Party: message.PartyUpstream, Code: 0xb}, http2.ErrCodeEnhanceYourCalm},
		"slow client":  {&message.Failure{Party: message.PartyClient, Cause: message.CauseClientSlow}, http2.ErrCodeCancel},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
				w.Start(&message.Response{Status: 200, Length: 10})
				w.Write([]byte("half"))
				w.Flush()
				w.Abort(tt.f)
			}))
			c.open(1, false, "POST", "/")
			if code := c.reset(1); code != tt.want {
				t.Errorf("got %s, want %s", code, tt.want)
			}
			c.must(c.WritePing(false, [8]byte{1}))
			c.want("the answer to a PING", func(e event) bool {
				if e.kind == http2.FrameRSTStream {
					t.Errorf("a second reset with %s", e.code)
				}
				return e.kind == http2.FramePing && e.ack
			})
		})
	}
}

type cancelFunc func()

func (f cancelFunc) Cancel() { f() }

// "A reset stream's upstream attempt is cancelled at once": whatever the
// Exchange does, it learns of the client's reset, and of its code.
func TestResetReachesTheExchange(t *testing.T) {
	for _, path := range []string{"/read", "/write", "/watch", "/watch-late"} {
		t.Run(path, func(t *testing.T) {
			ready, told := make(chan bool, 1), make(chan string, 1)
			c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
				canceled := make(chan bool, 1)
				watch := func() { w.Watch(cancelFunc(func() { canceled <- true })) }
				switch string(r.Target) {
				case "/read":
					ready <- true
					_, err := slurp(r.Body)
					told <- failureText(err)
				case "/write":
					ready <- true
					err := w.Start(&message.Response{Status: 200, Length: -1})
					for err == nil {
						err = w.Write(make([]byte, 32<<10))
					}
					told <- failureText(err)
				case "/watch":
					watch()
					ready <- true
					<-canceled
					told <- failureText(w.Gone())
				case "/watch-late":
					ready <- true
					for w.Gone() == nil {
					}
					watch()
					<-canceled
					told <- failureText(w.Gone())
				}
				w.Watch(nil)
			}))
			c.open(1, false, "POST", path)
			within(t, "the exchange", ready)
			c.must(c.WriteRSTStream(1, http2.ErrCodeCancel))
			if got := within(t, "the failure", told); got != "client body client_gone 8" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Watch: "When it has returned, Cancel is not running and will not be called."
func TestNobodyIsCanceledAfterWatchNil(t *testing.T) {
	var canceled atomic.Bool
	unwatched, done := make(chan bool), make(chan bool)
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		w.Watch(cancelFunc(func() { canceled.Store(true) }))
		w.Watch(nil)
		unwatched <- true
		slurp(r.Body)
		done <- true
	}))
	c.open(1, false, "POST", "/")
	within(t, "Watch(nil)", unwatched)
	c.must(c.WriteRSTStream(1, http2.ErrCodeCancel))
	within(t, "the exchange's end", done)
	if canceled.Load() {
		t.Error("it was canceled")
	}
}

// A client that closes takes all its streams back.
func TestHangupFailsAllExchanges(t *testing.T) {
	began, told := make(chan bool, 3), make(chan string, 3)
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		began <- true
		_, err := slurp(r.Body)
		told <- failureText(err)
	}))
	for id := uint32(1); id <= 5; id += 2 {
		c.open(id, false, "POST", "/")
		within(t, "the exchange", began)
	}
	c.peer.Close()
	for range 3 {
		if got := within(t, "the failure", told); got != "client body client_gone 0" {
			t.Errorf("got %q", got)
		}
	}
	within(t, "Serve's end", c.served)
}

// A bug of ours ends one stream, not its neighbours.
func TestPanicEndsItsStreamOnly(t *testing.T) {
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		if string(r.Target) == "/panic" {
			panic("a bug")
		}
		reply(w, 200, "fine")
	})
	told := make(chan any, 1)
	s.Panicked = func(v any, stack []byte) { told <- v }
	c := connect(t, s)
	c.open(1, true, "GET", "/panic")
	if code := c.reset(1); code != http2.ErrCodeInternal {
		t.Errorf("reset with %s", code)
	}
	if v := within(t, "Panicked", told); v != "a bug" {
		t.Errorf("told of %v", v)
	}
	c.open(3, true, "GET", "/")
	if b := c.body(3); b != "fine" {
		t.Errorf("got %q", b)
	}
}

// Stop: "make a Next that another goroutine waits in, and every later one,
// return ErrStopped soon. Nothing of the body is lost by it."
func TestStoppedBodyLosesNothing(t *testing.T) {
	got := make(chan string, 1)
	stopped := make(chan bool)
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		ended := make(chan error, 1)
		go func() {
			_, err := r.Body.Next()
			ended <- err
		}()
		r.Body.Stop()
		if err := <-ended; !errors.Is(err, message.ErrStopped) {
			t.Errorf("Next says %v", err)
		}
		stopped <- true
		for !bodyCame(w) {
		}
		if _, err := r.Body.Next(); !errors.Is(err, message.ErrStopped) {
			t.Errorf("a later Next says %v", err)
		}
		r.Body.Resume()
		text, err := slurp(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- text
		reply(w, 200, "")
	}))
	c.open(1, false, "POST", "/")
	within(t, "the stop", stopped)
	c.must(c.WriteData(1, true, []byte("all of it")))
	if text := within(t, "the body", got); text != "all of it" {
		t.Errorf("got %q", text)
	}
}

// bodyCame reports that the stream's whole body is in the buffer.
func bodyCame(w message.ResponseWriter) bool {
	st := w.(*responseWriter).st
	st.c.mu.Lock()
	defer st.c.mu.Unlock()
	return st.remoteEnded
}

// RFC 8441: the tunnel's data goes both ways and each side ends its own.
func TestTunnel(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		if string(r.Method) != "GET" || string(r.Upgrade) != "websocket" || !r.Connect || r.Body != nil {
			t.Errorf("got %q, upgrade %q, connect %v", r.Method, r.Upgrade, r.Connect)
		}
		key := string(r.Fields.Get(message.SecWebSocketKey))
		if string(r.Target) == "/wrong" {
			err := w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade, Fields: fieldsOf("Sec-WebSocket-Accept", key)})
			if got := failureText(err); got != "upstream wait http_upgrade_failed 0" {
				t.Errorf("got %q", got)
			}
			w.Abort(failureAccept)
			return
		}
		w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade, Fields: fieldsOf("Sec-WebSocket-Accept", acceptOf(key), "X", "y")})
		w.Flush()
		b := w.Tunnel(patience)
		for {
			p, err := b.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Error(err)
				break
			}
			w.Write([]byte(strings.ToUpper(string(p))))
			w.Flush()
		}
		w.Write([]byte("bye"))
		w.Finish(nil)
	}))
	connectTo := func(stream uint32, path string) {
		c.must(c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, EndHeaders: true, BlockFragment: c.fields(
			":method", "CONNECT", ":protocol", "websocket", ":scheme", "https", ":authority", "h", ":path", path)}))
	}
	connectTo(1, "/chat")
	if h := c.head(1); !strings.HasPrefix(h, ":status: 200\n") || !strings.HasSuffix(h, "x: y\n") || strings.Contains(h, "sec-websocket") {
		t.Errorf("got %q", h)
	}
	for _, word := range []string{"one", "two"} {
		c.must(c.WriteData(1, false, []byte(word)))
		if e := c.want("echo", func(e event) bool { return e.kind == http2.FrameData }); e.text != strings.ToUpper(word) {
			t.Errorf("got %+v", e)
		}
	}
	c.must(c.WriteData(1, true, nil))
	if b := c.body(1); b != "bye" {
		t.Errorf("got %q", b)
	}
	connectTo(3, "/wrong")
	if code := c.reset(3); code != http2.ErrCodeConnect {
		t.Errorf("reset with %s", code)
	}
}
