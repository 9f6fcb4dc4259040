package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	crowdSize    = 5000            // idle connections
	crowdDialers = 16              // that open them
	crowdSettle  = 3 * time.Second // from the last answer to the reading
)

// crowd is many open TLS connections that have asked once each.
type crowd struct {
	probe probe
	conns []net.Conn
}

// open makes the connections, from twenty source addresses so that a cap per
// address does not bite.
func (c *crowd) open(ctx context.Context, size int) error {
	c.conns = make([]net.Conn, size)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range crowdDialers {
		wg.Go(func() { // ends when next is closed
			for i := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := c.join(ctx, i); err != nil {
					cancel(fmt.Errorf("connection %d of %d: %w", i+1, size, err))
				}
			}
		})
	}
	for i := range size {
		next <- i
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// join opens the connection i and asks once on it.
func (c *crowd) join(ctx context.Context, i int) error {
	p := c.probe
	p.local = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%20))}
	conn, err := p.dial(ctx)
	if err != nil {
		return err
	}
	c.conns[i] = conn
	return c.askAgain(i)
}

// askAgain asks on the connection i and wants the right answer.
func (c *crowd) askAgain(i int) error {
	a, err := c.probe.exchange(c.conns[i])
	if err != nil {
		return err
	}
	if a.status != 200 || a.length != bodySize(c.probe.path) {
		return fmt.Errorf("status %d with %d bytes", a.status, a.length)
	}
	return nil
}

// close closes what was opened.
func (c *crowd) close() {
	for _, conn := range c.conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// memoryOfCrowd measures the resident memory that an idle TLS connection adds.
func memoryOfCrowd(ctx context.Context, m *measurement) (sample, error) {
	before, err := groupRSS(m.group)
	if err != nil {
		return sample{}, err
	}
	c := &crowd{probe: m.smallProbe()}
	defer c.close()
	if err := c.open(ctx, crowdSize); err != nil {
		return sample{}, err
	}
	m.requests += crowdSize
	if err := pause(ctx, crowdSettle); err != nil {
		return sample{}, err
	}
	after, err := groupRSS(m.group)
	if err != nil {
		return sample{}, err
	}
	for i := 0; i < crowdSize; i += 100 { // the proxy must not have saved memory by hanging up
		if err := c.askAgain(i); err != nil {
			return sample{}, fmt.Errorf("connection %d is not kept: %w", i+1, err)
		}
		m.requests++
	}
	return sample{value: float64(after-before) / 1024 / crowdSize}, nil
}

// pause waits, unless the run is interrupted.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
