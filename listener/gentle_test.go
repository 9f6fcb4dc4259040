package listener

import (
	"context"
	"io"
	"testing"
	"time"
)

// While others serve on, no answer may be the last that has not said so: a client
// whose answer began before the drain, and ended after the grace of idle
// connections, may ask once more.
func TestAGentleDrainLetsALateOneAskOnceMore(t *testing.T) {
	for range 5 {
		if thinking := lateOneAsksOnceMore(t); thinking < lateGrace/2 {
			return
		}
	}
	t.Skip("skipped: this machine stands still for too long")
}

// lateOneAsksOnceMore returns how long the client took to think. If that was longer
// than it should be the test has shown nothing.
func lateOneAsksOnceMore(t *testing.T) (thinking time.Duration) {
	release := make(chan struct{})
	s := serve(t, Config{}, func(c *Conn) {
		defer c.Close()
		p := make([]byte, 100)
		for c.Await() == nil {
			n, err := c.Read(p)
			if err != nil {
				return
			}
			if string(p[:n]) == "slow\n" {
				<-release
			}
			c.Write(p[:n])
		}
	})
	late, idle := s.dial(), s.dial()
	wantEcho(t, idle, "quick\n")
	io.WriteString(late, "slow\n")
	eventually(t, "one idle, one busy", func() bool { st := s.Stats(); return st.Open == 2 && st.Idle == 1 })
	s.ShutdownGently(time.Millisecond)
	over := make(chan error, 1)
	go func() { over <- s.Wait(context.Background()) }()
	wantClosed(t, idle) // its grace is over
	released := time.Now()
	close(release)
	if got := readLine(t, late); got != "slow" {
		t.Errorf("got %q", got)
	}
	<-time.After(lateGrace / 4)
	io.WriteString(late, "once more\n")
	if thinking = time.Since(released); thinking >= lateGrace/2 {
		return thinking
	}
	if got := readLine(t, late); got != "once more" {
		t.Errorf("got %q", got)
	}
	wantClosed(t, late) // and then it need not wait for long
	if took := time.Since(released); took < lateGrace || took > 8*lateGrace {
		t.Errorf("it lingered for %v", took)
	}
	if err := <-over; err != nil {
		t.Errorf("Wait: %v", err)
	}
	return thinking
}

// A connection that lingers when time is up is not aborted: that might destroy
// the end of its last answer.
func TestWhatLingersWhenTimeIsUpEndsCleanly(t *testing.T) {
	s := serve(t, Config{}, echoLines)
	c := s.dial()
	wantEcho(t, c, "quick\n")
	eventually(t, "it is idle", func() bool { return s.Stats().Idle == 1 })
	s.ShutdownGently(time.Hour)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Wait(ctx); err != nil {
		t.Errorf("Wait: %v", err)
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("read %d, %v; want a clean end", n, err)
	}
	if n := s.Stats().Aborted; n != 0 {
		t.Errorf("%d aborted", n)
	}
}
