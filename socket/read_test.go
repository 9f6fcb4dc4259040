package socket

import (
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"
)

// What is read is what was sent, however it is cut and whichever way it is
// waited for.
func TestAwaitAndReadLoseNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for round := range uint64(6) {
		c, peer := pair(t)
		if round%2 == 1 { // through the plain path
			c = New(struct{ net.Conn }{c.nc})
		}
		const size = 4 << 20
		sent := crc32.NewIEEE()
		go func() {
			rng := rand.New(rand.NewPCG(seed, round))
			p := make([]byte, 100<<10)
			for rest := size; rest > 0; {
				n := min(rest, 1+rng.IntN(1<<rng.IntN(17)))
				for i := range p[:n] {
					p[i] = byte(rng.Uint32())
				}
				sent.Write(p[:n])
				peer.Write(p[:n])
				rest -= n
			}
			peer.CloseWrite()
		}()
		rng := rand.New(rand.NewPCG(seed, round+100))
		got, total := crc32.NewIEEE(), 0
		p := make([]byte, 64<<10)
		for {
			if rng.IntN(2) == 0 {
				if err := c.Await(); err != nil {
					t.Fatal(err)
				}
			}
			n, err := c.Read(p[:1+rng.IntN(1<<rng.IntN(16))])
			got.Write(p[:n])
			total += n
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if total != size || got.Sum32() != sent.Sum32() {
			t.Fatalf("round %d: %d bytes of %d, or others", round, total, size)
		}
	}
}

func TestHalfClosedPeer(t *testing.T) {
	c, peer := pair(t)
	peer.Write([]byte("last words"))
	peer.CloseWrite()
	if err := c.Await(); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	if n, err := c.Read(p); string(p[:n]) != "last words" || err != nil {
		t.Fatalf("Read: %q, %v", p[:n], err)
	}
	for range 2 {
		if err := c.Await(); err != nil {
			t.Errorf("Await at the end: %v", err)
		}
		if _, err := c.Read(p); err != io.EOF {
			t.Errorf("Read at the end: %v", err)
		}
	}
	if _, err := c.Write([]byte("answer")); err != nil {
		t.Errorf("Write to a peer that only reads: %v", err)
	}
	if n, err := peer.Read(p); string(p[:n]) != "answer" {
		t.Errorf("the peer reads %q, %v", p[:n], err)
	}
}

func TestAbortIsAReset(t *testing.T) {
	c, peer := pair(t)
	c.Abort()
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer reads %v", err)
	}
}

func TestResetIsSeenByReadEachTime(t *testing.T) {
	c, peer := pair(t)
	peer.SetLinger(0)
	peer.Close()
	if err := c.Await(); err != nil {
		t.Fatalf("Await: %v", err)
	}
	for range 2 {
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read: %v", err)
		}
	}
}

func TestReadOfAClosedConn(t *testing.T) {
	c, _ := pair(t)
	time.AfterFunc(5*time.Millisecond, func() { c.Close() })
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if err := c.Await(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Await: %v", err)
	}
}

func TestStale(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(peer *net.TCPConn)
		want bool
	}{
		{"idle", func(*net.TCPConn) {}, false},
		{"closed", func(p *net.TCPConn) { p.Close() }, true},
		{"half-closed", func(p *net.TCPConn) { p.CloseWrite() }, true},
		{"reset", func(p *net.TCPConn) { p.SetLinger(0); p.Close() }, true},
		{"unsolicited byte", func(p *net.TCPConn) { p.Write([]byte("x")) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, peer := pair(t)
			if c.Stale() {
				t.Fatal("stale at once")
			}
			tt.do(peer)
			if tt.want {
				eventually(t, "Stale()", c.Stale)
			} else if c.Stale() {
				t.Error("Stale()")
			}
		})
	}
	c, _ := pair(t)
	c.Close()
	if !c.Stale() {
		t.Error("a closed Conn is not stale")
	}
}
