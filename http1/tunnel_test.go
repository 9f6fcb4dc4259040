package http1

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
)

const upgradeRequest = "GET /t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n"

const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n"

// bridge is a handler that passes a tunnel on to an upstream, as proxy does.
func bridge(t *testing.T, c *ClientConn) func(*message.Request, message.ResponseWriter) {
	return func(r *message.Request, w message.ResponseWriter) {
		c.Begin(r.Method, Silence{patience, patience, patience})
		c.SendHead(r)
		if f := c.FinishSending(nil); f != nil {
			t.Error(f)
		}
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f != nil || resp.Status != 101 {
			t.Errorf("got %v, %v", resp, f)
			return
		}
		up, down := c.Tunnel(), w.Tunnel(patience)
		w.Start(resp)
		w.Flush()
		var carrying sync.WaitGroup
		carrying.Go(func() {
			for {
				p, err := down.Next()
				if err != nil {
					if err != io.EOF {
						t.Errorf("from the client: %v", err)
					}
					c.CloseWrite()
					return
				}
				c.SendBody(p)
				c.Flush()
			}
		})
		for {
			p, err := up.Next()
			if err != nil {
				if err != io.EOF {
					t.Errorf("from the upstream: %v", err)
				}
				break
			}
			w.Write(p)
			w.Flush()
		}
		w.Finish(nil)
		carrying.Wait()
		if c.End() {
			t.Error("the connection of a tunnel is to be used again")
		}
		c.Close()
	}
}

// Each side may send the first bytes of the new protocol together with its
// head, and each may end its direction and go on listening.
func TestATunnelCarriesWhatCameWithTheHeadsAndHalfCloses(t *testing.T) {
	for _, clientEndsFirst := range []bool{true, false} {
		s, upstream := tcpPair(t)
		c := connect(t, newServer(bridge(t, NewClientConn(s))))
		c.say(upgradeRequest + "early client ")
		b := make([]byte, len(upgradeRequest)+len("early client "))
		if _, err := io.ReadFull(upstream, b[:len(upgradeRequest)]); err != nil {
			t.Fatal(err)
		}
		if want := "GET /t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n"; string(b[:len(want)]) != want {
			t.Errorf("the upstream got %q", b)
		}
		io.WriteString(upstream, switched+"early upstream ")
		head := make([]byte, 512)
		n, err := io.ReadAtLeast(c.r, head, len("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
		if got := dateLine.ReplaceAllString(string(head[:n]), ""); err != nil || !strings.HasPrefix(got, "HTTP/1.1 101 Switching Protocols\r\n") {
			t.Fatalf("got %q, %v", got, err)
		}
		rest := string(head[:n])
		rest = rest[strings.Index(rest, "\r\n\r\n")+4:]
		large := lettered(300000)
		var talking sync.WaitGroup
		finish := func(conn *net.TCPConn, say string) {
			io.WriteString(conn, say)
			conn.CloseWrite()
		}
		if clientEndsFirst {
			talking.Go(func() { finish(c.TCPConn, large) })
			if got := readAll(t, upstream); got != "early client "+large {
				t.Errorf("the upstream got %d bytes", len(got))
			}
			talking.Go(func() { finish(upstream, large) })
		} else {
			talking.Go(func() { finish(upstream, large) })
		}
		if got := rest + readAll(t, c.r); got != "early upstream "+large {
			t.Errorf("the client got %d bytes", len(got))
		}
		if !clientEndsFirst {
			talking.Go(func() { finish(c.TCPConn, large) })
			if got := readAll(t, upstream); got != "early client "+large {
				t.Errorf("the upstream got %d bytes", len(got))
			}
		}
		talking.Wait()
		c.ended()
	}
}

// A head that fills the buffer to its last byte leaves no room there for the
// tunnel, again and again on the same buffers.
func TestATunnelBehindAHeadThatFillsTheBuffer(t *testing.T) {
	const size = 8 << 10
	for range 3 {
		for n := size - 2; n <= size+2; n++ {
			head := strings.Replace(upgradeRequest, "Host", "A: \r\nHost", 1)
			head = strings.Replace(head, "A: ", "A: "+strings.Repeat("a", n-len(head)), 1)
			got := ""
			s := newServer(func(r *message.Request, w message.ResponseWriter) {
				w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade})
				var err error
				if got, err = slurp(w.Tunnel(time.Second)); err != nil {
					t.Errorf("a head of %d bytes: %v", n, err)
				}
				w.Finish(nil)
			})
			want := lettered(100000)
			for _, split := range []int{n, n + 5} {
				c := play(t, s, append([][]byte{[]byte((head + want)[:split])}, segments((head + want)[split:], 5000)...)...)
				if got != want || c.aborted {
					t.Fatalf("a head of %d bytes, split at %d: got %d bytes, aborted %v", n, split, len(got), c.aborted)
				}
			}
		}
	}
}

// "A client cannot begin using an upgraded protocol on the connection until it
// has completely sent the request message (i.e., the client can't change the
// protocol it is sending in the middle of a message)" (RFC 9110 section 7.8).
// So that the two are never read at the same time, an offer with a body is
// ignored: "A server MAY ignore a received Upgrade header field".
func TestAnUpgradeWithABodyIsNotOffered(t *testing.T) {
	for _, body := range []string{"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"} {
		s := newServer(func(r *message.Request, w message.ResponseWriter) {
			if r.Upgrade != nil {
				t.Errorf("%q: offered %q", body, r.Upgrade)
			}
			echo(r, w)
		})
		in := "POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a\r\n" + body
		if got := play(t, s, []byte(in)).text(); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\nSeen: POST / h\r\n") {
			t.Errorf("%q: got %q", body, got)
		}
	}
}

// Silence in a tunnel is no failure: one may go on reading.
func TestSilenceInATunnel(t *testing.T) {
	var got string
	s := newServer(func(r *message.Request, w message.ResponseWriter) {
		w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade})
		w.Flush()
		b := w.Tunnel(time.Minute)
		for range 3 {
			if p, err := b.Next(); !errors.Is(err, os.ErrDeadlineExceeded) || failureOf(err) != nil {
				t.Errorf("got %q, %v", p, err)
			}
		}
		b.Stop()
		if _, err := b.Next(); err != message.ErrStopped {
			t.Errorf("after Stop: %v", err)
		}
		b.Resume()
		got, _ = slurp(b)
		w.Finish(nil)
	})
	bubble(t, s, func(t *testing.T, client net.Conn) {
		client.Write([]byte(upgradeRequest))
		go func() {
			time.Sleep(3*time.Minute + time.Second)
			client.Write([]byte("late"))
			client.Close()
		}()
		io.Copy(io.Discard, client)
		synctest.Wait()
		if got != "late" {
			t.Errorf("got %q", got)
		}
	})
}

// An aborted tunnel is reset.
func TestAnAbortedTunnelIsReset(t *testing.T) {
	c := connect(t, newServer(func(r *message.Request, w message.ResponseWriter) {
		w.Start(&message.Response{Status: 101, Upgrade: r.Upgrade})
		w.Flush()
		w.Tunnel(time.Second).Next()
		w.Abort(nil)
	}))
	c.say(upgradeRequest + "x")
	if _, err := io.ReadAll(c.r); !isReset(err) {
		t.Errorf("got %v, want a reset", err)
	}
}
