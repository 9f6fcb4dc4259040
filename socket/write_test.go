package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// narrow makes a pair whose buffers are small, so that writers wait soon. Not
// smaller: below some segments' size the kernel itself stalls for 200 ms.
func narrow(t *testing.T) (*Conn, *net.TCPConn) {
	c, peer := pair(t)
	c.nc.(*net.TCPConn).SetWriteBuffer(256 << 10)
	peer.SetReadBuffer(256 << 10)
	return c, peer
}

func TestWriteToASlowReaderIsNeverCut(t *testing.T) {
	c, peer := narrow(t)
	want := bytes.Repeat([]byte("0123456789abcdef"), 512<<10) // 8 MiB
	const timeout = 1500 * time.Millisecond                   // a busy machine, too, is slow now and then
	c.SetWriteTimeout(timeout)
	var got bytes.Buffer
	var wg sync.WaitGroup
	wg.Go(func() {
		piece := make([]byte, 512<<10)
		for {
			n, err := io.ReadFull(peer, piece)
			got.Write(piece[:n])
			if err != nil {
				return
			}
			time.Sleep(timeout / 10) // the slowness that is tested
		}
	})
	start := time.Now()
	n, err := c.Write(want)
	if n != len(want) || err != nil {
		t.Fatalf("Write: %d, %v after %v", n, err, time.Since(start))
	}
	if took := time.Since(start); took < timeout {
		t.Logf("only %v: the reader was not slow enough to prove much", took)
	}
	c.Close()
	wg.Wait()
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes arrived, of %d, or others", got.Len(), len(want))
	}
}

func TestWriteToAStuckReaderIsCut(t *testing.T) {
	c, _ := narrow(t)
	const timeout = 100 * time.Millisecond
	c.SetWriteTimeout(timeout)
	start := time.Now()
	n, err := c.Write(make([]byte, 64<<20))
	took := time.Since(start)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 {
		t.Fatalf("Write: %d, %v", n, err)
	}
	if took < timeout || took > timeout+5*time.Second {
		t.Errorf("cut after %v", took)
	}
	start = time.Now()
	// Of a few bytes the kernel may find a place for in the end.
	if _, err := c.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) < timeout {
		t.Errorf("the next Write: %v after %v", err, time.Since(start))
	}
}

func TestWriteAfterALongWaitGetsItsWholeTime(t *testing.T) {
	c, peer := narrow(t)
	const timeout = time.Second
	c.SetWriteTimeout(timeout)
	go io.Copy(io.Discard, peer)
	for i := range 2 {
		if i > 0 {
			time.Sleep(timeout * 5 / 4) // the timer runs out between the Writes
		}
		if _, err := c.Write(make([]byte, 8<<20)); err != nil { // waits, so a timer is armed
			t.Fatal(err)
		}
	}
}

func TestWriteWithoutATimeoutWaits(t *testing.T) {
	c, peer := narrow(t)
	time.AfterFunc(100*time.Millisecond, func() { io.Copy(io.Discard, peer) })
	if _, err := c.Write(make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
}

func TestWriteDeadlineEndsAWaitingWrite(t *testing.T) {
	c, _ := narrow(t)
	c.SetWriteTimeout(time.Hour)
	failed := make(chan error, 1)
	go func() { _, err := c.Write(make([]byte, 64<<20)); failed <- err }()
	time.Sleep(20 * time.Millisecond) // usually enough to be waiting; right either way
	c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	within(t, 5*time.Second, "the Write", func() {
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
	})
}

func TestCorkedWritesArriveWholeAndInOrder(t *testing.T) {
	c, peer := pair(t)
	var want bytes.Buffer
	got := make(chan []byte, 1)
	go func() { b, _ := io.ReadAll(peer); got <- b }()
	for i, size := range []int{1, 100, 16 << 10, 60 << 10, 10 << 10, 200 << 10, 0, 5, corkSize, corkSize + 1} {
		if i%5 == 0 {
			c.Cork()
		}
		p := bytes.Repeat([]byte{byte('a' + i)}, size)
		want.Write(p)
		if n, err := c.Write(p); n != size || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		if i%5 == 3 {
			if err := c.Uncork(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Uncork(); err != nil {
		t.Fatal(err)
	}
	c.CloseWrite()
	if b := <-got; !bytes.Equal(b, want.Bytes()) {
		t.Errorf("%d bytes arrived of %d, or others", len(b), want.Len())
	}
}

func TestUncorkReportsTheFailure(t *testing.T) {
	c, _ := pair(t)
	c.Cork()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	c.nc.Close()
	if err := c.Uncork(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Uncork: %v", err)
	}
}
