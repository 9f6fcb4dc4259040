//go:build linux

package socket

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type hangupFunc func()

func (f hangupFunc) Hangup() { f() }

// runningWatch runs a Watch for the test's time.
func runningWatch(t *testing.T) *Watch {
	t.Helper()
	w, err := NewWatch()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		within(t, 5*time.Second, "the end of Run", func() {
			if err := <-ended; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		w.Close()
	})
	return w
}

func TestHangupIsToldWhileNobodyReads(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(peer *net.TCPConn)
	}{
		{"close", func(p *net.TCPConn) { p.Close() }},
		{"half-close", func(p *net.TCPConn) { p.CloseWrite() }},
		{"reset", func(p *net.TCPConn) { p.SetLinger(0); p.Close() }},
		{"close behind bytes", func(p *net.TCPConn) { p.Write(make([]byte, 1000)); p.Close() }},
	} {
		for _, before := range []bool{false, true} {
			w := runningWatch(t)
			c, peer := pair(t)
			var told atomic.Int32
			if before {
				tt.do(peer)
			}
			if err := c.OnHangup(w, hangupFunc(func() { told.Add(1) })); err != nil {
				t.Fatal(err)
			}
			if !before {
				peer.Write([]byte("bytes are no hangup"))
				time.Sleep(5 * time.Millisecond)
				if told.Load() != 0 {
					t.Errorf("%s: told too early", tt.name)
				}
				tt.do(peer)
			}
			eventually(t, tt.name, func() bool { return told.Load() == 1 })
			if err := c.OnHangup(w, hangupFunc(func() {})); err != ErrWatched {
				t.Errorf("a second OnHangup: %v", err)
			}
		}
	}
}

// Connections come and go, peers leave at any moment, descriptors are used
// again at once. Nobody is told twice, nor after its Close, nor of another's
// hangup; and who stays is told at last.
func TestHangupStorm(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := runningWatch(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var dialing sync.Mutex // pairs a dial with its accept
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, worker))
			for range 500 {
				dialing.Lock()
				nc, err := net.Dial("tcp", ln.Addr().String())
				if err != nil {
					t.Error(err)
					dialing.Unlock()
					return
				}
				peer, err := ln.Accept()
				dialing.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				stormOne(t, w, New(nc), peer.(*net.TCPConn), rng)
			}
		})
	}
	wg.Wait()
	eventually(t, "an empty table", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.free) == len(w.slots)
	})
	if n := len(w.slots); n > 8 {
		t.Errorf("%d slots for 4 connections at a time", n)
	}
}

func stormOne(t *testing.T, w *Watch, c *Conn, peer *net.TCPConn, rng *rand.Rand) {
	var told, closed, left atomic.Bool
	err := c.OnHangup(w, hangupFunc(func() {
		switch {
		case closed.Load():
			t.Error("told after Close")
		case !left.Load():
			t.Error("told though the peer is there")
		case told.Swap(true):
			t.Error("told twice")
		}
	}))
	if err != nil {
		t.Error(err)
	}
	switch rng.IntN(4) {
	case 0: // we go first
	case 1: // both at once
		left.Store(true)
		go peer.Close()
	case 2: // the peer resets
		left.Store(true)
		peer.SetLinger(0)
		peer.Close()
		eventually(t, "Hangup", told.Load)
	case 3:
		left.Store(true)
		peer.CloseWrite()
		eventually(t, "Hangup", told.Load)
	}
	c.Close()
	closed.Store(true)
	peer.Close()
}

func TestCloseWaitsForARunningHangup(t *testing.T) {
	w := runningWatch(t)
	c, peer := pair(t)
	began, over := make(chan struct{}), atomic.Bool{}
	c.OnHangup(w, hangupFunc(func() {
		close(began)
		time.Sleep(20 * time.Millisecond)
		over.Store(true)
	}))
	peer.Close()
	<-began
	c.Close()
	if !over.Load() {
		t.Error("Close returned while Hangup was running")
	}
}

func TestOnHangupOfAClosedConnFails(t *testing.T) {
	w := runningWatch(t)
	c, _ := pair(t)
	c.Close()
	if err := c.OnHangup(w, hangupFunc(func() {})); err == nil {
		t.Error("OnHangup of a closed Conn succeeds")
	}
}

func TestWatchCloseEndsRun(t *testing.T) {
	w, err := NewWatch()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- w.Run(context.Background()) }()
	w.Close()
	within(t, 5*time.Second, "Run", func() {
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	c, _ := pair(t)
	if err := c.OnHangup(w, hangupFunc(func() {})); err == nil {
		t.Error("OnHangup at a closed Watch succeeds")
	}
	c.Close()
}
