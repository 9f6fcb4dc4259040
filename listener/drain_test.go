package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sluice/socket"
)

func TestDrainEndsTheIdleAndLetsTheBusyFinish(t *testing.T) {
	release, atWork := make(chan struct{}), make(chan struct{})
	awaited := make(chan error, 2)
	s := serve(t, Config{}, func(c *Conn) {
		defer c.Close()
		p := make([]byte, 100)
		for {
			err := c.Await()
			if err != nil {
				awaited <- err
				return
			}
			n, err := c.Read(p)
			if err != nil {
				return
			}
			if string(p[:n]) == "slow\n" {
				close(atWork)
				<-release
			}
			c.Write(p[:n])
		}
	})
	idle, busy := s.dial(), s.dial()
	wantEcho(t, idle, "quick\n")
	wantEcho(t, busy, "quick\n")
	io.WriteString(busy, "slow\n")
	<-atWork // or it might be the idle one
	eventually(t, "one idle, one busy", func() bool { st := s.Stats(); return st.Open == 2 && st.Idle == 1 })

	s.Shutdown()
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if err := <-awaited; err != ErrEnd {
		t.Errorf("the idle one's Await: %v", err)
	}
	wantClosed(t, idle)
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("still accepting")
	}
	eventually(t, "only the busy one", func() bool { return s.Stats().Open == 1 })
	close(release)
	if got := readLine(t, busy); got != "slow" {
		t.Errorf("the busy one got %q", got)
	}
	if err := <-awaited; err != ErrEnd {
		t.Errorf("the busy one's Await: %v", err)
	}
	if err := s.Wait(context.Background()); err != nil {
		t.Errorf("Wait: %v", err)
	}
}

func TestAFreshConnectionMayStillBegin(t *testing.T) {
	s := serve(t, Config{}, func(c *Conn) {
		defer c.Close()
		if c.Await() == nil && c.Draining() {
			p := make([]byte, 10)
			n, _ := c.Read(p)
			c.Write(p[:n])
		}
	})
	late, silent := s.dial(), s.dial()
	eventually(t, "both waiting", func() bool { return s.Stats().Idle == 2 })
	s.Shutdown()
	wantEcho(t, late, "late\n")
	if err := s.Wait(context.Background()); err != nil {
		t.Errorf("Wait: %v", err)
	}
	wantClosed(t, silent)
}

// Whoever says nothing does not hold up a drain, in whatever it owes us a word.
func TestSilentConnectionsDoNotHoldUpADrain(t *testing.T) {
	sc, cc := tlsConfigs(t)
	for name, cfg := range map[string]Config{
		"TLS":   {TLS: sc},
		"PROXY": {ProxyProtocol: true, Trusted: prefixes("127.0.0.0/8")},
	} {
		s := serve(t, cfg, echoLines)
		s.dial()
		if cfg.TLS != nil {
			if err := tls.Client(s.dial(), cc).Handshake(); err != nil {
				t.Fatal(err)
			}
		} else {
			s.dial()
		}
		eventually(t, "both waiting", func() bool { return s.Stats().Idle == 2 })
		s.Shutdown()
		start := time.Now()
		if err := s.Wait(context.Background()); err != nil {
			t.Errorf("%s: Wait: %v", name, err)
		}
		if took := time.Since(start); took < freshGrace/2 || took > 4*freshGrace {
			t.Errorf("%s: the drain took %v", name, took)
		}
		if len(s.failures) != 0 {
			t.Errorf("%s: failure told: %+v", name, <-s.failures)
		}
	}
}

func TestWaitAbortsTheRestAndTellsTheirHandlers(t *testing.T) {
	sc, cc := tlsConfigs(t)
	t.Run("plain", func(t *testing.T) {
		testWaitAborts(t, Config{}, func(nc net.Conn) net.Conn { return nc })
	})
	t.Run("TLS", func(t *testing.T) {
		testWaitAborts(t, Config{TLS: sc}, func(nc net.Conn) net.Conn { return tls.Client(nc, cc) })
	})
}

func testWaitAborts(t *testing.T, cfg Config, client func(net.Conn) net.Conn) {
	s := serve(t, cfg, func(c *Conn) {
		defer c.Close()
		told := make(chan struct{})
		c.OnHangup(closer(told))
		c.Write([]byte("in\n"))
		<-told // as one that waits for an upstream
	})
	nc := client(s.dial())
	readLine(t, nc)
	s.Shutdown()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait: %v", err)
	}
	if st := s.Stats(); st.Aborted != 1 || st.Open != 0 {
		t.Errorf("%+v", st)
	}
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client reads %v", err)
	}
}

type closer chan struct{}

func (c closer) Hangup() { close(c) }

