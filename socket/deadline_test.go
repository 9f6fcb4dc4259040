package socket

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// countingConn counts the timer operations that reach the runtime.
type countingConn struct {
	*net.TCPConn
	reads, writes int
}

func (c *countingConn) SetReadDeadline(t time.Time) error {
	c.reads++
	return c.TCPConn.SetReadDeadline(t)
}

func (c *countingConn) SetWriteDeadline(t time.Time) error {
	c.writes++
	return c.TCPConn.SetWriteDeadline(t)
}

func counted(t *testing.T) (*Conn, *countingConn, *net.TCPConn) {
	c, peer := pair(t)
	counting := &countingConn{TCPConn: c.nc.(*net.TCPConn)}
	return New(counting), counting, peer
}

func TestSteadyTrafficTouchesNoTimer(t *testing.T) {
	c, timer, peer := counted(t)
	p := make([]byte, 100)
	for range 1000 {
		now := time.Now()
		c.SetReadDeadline(now.Add(75 * time.Second))
		time.AfterFunc(10*time.Microsecond, func() { peer.Write([]byte("x")) })
		if err := c.Await(); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(now.Add(10 * time.Second))
		if _, err := c.Read(p); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(p); err != nil {
			t.Fatal(err)
		}
		peer.Read(p)
	}
	if timer.reads > 2 || timer.writes != 0 {
		t.Errorf("%d read and %d write timer operations for 1000 requests", timer.reads, timer.writes)
	}
}

func TestDeadlinesAreExact(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first time.Duration // an earlier deadline, armed by a wait; 0: none
		want  time.Duration
	}{
		{"first of all", 0, 60 * time.Millisecond},
		{"after an armed earlier one", 20 * time.Millisecond, 80 * time.Millisecond},
		{"after an armed later one", time.Hour, 40 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := pair(t)
			p := make([]byte, 1)
			start := time.Now()
			if tt.first != 0 {
				c.SetReadDeadline(start.Add(tt.first))
				time.AfterFunc(time.Millisecond, func() { peer.Write([]byte("x")) })
				if _, err := c.Read(p); err != nil {
					t.Fatal(err)
				}
			}
			start = time.Now()
			c.SetReadDeadline(start.Add(tt.want))
			_, err := c.Read(p)
			took := time.Since(start)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Read: %v", err)
			}
			if took < tt.want || took > tt.want+2*time.Second {
				t.Errorf("took %v, want %v", took, tt.want)
			}
		})
	}
}

func TestDeadlineCanBeClearedAndSetAgain(t *testing.T) {
	c, peer := pair(t)
	p := make([]byte, 1)
	c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Read: %v", err)
	}
	c.SetReadDeadline(time.Time{})
	time.AfterFunc(30*time.Millisecond, func() { peer.Write([]byte("x")) })
	if _, err := c.Read(p); err != nil {
		t.Fatalf("after clearing: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(-time.Second))
	if err := c.Await(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Await with a deadline in the past: %v", err)
	}
	c.SetReadDeadline(time.Now().Add(time.Minute))
	time.AfterFunc(10*time.Millisecond, func() { peer.Write([]byte("x")) })
	if _, err := c.Read(p); err != nil {
		t.Fatalf("after a passed deadline: %v", err)
	}
}

// A timer may run out while nobody reads. The next read must not take it for
// its own.
func TestTimerThatRanOutBetweenReadsIsNoTimeout(t *testing.T) {
	c, peer := pair(t)
	p := make([]byte, 1)
	c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	time.AfterFunc(time.Millisecond, func() { peer.Write([]byte("x")) })
	if _, err := c.Read(p); err != nil {
		t.Fatal(err)
	}
	time.Sleep(40 * time.Millisecond) // the armed timer's end is what is tested
	c.SetReadDeadline(time.Now().Add(time.Minute))
	peer.Write(p)
	if _, err := c.Read(p); err != nil {
		t.Fatalf("Read: %v", err)
	}
	if c.Stale() {
		t.Error("Stale() because of a timer")
	}
}

func TestPlainConnKeepsExactDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		c := New(near)
		defer c.Close()
		p := make([]byte, 1)
		for _, d := range []time.Duration{time.Second, time.Hour, time.Minute} {
			start := time.Now()
			c.SetReadDeadline(start.Add(d))
			if err := c.Await(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != d {
				t.Errorf("Await: %v after %v, want %v", err, time.Since(start), d)
			}
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		time.AfterFunc(500*time.Millisecond, func() { far.Write([]byte("x")) })
		if _, err := c.Read(p); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(time.Minute))
		time.AfterFunc(30*time.Second, func() { far.Write([]byte("x")) })
		if _, err := c.Read(p); err != nil {
			t.Errorf("the lazily armed timer ended the read: %v", err)
		}
		start := time.Now()
		c.SetWriteTimeout(5 * time.Second)
		if _, err := c.Write(p); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("Write: %v after %v", err, time.Since(start))
		}
	})
}
