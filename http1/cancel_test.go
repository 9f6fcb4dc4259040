package http1

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/message"
	"sluice/socket"
)

// How long an upstream may be silent depends on what is known of its body.
func TestUpstreamSilence(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     time.Duration
		phase    message.Phase
	}{
		{"no head", "", time.Second, message.PhaseWait},
		{"half a head", "HTTP/1.1 200 OK\r\n", time.Second, message.PhaseWait},
		{"interim only", "HTTP/1.1 103 x\r\n\r\n", time.Second, message.PhaseWait},
		{"counted", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", testSilence.Counted, message.PhaseBody},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", testSilence.Open, message.PhaseBody},
		{"to the close", "HTTP/1.1 200 OK\r\n\r\nhel", testSilence.Open, message.PhaseBody},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() {
				bufio.NewReader(theirs).ReadString(0)
			}()
			go theirs.Write([]byte(tt.in))
			c := NewClientConn(socket.New(ours))
			c.Begin([]byte("GET"), testSilence)
			c.SendHead(get("GET"))
			c.FinishSending(nil)
			start := time.Now()
			var f *message.Failure
			for f == nil {
				var resp *message.Response
				if resp, f = c.ReadHead(start.Add(time.Second)); f == nil && resp.Body != nil {
					_, err := slurp(resp.Body)
					f = failureOf(err)
				}
			}
			if took := time.Since(start); took != tt.want || f.Cause != message.CauseConnectionReadTimeout || f.Phase != tt.phase {
				t.Errorf("%s: %v after %v, want after %v", tt.name, f, took, tt.want)
			}
			if c.End() {
				t.Errorf("%s: to be used again", tt.name)
			}
			c.Close()
			theirs.Close()
		})
	}
}

// Cancel ends a wait, in the head and in the body; and a connection that was
// canceled too late is not used again either, because its reads fail.
func TestCancel(t *testing.T) {
	for _, tt := range []struct{ name, in string }{
		{"in the head", ""},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"},
		{"late", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
	} {
		s, peer := tcpPair(t)
		c := NewClientConn(s)
		io.WriteString(peer, tt.in)
		c.Begin([]byte("GET"), Silence{patience, patience, patience})
		c.SendHead(get("GET"))
		c.FinishSending(nil)
		var canceling sync.WaitGroup
		if tt.name != "late" {
			canceling.Go(c.Cancel)
		}
		var f *message.Failure
		resp, f := c.ReadHead(time.Now().Add(patience))
		if f == nil {
			_, err := slurp(resp.Body)
			f = failureOf(err)
		}
		canceling.Wait()
		if tt.name == "late" {
			if f != nil {
				t.Errorf("%s: %v", tt.name, f)
			}
			c.Cancel()
		} else if f == nil || f.Cause != message.CauseClientGone || f.Party != message.PartyClient {
			t.Errorf("%s: %v", tt.name, f)
		}
		if c.End() {
			t.Errorf("%s: to be used again", tt.name)
		}
		c.Close()
	}
}

// Whatever the order of a Cancel and the Exchange's end, a connection that is
// to be used again was not canceled. The Watch is what orders them.
func TestCancelRacingWithCompletion(t *testing.T) {
	s, peer := tcpPair(t)
	upstream := make(chan struct{})
	go func() {
		defer close(upstream)
		r := bufio.NewReader(peer)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if line == "\r\n" {
				io.WriteString(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
			}
		}
	}()
	c := NewClientConn(s)
	for range 200 {
		w := &serverConn{}
		c.Begin([]byte("GET"), testSilence)
		w.watch(c)
		var hangup sync.WaitGroup
		hangup.Go(w.Hangup)
		c.SendHead(get("GET"))
		f := c.FinishSending(nil)
		resp, g := c.ReadHead(time.Now().Add(patience))
		if f == nil && g == nil {
			slurp(resp.Body)
		}
		w.watch(nil)
		reusable := c.End()
		hangup.Wait()
		if canceled := c.canceled.Load(); reusable && canceled {
			t.Fatal("a canceled connection is to be used again")
		} else if !canceled && !reusable {
			t.Fatalf("neither canceled nor of use: %v, %v", f, g)
		} else if canceled {
			break
		}
	}
	c.Close()
	await(t, "the upstream's end", upstream)
}

// The connection in between is asked when it is taken: an upstream that has
// closed it, or has said something unasked, is noticed.
func TestStale(t *testing.T) {
	for name, do := range map[string]func(*net.TCPConn) error{
		"closed":  func(p *net.TCPConn) error { return p.Close() },
		"talking": func(p *net.TCPConn) error { _, err := io.WriteString(p, "HTTP/1.1 408 x\r\n\r\n"); return err },
	} {
		s, peer := tcpPair(t)
		c := NewClientConn(s)
		if c.Stale() {
			t.Errorf("%s: a new connection is stale", name)
		}
		if err := do(peer); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); !c.Stale(); {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not stale", name)
			}
		}
		c.Close()
	}
}
