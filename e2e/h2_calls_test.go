package e2e

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// These are the shapes of calls that gRPC has ("gRPC over HTTP2",
// PROTOCOL-HTTP2.md), before an origin that speaks HTTP/1.1 with chunks and
// trailers.

// message puts gRPC's prefix before a text: no compression, and the length.
func message(text string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text)))
	return append(b, text...)
}

// readMessage reads one message with its prefix.
func readMessage(r io.Reader) (string, error) {
	var prefix [5]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return "", err
	}
	b := make([]byte, binary.BigEndian.Uint32(prefix[1:]))
	if _, err := io.ReadFull(r, b); err != nil {
		return "", fmt.Errorf("inside a message: %w", err)
	}
	return string(b), nil
}

// serveCalls starts an origin whose answers stream both ways and end with a
// status in the trailers. call returns that status.
func serveCalls(t *testing.T, call func(r *http.Request, send func(string)) string) *origin {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		control.EnableFullDuplex()
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		control.Flush()
		status := call(r, func(text string) {
			w.Write(message(text))
			control.Flush()
		})
		w.Header().Set("Grpc-Status", status)
	})
}

// call is a client's side of one call.
type call struct {
	*http.Response
	t   *testing.T
	out *io.PipeWriter // the request's body
}

// begin begins a call and waits for the head of its response.
func (s *sluice) begin(t *testing.T, ctx context.Context, path string) call {
	t.Helper()
	in, out := io.Pipe()
	r := request(t, "POST", secure+path, in, "Content-Type: application/grpc", "Te: trailers")
	resp, err := s.client2().Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 {
		t.Fatalf("%s %d", resp.Proto, resp.StatusCode)
	}
	return call{resp, t, out}
}

// send sends one message.
func (c call) send(text string) {
	c.t.Helper()
	if _, err := c.out.Write(message(text)); err != nil {
		c.t.Fatal(err)
	}
}

// want reads one message.
func (c call) want(text string) {
	c.t.Helper()
	if got, err := readMessage(c.Body); got != text || err != nil {
		c.t.Fatalf("got message %q, error %v; want %q", got, err, text)
	}
}

// wantEnd wants no more messages, and this status.
func (c call) wantEnd(status string) {
	c.t.Helper()
	if rest, err := io.ReadAll(c.Body); err != nil || len(rest) > 0 {
		c.t.Errorf("after the last message: %q, error %v", rest, err)
	}
	if got := c.Trailer.Get("Grpc-Status"); got != status {
		c.t.Errorf("grpc-status %q in the trailers, want %q", got, status)
	}
}

func TestH2UnaryCall(t *testing.T) {
	t.Parallel()
	up := serveCalls(t, func(r *http.Request, send func(string)) string {
		asked, err := readMessage(r.Body)
		if err != nil {
			return err.Error()
		}
		if _, err := readMessage(r.Body); err != io.EOF {
			return fmt.Sprint("after the message: ", err)
		}
		send("you said " + asked)
		return "0"
	})
	s := start(t, setup{upstreams: []string{up.address}})
	for _, size := range []int{0, 1, 16 << 10, 1 << 20} {
		c := s.begin(t, t.Context(), "/unary")
		text := strings.Repeat("x", size)
		c.send(text)
		c.out.Close()
		c.want("you said " + text)
		c.wantEnd("0")
	}
}

// "Trailers-Only is permitted for calls that produce an immediate error": one
// HEADERS frame that ends the stream, with the status among the fields.
func TestH2TrailersOnly(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "12")
		w.Header().Set("Grpc-Message", "no such method")
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dial2(t)
	c.open(1, false, "POST", "/only", "content-type", "application/grpc", "te", "trailers")
	c.must(c.WriteData(1, true, message("anybody?")))
	h := c.head(1)
	fields := map[string]string{}
	for _, f := range h.Fields {
		fields[f.Name] = f.Value
	}
	if fields[":status"] != "200" || fields["grpc-status"] != "12" || fields["grpc-message"] != "no such method" {
		t.Errorf("got %v", h.Fields)
	}
	if !h.StreamEnded() {
		t.Error("the stream goes on after the HEADERS frame")
	}
}

