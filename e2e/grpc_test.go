package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawCodec carries strings as they are, so that no code must be generated.
type rawCodec struct{}

func (rawCodec) Name() string                       { return "raw" }
func (rawCodec) Marshal(v any) ([]byte, error)      { return []byte(*v.(*string)), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*string) = string(data); return nil }

// echoService is the service, spoken by grpc-go on both ends.
type echoService struct {
	canceled chan error // what ended the calls that wait
}

func (e *echoService) desc() *grpc.ServiceDesc {
	stream := func(name string, client, server bool, handle func(grpc.ServerStream) error) grpc.StreamDesc {
		return grpc.StreamDesc{StreamName: name, ClientStreams: client, ServerStreams: server,
			Handler: func(_ any, s grpc.ServerStream) error { return handle(s) }}
	}
	return &grpc.ServiceDesc{
		ServiceName: "test.Echo",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Unary", Handler: e.unary}},
		Streams: []grpc.StreamDesc{
			stream("Server", false, true, e.server), stream("Client", true, false, e.client),
			stream("Both", true, true, e.both), stream("Wait", true, true, e.wait), stream("Breaks", true, true, e.breaks),
		},
	}
}

func (e *echoService) unary(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var in string
	if err := decode(&in); err != nil {
		return nil, err
	}
	md, _ := metadata.FromIncomingContext(ctx)
	grpc.SetHeader(ctx, metadata.Pairs("x-head-bin", strings.Join(md.Get("x-token-bin"), ",")))
	grpc.SetTrailer(ctx, metadata.Pairs("x-tail", "in the end"))
	if in == "unknown" {
		return nil, status.Error(codes.NotFound, "nicht gefunden: 100 %")
	}
	return &in, nil
}

func (e *echoService) server(s grpc.ServerStream) error {
	var in string
	if err := s.RecvMsg(&in); err != nil {
		return err
	}
	for i := range 50 {
		out := fmt.Sprint(in, " ", i)
		if err := s.SendMsg(&out); err != nil {
			return err
		}
	}
	return nil
}

func (e *echoService) client(s grpc.ServerStream) error {
	n := 0
	for {
		var in string
		if err := s.RecvMsg(&in); err == io.EOF {
			out := fmt.Sprint(n)
			return s.SendMsg(&out)
		} else if err != nil {
			return err
		}
		n += len(in)
	}
}

func (e *echoService) both(s grpc.ServerStream) error {
	for {
		var in string
		if err := s.RecvMsg(&in); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		out := strings.ToUpper(in)
		if err := s.SendMsg(&out); err != nil {
			return err
		}
	}
}

// wait answers once and then waits until the call is ended from outside.
func (e *echoService) wait(s grpc.ServerStream) error {
	out := "begun"
	if err := s.SendMsg(&out); err != nil {
		return err
	}
	<-s.Context().Done()
	e.canceled <- s.Context().Err()
	return s.Context().Err()
}

// breaks fails when messages have passed both ways.
func (e *echoService) breaks(s grpc.ServerStream) error {
	var in string
	if err := s.RecvMsg(&in); err != nil {
		return err
	}
	if err := s.SendMsg(&in); err != nil {
		return err
	}
	return status.Error(codes.ResourceExhausted, "enough")
}

// dialGRPC starts the service behind Sluice and returns a client of it.
func dialGRPC(t *testing.T) (*grpc.ClientConn, *echoService) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echoService{canceled: make(chan error, 10)}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.MaxRecvMsgSize(64<<20))
	server.RegisterService(e.desc(), nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Error(err)
		}
	})
	s := start(t, setup{upstreams: []string{l.Addr().String()}, pool: `protocol = "h2c"`})
	conn, err := grpc.NewClient("passthrough:///"+s.https, grpc.WithTransportCredentials(credentials.NewTLS(s.tls())), grpc.WithAuthority(host),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, e
}

var bothWays = &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}

