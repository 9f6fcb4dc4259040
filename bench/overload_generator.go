package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// generator offers load in an open loop: visits begin when they are due,
// whatever has become of those before, and latency counts from then. A closed
// loop asks less as answers take longer, which hides the queue.
//
// A visit takes the connection that was used last, or opens one. There are at
// most so many, and so neither more visits at a time nor more descriptors; a
// visit that finds none is counted and not made.
type generator struct {
	dial     func(deadline time.Time) (net.Conn, error)
	most     int  // connections
	clients  int  // addresses that visits come from
	retrying bool // every other client retries at once when refused
	sleep    func(until time.Time)
	dice     *rand.Rand // who visits, and when; of the goroutine that offers

	mu   sync.Mutex
	idle []*caller
	open int
	wg   sync.WaitGroup // callers
}

// newGenerator loads a port. The caller must close it.
func newGenerator(port, clients int, retrying bool) *generator {
	return &generator{
		dial: func(deadline time.Time) (net.Conn, error) {
			dialer := net.Dialer{Deadline: deadline}
			return dialer.Dial("tcp4", address(port))
		},
		most:     mostCallers,
		clients:  clients,
		retrying: retrying,
		sleep:    sleepUntil,
		dice:     seeded(1),
	}
}

// offered are the visits of a phase, some of which may still go on.
type offered struct {
	start  time.Time
	length time.Duration
	visits []visit
	wg     sync.WaitGroup
}

// offer makes the visits of a phase and returns when the phase is over, not
// when the visits are.
func (g *generator) offer(ctx context.Context, perSecond float64, start time.Time, length time.Duration) *offered {
	schedule := arrivals(perSecond, length, g.dice)
	o := &offered{start: start, length: length, visits: make([]visit, len(schedule))}
	for i, due := range schedule {
		g.sleep(start.Add(due))
		if ctx.Err() != nil {
			o.visits = o.visits[:i]
			return o
		}
		v := &o.visits[i]
		v.due = due
		v.late = time.Since(start) - due
		e := errand{visit: v, due: start.Add(due), client: g.dice.IntN(g.clients), done: o.wg.Done}
		e.retries = g.retrying && e.client%2 == 0
		o.wg.Add(1)
		g.send(e)
	}
	g.sleep(start.Add(length))
	return o
}

// wait waits until all visits are over, which is soon: each has its deadline.
func (o *offered) wait() []visit {
	o.wg.Wait()
	return o.visits
}

// send gives an errand to a caller.
func (g *generator) send(e errand) {
	if c := g.caller(); c != nil {
		c.errands <- e // it has room: the caller is idle
		return
	}
	e.visit.outcome = crowdedUp
	e.done()
}

// caller takes an idle caller, or makes one; nil if there are too many.
func (g *generator) caller() *caller {
	g.mu.Lock()
	defer g.mu.Unlock()
	if last := len(g.idle) - 1; last >= 0 {
		c := g.idle[last]
		g.idle = g.idle[:last]
		return c
	}
	if g.open == g.most {
		return nil
	}
	g.open++
	c := &caller{dial: g.dial, errands: make(chan errand, 1)}
	g.wg.Go(func() { c.run(g.release) }) // ends when close closes its errands
	return c
}

// release takes a caller back.
func (g *generator) release(c *caller) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = append(g.idle, c)
}

// close ends all callers. All that was offered must have been waited for: then
// all are idle.
func (g *generator) close() {
	g.mu.Lock()
	for _, c := range g.idle {
		close(c.errands)
	}
	g.idle = nil
	g.mu.Unlock()
	g.wg.Wait()
}