// Each message arrives before the next is sent, in either direction alone.
func TestH2ServerStreaming(t *testing.T) {
	t.Parallel()
	confirmed := make(chan struct{})
	up := serveCalls(t, func(r *http.Request, send func(string)) string {
		io.Copy(io.Discard, r.Body)
		for i := range 20 {
			send(fmt.Sprint("event ", i))
			select {
			case <-confirmed:
			case <-r.Context().Done():
				return "1"
			}
		}
		return "0"
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.begin(t, t.Context(), "/watch")
	c.out.Close()
	for i := range 20 {
		c.want(fmt.Sprint("event ", i))
		confirmed <- struct{}{}
	}
	c.wantEnd("0")
}

func TestH2ClientStreaming(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	up := serveCalls(t, func(r *http.Request, send func(string)) string {
		for n := 0; ; n++ {
			text, err := readMessage(r.Body)
			if err == io.EOF {
				send(fmt.Sprint(n, " came"))
				return "0"
			}
			if err != nil {
				return err.Error()
			}
			got <- text
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.begin(t, t.Context(), "/collect")
	for i := range 20 {
		text := fmt.Sprint("part ", i)
		c.send(text)
		if came := receive(t, text, got); came != text {
			t.Fatalf("%q arrived, want %q", came, text)
		}
	}
	c.out.Close()
	c.want("20 came")
	c.wantEnd("0")
}

// Ping-pong on many streams of one connection at once: none waits for another.
func TestH2BidirectionalStreaming(t *testing.T) {
	t.Parallel()
	up := serveCalls(t, func(r *http.Request, send func(string)) string {
		for {
			text, err := readMessage(r.Body)
			if err == io.EOF {
				return "0"
			}
			if err != nil {
				return err.Error()
			}
			send("re: " + text)
		}
	})
	s := start(t, setup{upstreams: []string{up.address}})
	client := s.client2()
	var calls []call
	for i := range 20 {
		in, out := io.Pipe()
		resp, err := client.Do(request(t, "POST", fmt.Sprintf("%s/chat/%d", secure, i), in, "Te: trailers"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		calls = append(calls, call{resp, t, out})
	}
	for round := range 10 {
		for i, c := range calls {
			text := fmt.Sprintf("call %d, round %d", i, round)
			c.send(text)
			c.want("re: " + text)
		}
	}
	for _, c := range calls {
		c.out.Close()
		c.wantEnd("0")
	}
}

// "If a client or server cancels an RPC it sends RST_STREAM": whether by
// deadline or by hand, the origin sees its connection end, and not as if the
// client had said all that it had to say.
func TestH2CanceledCallReachesTheOrigin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
		{"cancel", context.WithCancel, context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			up := serveCalls(t, func(r *http.Request, send func(string)) string {
				for {
					text, err := readMessage(r.Body)
					if err != nil {
						ended <- err
						return "1"
					}
					send("re: " + text)
				}
			})
			s := start(t, setup{upstreams: []string{up.address}})
			ctx, cancel := tt.ctx(t.Context())
			defer cancel()
			c := s.begin(t, ctx, "/canceled")
			// Go's client does not look at the context while it waits for more
			// of a request body.
			context.AfterFunc(ctx, func() { c.out.CloseWithError(ctx.Err()) })
			c.send("hello")
			c.want("re: hello")
			if tt.name == "cancel" {
				cancel()
			}
			if err := receive(t, "the origin's end", ended); err == io.EOF {
				t.Error("for the origin the request has ended cleanly")
			}
			if _, err := io.ReadAll(c.Body); !errors.Is(err, tt.want) {
				t.Errorf("the client has %v, want %v", err, tt.want)
			}
			if l := s.line(t, "/canceled"); l.Who != "client" || l.Cause != "client_gone" {
				t.Errorf("the access log has %+v", l)
			}
		})
	}
}

// A field of the call's own passes: "Timeout -> "grpc-timeout"", metadata with
// "-bin", and those of trailers that come after many messages.
func TestH2CallMetadata(t *testing.T) {
	t.Parallel()
	up := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "Grpc-Status, Grpc-Message, X-Cause-Bin")
		fmt.Fprintf(w, "%s|%s|%d", r.Header.Get("Grpc-Timeout"), r.Header.Get("X-Token-Bin"), len(body))
		w.Header().Set("Grpc-Status", "5")
		w.Header().Set("Grpc-Message", "nicht%20gefunden")
		w.Header().Set("X-Cause-Bin", "AAEC")
	})
	s := start(t, setup{upstreams: []string{up.address}})
	c := s.dial2(t)
	c.open(1, false, "POST", "/meta", "te", "trailers", "grpc-timeout", "250m", "x-token-bin", "/+8=")
	c.must(c.WriteData(1, true, message("")))
	if h := c.head(1); h.PseudoValue("status") != "200" || h.StreamEnded() {
		t.Fatalf("got %v", h.Fields)
	}
	var body []byte
	var tail *http2.MetaHeadersFrame
	c.until("the trailers", func(f http2.Frame) bool {
		switch f := f.(type) {
		case *http2.DataFrame:
			body = append(body, f.Data()...)
		case *http2.MetaHeadersFrame:
			tail = f
		}
		return tail != nil
	})
	if string(body) != "250m|/+8=|5" {
		t.Errorf("the origin saw %s", body)
	}
	got := map[string]string{}
	for _, f := range tail.Fields {
		got[f.Name] = f.Value
	}
	if !tail.StreamEnded() || len(got) != 3 || got["grpc-status"] != "5" || got["grpc-message"] != "nicht%20gefunden" || got["x-cause-bin"] != "AAEC" {
		t.Errorf("trailers %v, end of stream %v", tail.Fields, tail.StreamEnded())
	}
}
