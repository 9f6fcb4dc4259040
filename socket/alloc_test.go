package socket

import (
	"testing"
	"time"
)

func TestDataPathAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	c, peer := pair(t)
	p := make([]byte, 200)
	echo := func() {
		if _, err := peer.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"Write", func() { c.Write(p); peer.Read(p) }},
		{"SetReadDeadline and Read", func() { c.SetReadDeadline(time.Now().Add(time.Minute)); echo(); c.Read(p) }},
		{"Await and Read", func() { echo(); c.Await(); c.Read(p) }},
		{"corked Writes", func() {
			c.Cork()
			c.Write(p)
			c.Write(p)
			c.Uncork()
			peer.Read(p)
			peer.Read(p[:1])
		}},
		{"Stale", func() { c.Stale() }},
		{"Interrupt and Resume", func() { c.Interrupt(); c.Read(p); c.Resume() }},
	} {
		if n := testing.AllocsPerRun(200, tt.f); n != 0 {
			t.Errorf("%s allocates %v times", tt.name, n)
		}
	}
}

func TestAwaitThatWaitsAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	c, peer := pair(t)
	asked, p := make(chan struct{}), make([]byte, 10)
	defer close(asked)
	go func() {
		one := []byte{1}
		for range asked {
			time.Sleep(time.Millisecond) // so that Await really waits
			peer.Write(one)
		}
	}()
	n := testing.AllocsPerRun(50, func() {
		asked <- struct{}{}
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if err := c.Await(); err != nil {
			t.Fatal(err)
		}
		c.Read(p)
	})
	if n != 0 {
		t.Errorf("a waiting Await allocates %v times", n)
	}
}

func TestAwaitHoldsNoBufferWhileItWaits(t *testing.T) {
	c, peer := pair(t)
	woken := make(chan error, 1)
	go func() { woken <- c.Await() }()
	time.Sleep(20 * time.Millisecond) // lets Await begin to wait; too short a sleep cannot fail the test
	if c.in.buf != nil {
		t.Error("Await holds a buffer")
	}
	peer.Write([]byte("x"))
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	if got := c.Buffered(); got != 1 {
		t.Errorf("Buffered() = %d, want 1", got)
	}
	c.Read(make([]byte, 1))
	if c.in.buf != nil {
		t.Error("the drained buffer was not given back")
	}
}
