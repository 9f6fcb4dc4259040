package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// mostCallers is how many connections a generator has at most. A proxy needs
// two descriptors for each.
const mostCallers = 9000

// dueField is the request's field that tells the origin when it was due, so
// that it can count whom it worked for in vain. Bench and origin have one clock.
const dueField = "X-Due"

// caller makes visits, one at a time, on a connection of its own that it keeps.
type caller struct {
	dial    func(deadline time.Time) (net.Conn, error)
	errands chan errand

	conn   net.Conn // nil: none
	reader *bufio.Reader
	out    []byte
}

// errand is a visit that is to be made.
type errand struct {
	visit   *visit
	due     time.Time
	client  int
	retries bool // at once, when refused
	done    func()
}

// run makes visits until there are no more errands.
func (c *caller) run(release func(*caller)) {
	for e := range c.errands {
		c.call(e)
		release(c)
		e.done()
	}
	c.hangUp()
}

// call makes a visit, retries included.
func (c *caller) call(e errand) {
	v := e.visit
	for {
		v.attempts++
		v.outcome = c.ask(e)
		v.took = time.Since(e.due)
		if !v.outcome.refused() || !e.retries || v.attempts > mostRetries {
			break
		}
	}
	if v.outcome == good && v.took > patience {
		v.outcome = gaveUp
	}
	if v.outcome == gaveUp {
		v.took = patience
	}
}

// errStale is a kept connection that ended before the first byte of an answer.
var errStale = errors.New("the connection had been closed")

// ask asks once. On a kept connection that turns out to be closed it asks again
// on a new one, as every client does.
func (c *caller) ask(e errand) outcome {
	a, err := c.exchange(e)
	if errors.Is(err, errStale) {
		a, err = c.exchange(e)
	}
	switch {
	case err == nil:
		return outcomeOf(a.status, a.length)
	case timedOut(err):
		return gaveUp
	default:
		return broken
	}
}

// exchange sends the request and reads the answer. Only a connection on which
// that went well is kept.
func (c *caller) exchange(e errand) (a answer, err error) {
	fresh := c.conn == nil
	if fresh {
		if c.conn, err = c.dial(e.due.Add(patience)); err != nil {
			c.conn = nil
			return a, err
		}
		if c.reader == nil {
			c.reader = bufio.NewReaderSize(nil, 1024)
		}
		c.reader.Reset(c.conn)
	}
	keep := false
	defer func() {
		if !keep {
			c.hangUp()
		}
	}()
	if err := c.conn.SetDeadline(e.due.Add(patience)); err != nil {
		return a, staleUnless(fresh, err)
	}
	if err := c.send(e); err != nil {
		return a, staleUnless(fresh, err)
	}
	if _, err := c.reader.Peek(1); err != nil {
		return a, staleUnless(fresh, err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return a, fmt.Errorf("read answer: %w", err)
	}
	defer response.Body.Close()
	a.status = response.StatusCode
	a.length, err = io.Copy(io.Discard, response.Body)
	keep = err == nil && !response.Close
	return a, err
}

// send writes the request in the client's name.
func (c *caller) send(e errand) error {
	c.out = fmt.Appendf(c.out[:0], "GET %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 10.%d.%d.%d\r\n%s: %d\r\n\r\n",
		smallPath, benchHost, e.client>>16&0xff, e.client>>8&0xff, e.client&0xff, dueField, e.due.UnixNano())
	_, err := c.conn.Write(c.out)
	return err
}

// staleUnless is errStale for what befell a connection that was not fresh.
func staleUnless(fresh bool, err error) error {
	if fresh || timedOut(err) {
		return err
	}
	return errStale
}

// timedOut reports whether a deadline passed, while dialing or after.
func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// hangUp closes the connection, if there is one.
func (c *caller) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