// An end of idleness meets Await or nothing: never a Read behind it.
func TestEndingNeverHitsABusyConnection(t *testing.T) {
	var failed atomic.Value
	s := serve(t, Config{}, func(c *Conn) {
		defer c.Close()
		p := make([]byte, 10)
		for {
			if err := c.Await(); err == ErrEnd {
				c.mu.Lock()
				c.told = c.Draining() // else it would be ended once only
				c.mu.Unlock()
				continue // as one with streams under way
			} else if err != nil {
				return
			}
			runtime.Gosched() // time for an end that comes too late
			n, err := c.Read(p)
			if errors.Is(err, socket.ErrInterrupted) {
				failed.Store(err)
			}
			if err != nil {
				return
			}
			c.Write(p[:n])
		}
	})
	// So many ends with each echo and no more: one goroutine that never waits
	// would leave the network to be looked at every 10 ms only.
	ends := make(chan int)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range ends {
			for range n {
				s.endIdlest()
				runtime.Gosched()
			}
		}
	})
	nc := s.dial()
	for i := range 2000 {
		ends <- i % 40
		wantEcho(t, nc, "x")
	}
	close(ends)
	wg.Wait()
	if err := failed.Load(); err != nil {
		t.Errorf("a Read failed: %v", err)
	}
	if s.Stats().Evicted == 0 {
		t.Log("no end met an Await: nothing was tested")
	}
}

// failingListener fails its first accepts.
type failingListener struct {
	net.Listener
	err   error
	left  int
	times []time.Time
}

func (f *failingListener) Accept() (net.Conn, error) {
	if f.left > 0 {
		f.left--
		f.times = append(f.times, time.Now())
		return nil, &net.OpError{Op: "accept", Err: f.err}
	}
	return f.Listener.Accept()
}

func TestAcceptFailuresPauseAndPass(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &failingListener{Listener: ln, err: syscall.EMFILE, left: 4}
	s := serveOn(t, f, Config{}, echoLines)
	wantEcho(t, s.dial(), "hello\n")
	for range 4 {
		s.wantFailure(PhaseAccept, causeDescriptors)
	}
	if got := s.Stats().AcceptErrors[causeDescriptors]; got != 4 {
		t.Errorf("counted %d, want 4", got)
	}
	for i := 1; i < len(f.times); i++ {
		if got, want := f.times[i].Sub(f.times[i-1]), pauseFirst<<(i-1); got < want {
			t.Errorf("pause %d took %v, want %v at least", i, got, want)
		}
	}
}

func TestPauseGrowsToASecondAndEndsWithShutdown(t *testing.T) {
	var p pause
	stopped := make(chan struct{})
	close(stopped)
	for range 20 {
		p.wait(stopped)
	}
	if p.next != pauseMost {
		t.Errorf("pause of %v, want %v", p.next, pauseMost)
	}
	p.reset()
	p.wait(stopped)
	if p.next != pauseFirst {
		t.Errorf("pause of %v after reset, want %v", p.next, pauseFirst)
	}
}

func TestServeSaysIfSomebodyElseClosedTheSocket(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	if err := New(ln, Config{}, NewCaps(), nil).Serve(echoLines); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
}

// slowListener has accepted a connection, and gives it away when it is told to.
type slowListener struct {
	net.Listener
	has, give chan struct{}
}

func (s *slowListener) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err == nil {
		close(s.has)
		<-s.give
	}
	return c, err
}

// "The others [...] may finish, also one that was accepted already and is not
// served yet": Shutdown falls between accept(2), after which no other process can
// serve it, and us.
func TestAConnectionThatWasAcceptedAlreadyIsServed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowListener{Listener: ln, has: make(chan struct{}), give: make(chan struct{})}
	s := serveOn(t, slow, Config{}, func(c *Conn) {
		defer c.Close()
		if c.Await() == nil {
			p := make([]byte, 10)
			n, _ := c.Read(p)
			c.Write(p[:n])
		}
	})
	late := s.dial()
	<-slow.has
	s.Shutdown()
	waited := make(chan error, 1)
	go func() { waited <- s.Wait(context.Background()) }()
	select {
	case err := <-waited:
		t.Errorf("Wait returned before it was served: %v", err)
	case <-time.After(freshGrace / 10): // only a Wait that is wrong has this time
	}
	close(slow.give)
	wantEcho(t, late, "late\n")
	if err := <-waited; err != nil {
		t.Errorf("Wait: %v", err)
	}
}

// After the end of a drain nobody is let in any more.
func TestAConnectionThatComesAfterTheEndIsAborted(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	slow := &slowListener{Listener: ln, has: make(chan struct{}), give: make(chan struct{})}
	s := serveOn(t, slow, Config{}, echoLines)
	late := s.dial()
	<-slow.has
	s.Close()
	close(slow.give)
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := late.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client reads %v", err)
	}
}

// What comes before the first request is none: a client that has sent an HTTP/2
// preface may still begin, as one that has sent nothing.
func TestWhoHasAskedForNothingMayStillBegin(t *testing.T) {
	for _, anew := range []bool{true, false} {
		s := serve(t, Config{}, func(c *Conn) {
			defer c.Close()
			p := make([]byte, 100)
			for c.Await() == nil {
				n, err := c.Read(p)
				if err != nil {
					return
				}
				c.Write(p[:n])
				if anew && string(p[:n]) == "preface\n" {
					c.BeginAnew()
				}
			}
		})
		c := s.dial()
		wantEcho(t, c, "preface\n")
		eventually(t, "it waits", func() bool { return s.Stats().Idle == 1 })
		s.Shutdown()
		if !anew {
			wantClosed(t, c)
			continue
		}
		wantEcho(t, c, "late\n")
		if err := s.Wait(context.Background()); err != nil {
			t.Errorf("Wait: %v", err)
		}
	}
}
