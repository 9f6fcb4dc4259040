package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	clientRate  = 500             // requests a second, far below what a core can do
	clientLimit = 5 * time.Second // for one request, and what one that failed counts
)

// client is well-behaved: it asks on a schedule over one HTTP/2 connection,
// whether or not earlier answers have come, so that a proxy that stalls is not
// asked less.
type client struct {
	url       string
	transport *http.Transport

	mu     sync.Mutex
	errors int
	err    error // the first
}

// newClient is a client of the probe's port.
func newClient(p probe) *client {
	return &client{
		url: fmt.Sprintf("https://%s%s", address(p.port), p.path),
		transport: &http.Transport{
			TLSClientConfig:    p.config(),
			ForceAttemptHTTP2:  true,
			DisableCompression: true,
			HTTP2:              &http.HTTP2Config{StrictMaxConcurrentRequests: true},
		},
	}
}

// close ends the client's connection.
func (c *client) close() { c.transport.CloseIdleConnections() }

// run asks for as long as length and waits for all answers. What was not
// answered counts as an error that took clientLimit.
func (c *client) run(ctx context.Context, length time.Duration) latency {
	c.errors, c.err = 0, nil
	const each = time.Second / clientRate
	took := make([]time.Duration, int(length/each))
	asked := 0
	var wg sync.WaitGroup
	start := time.Now()
	for i := range took {
		due := start.Add(time.Duration(i) * each)
		sleepUntil(due)
		if ctx.Err() != nil {
			break
		}
		asked++
		wg.Go(func() { took[i] = c.timed(ctx, due) }) // ends within clientLimit
	}
	wg.Wait()
	return newLatency(took[:asked], c.errors)
}

// timed asks once and returns how long after its time the answer was there.
func (c *client) timed(ctx context.Context, due time.Time) time.Duration {
	err := c.ask(ctx)
	if err == nil {
		return time.Since(due)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errors++; c.err == nil {
		c.err = err
	}
	return clientLimit
}

// ask wants the small body over HTTP/2.
func (c *client) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, clientLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return err
	}
	request.Host = benchHost
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if response.ProtoMajor != 2 || response.StatusCode != http.StatusOK || n != smallSize {
		return fmt.Errorf("%s, status %d with %d bytes; want HTTP/2, 200 with %d", response.Proto, response.StatusCode, n, smallSize)
	}
	return nil
}
