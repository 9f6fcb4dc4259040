package socket

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestInterruptEndsAWaitingRead(t *testing.T) {
	for _, await := range []bool{false, true} {
		c, peer := pair(t)
		c.SetReadDeadline(time.Now().Add(time.Hour))
		got := make(chan error, 1)
		go func() {
			if await {
				got <- c.Await()
				return
			}
			_, err := c.Read(make([]byte, 1))
			got <- err
		}()
		time.Sleep(5 * time.Millisecond) // usually enough to be waiting; right either way
		c.Interrupt()
		within(t, 5*time.Second, "interrupting", func() {
			if err := <-got; err != ErrInterrupted {
				t.Errorf("got %v", err)
			}
		})
		if _, err := c.Read(make([]byte, 1)); err != ErrInterrupted {
			t.Errorf("the next Read: %v", err)
		}
		c.Resume()
		peer.Write([]byte("x"))
		if n, err := c.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("Read after Resume: %d, %v", n, err)
		}
	}
}

// An Interrupt is never lost, wherever it meets a reader who keeps moving its
// deadline, so that timers are armed all the time.
func TestInterruptStorm(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c, _ := pair(t)
	rounds := 20000
	if testing.Short() || raceEnabled {
		rounds = 5000
	}
	turn := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(turn)
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(seed, 1))
		for range turn {
			for range rng.IntN(200) {
				runtime.Gosched()
			}
			c.Interrupt()
		}
	})
	rng := rand.New(rand.NewPCG(seed, 2))
	p := make([]byte, 1)
	for i := range rounds {
		turn <- struct{}{}
		within(t, 10*time.Second, "an interrupted read", func() {
			for {
				// Half of the deadlines run out, so that they are armed
				// and found early in turns.
				c.SetReadDeadline(time.Now().Add(time.Duration(rng.IntN(40)) * time.Microsecond))
				_, err := c.Read(p)
				if err == ErrInterrupted {
					return
				}
				if !isTimeout(err) {
					t.Errorf("round %d: %v", i, err)
					return
				}
			}
		})
		if t.Failed() {
			return
		}
		c.Resume()
	}
}

// Resume may overtake the second half of an Interrupt. The deadline that this
// leaves behind must not reach the caller.
func TestLateInterruptIsNoTimeout(t *testing.T) {
	c, peer := pair(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				c.Interrupt()
				c.Resume()
				runtime.Gosched()
			}
		}
	})
	wg.Go(func() {
		for range 300 {
			peer.Write([]byte("x"))
			time.Sleep(50 * time.Microsecond)
		}
	})
	p := make([]byte, 1)
	within(t, 20*time.Second, "reading", func() {
		for got := 0; got < 300; {
			c.SetReadDeadline(time.Now().Add(time.Hour))
			n, err := c.Read(p)
			if err != nil && !errors.Is(err, ErrInterrupted) {
				t.Errorf("Read: %v", err)
				break
			}
			got += n
		}
	})
	close(stop)
	wg.Wait()
}
