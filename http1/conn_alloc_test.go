package http1

import (
	"io"
	"net"
	"testing"
	"time"

	"sluice/message"
)

// loop is an upstream or a client that answers each fixed message with
// another, without a byte of garbage. It ends with the connection.
func loop(peer net.Conn, listen int, say []byte) {
	b := make([]byte, listen)
	for {
		if _, err := io.ReadFull(peer, b); err != nil {
			return
		}
		if _, err := peer.Write(say); err != nil {
			return
		}
	}
}

func TestAKeepAliveExchangeAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	ok := []byte("ok")
	answer := &message.Response{Status: 200, Length: 2, Fields: message.Fields{field("Server", "sluice")}}
	open := &message.Response{Status: 200, Length: -1}
	for _, tt := range []struct {
		name, in string
		handle   func(*message.Request, message.ResponseWriter)
	}{
		{"GET", string(browserHead), func(r *message.Request, w message.ResponseWriter) {
			w.Start(answer)
			w.Write(ok)
			w.Finish(nil)
		}},
		{"chunked both ways", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
			func(r *message.Request, w message.ResponseWriter) {
				w.Start(open)
				for {
					p, err := r.Body.Next()
					if err != nil {
						break
					}
					w.Write(p)
				}
				w.Finish(r.Body.Trailers())
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, newServer(tt.handle))
			in, out := []byte(tt.in), make([]byte, 4096)
			c.Write(in)
			size, err := io.ReadAtLeast(c, out, len("HTTP/1.1 200 OK\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			if allocs := testing.AllocsPerRun(200, func() {
				c.Write(in)
				if _, err := io.ReadFull(c, out[:size]); err != nil {
					t.Fatal(err)
				}
			}); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
		})
	}
}

func TestAnExchangeWithAnUpstreamAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	hello := []byte("hello")
	for _, tt := range []struct {
		name, out, in string
		length        int64
	}{
		{"GET", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 0},
		{"chunked both ways", "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", -1},
		{"interim", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, peer := tcpPair(t)
			ended := make(chan struct{})
			go func() { defer close(ended); loop(peer, len(tt.out), []byte(tt.in)) }()
			c := NewClientConn(s)
			r := get("GET")
			r.Length = tt.length
			if allocs := testing.AllocsPerRun(200, func() {
				c.Begin(r.Method, testSilence)
				c.SendHead(r)
				if r.Length != 0 {
					c.SendBody(hello)
				}
				c.FinishSending(nil)
				for {
					resp, f := c.ReadHead(time.Now().Add(patience))
					if f != nil {
						t.Fatal(f)
					}
					if resp.Status < 200 {
						continue
					}
					for resp.Body != nil {
						if _, err := resp.Body.Next(); err != nil {
							break
						}
					}
					break
				}
				if !c.End() {
					t.Fatal("the connection is of no more use")
				}
			}); allocs != 0 {
				t.Errorf("%v allocations", allocs)
			}
			c.Close()
			await(t, "the upstream's end", ended)
		})
	}
}