// "gRPC (unary, all streaming kinds, trailers, trailers-only errors,
// deadlines, cancellation both ways) passes end to end with grpc-go on both
// ends."
func TestGRPC(t *testing.T) {
	t.Parallel()
	conn, e := dialGRPC(t)
	open := func(t *testing.T, ctx context.Context, method string) grpc.ClientStream {
		t.Helper()
		s, err := conn.NewStream(ctx, bothWays, "/test.Echo/"+method)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	say := func(t *testing.T, s grpc.ClientStream, text string) {
		t.Helper()
		if err := s.SendMsg(&text); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(t *testing.T, s grpc.ClientStream, want string) {
		t.Helper()
		var got string
		if err := s.RecvMsg(&got); err != nil || got != want {
			t.Fatalf("got %.100q, %v; want %.100q", got, err, want)
		}
	}
	end := func(t *testing.T, s grpc.ClientStream, want codes.Code) {
		t.Helper()
		var got string
		if err := s.RecvMsg(&got); err == nil || want == codes.OK && err != io.EOF || want != codes.OK && status.Code(err) != want {
			t.Errorf("ended with %v after %q, want %v", err, got, want)
		}
	}

	t.Run("unary", func(t *testing.T) {
		for _, size := range []int{0, 1, 100_000, 8 << 20} {
			in, out := strings.Repeat("x", size), ""
			var head, tail metadata.MD
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-token-bin", "\x00\xff")
			err := conn.Invoke(ctx, "/test.Echo/Unary", &in, &out, grpc.Header(&head), grpc.Trailer(&tail))
			if err != nil || out != in {
				t.Errorf("%d bytes: %d came back, %v", size, len(out), err)
			}
			if fmt.Sprint(head.Get("x-head-bin"), tail.Get("x-tail")) != "[\x00\xff] [in the end]" {
				t.Errorf("head %v, tail %v", head, tail)
			}
		}
	})
	t.Run("an error", func(t *testing.T) {
		in, out := "unknown", ""
		err := conn.Invoke(t.Context(), "/test.Echo/Unary", &in, &out)
		if status.Code(err) != codes.NotFound || status.Convert(err).Message() != "nicht gefunden: 100 %" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("trailers only", func(t *testing.T) {
		in, out := "", ""
		if err := conn.Invoke(t.Context(), "/test.Echo/Nothing", &in, &out); status.Code(err) != codes.Unimplemented {
			t.Errorf("got %v", err)
		}
	})
	t.Run("server streaming", func(t *testing.T) {
		s := open(t, t.Context(), "Server")
		say(t, s, "event")
		s.CloseSend()
		for i := range 50 {
			hear(t, s, fmt.Sprint("event ", i))
		}
		end(t, s, codes.OK)
	})
	t.Run("client streaming", func(t *testing.T) {
		s := open(t, t.Context(), "Client")
		for range 50 {
			say(t, s, strings.Repeat("x", 1000))
		}
		s.CloseSend()
		hear(t, s, "50000")
		end(t, s, codes.OK)
	})
	t.Run("both ways", func(t *testing.T) {
		s := open(t, t.Context(), "Both")
		for i := range 50 {
			say(t, s, fmt.Sprint("word ", i))
			hear(t, s, fmt.Sprint("WORD ", i))
		}
		s.CloseSend()
		end(t, s, codes.OK)
	})
	t.Run("an error in the middle", func(t *testing.T) {
		s := open(t, t.Context(), "Breaks")
		say(t, s, "one")
		hear(t, s, "one")
		end(t, s, codes.ResourceExhausted)
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		s := open(t, ctx, "Wait")
		hear(t, s, "begun")
		end(t, s, codes.DeadlineExceeded)
		receive(t, "the server's end", e.canceled)
	})
	t.Run("canceled by the client", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := open(t, ctx, "Wait")
		hear(t, s, "begun")
		cancel()
		end(t, s, codes.Canceled)
		if err := receive(t, "the server's end", e.canceled); !errors.Is(err, context.Canceled) {
			t.Errorf("the server saw %v", err)
		}
	})
}
