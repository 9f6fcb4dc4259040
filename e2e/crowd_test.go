package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// trustUs makes the test the proxy that says who a client is.
const trustUs = "trusted_proxies = [\"127.0.0.1\"]\n"

// crowd is many clients behind one trusted proxy, which keeps its connections.
// It asks over plain HTTP.
type crowd struct {
	address string

	mu   sync.Mutex
	idle []*crowdConn // guarded by mu; the last was used last
}

type crowdConn struct {
	net.Conn
	r *bufio.Reader
}

// newCrowd makes the clients of a Sluice.
func newCrowd(t *testing.T, s *sluice) *crowd {
	c := &crowd{address: s.http}
	t.Cleanup(func() {
		for _, conn := range c.idle {
			conn.Close()
		}
	})
	return c
}

// got is what a client got.
type got struct {
	due    time.Time     // when it was to ask
	took   time.Duration // from then on
	status int           // 0: none
	head   http.Header
	body   string
	err    error
}

func (g got) ok() bool { return g.err == nil && g.status == 200 }

// cookie is the value of a cookie that the answer sets.
func (g got) cookie(name string) string {
	for _, c := range (&http.Response{Header: g.head}).Cookies() {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// ask sends a GET for a client, with more field lines.
func (c *crowd) ask(client, path string, fields ...string) got {
	return c.askAt(time.Now(), client, path, fields...)
}

// askAt is ask for a request that was due at a time.
func (c *crowd) askAt(due time.Time, client, path string, fields ...string) got {
	g := got{due: due}
	conn, err := c.take()
	if err != nil {
		g.err = err
		return g
	}
	conn.SetDeadline(time.Now().Add(2 * patience))
	head := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-For: " + client + "\r\n"
	if len(fields) > 0 {
		head += strings.Join(fields, "\r\n") + "\r\n"
	}
	keep := g.exchange(conn, head+"\r\n")
	g.took = time.Since(due)
	c.put(conn, keep)
	return g
}

func (g *got) exchange(conn *crowdConn, head string) (keep bool) {
	if _, g.err = io.WriteString(conn, head); g.err != nil {
		return false
	}
	var resp *http.Response
	if resp, g.err = http.ReadResponse(conn.r, nil); g.err != nil {
		return false
	}
	var body []byte
	body, g.err = io.ReadAll(resp.Body)
	g.status, g.head, g.body = resp.StatusCode, resp.Header, string(body)
	return g.err == nil && !resp.Close
}

func (c *crowd) take() (*crowdConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.idle); n > 0 {
		conn := c.idle[n-1]
		c.idle = c.idle[:n-1]
		return conn, nil
	}
	conn, err := net.DialTimeout("tcp", c.address, patience)
	if err != nil {
		return nil, err
	}
	return &crowdConn{conn, bufio.NewReader(conn)}, nil
}

func (c *crowd) put(conn *crowdConn, keep bool) {
	if !keep {
		conn.Close()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, conn)
}

// offer calls ask so many times a second, each time in a goroutine of its own
// and whether or not earlier ones have returned: who waits is not asked less.
// It returns what they got when all have.
func offer(perSecond int, length time.Duration, ask func(i int, due time.Time) got) []got {
	all := make([]got, int(length.Seconds()*float64(perSecond)))
	var open sync.WaitGroup
	began, i := time.Now(), 0
	every(time.Millisecond, func() bool {
		for ; i < len(all); i++ {
			n, due := i, began.Add(time.Duration(i)*time.Second/time.Duration(perSecond))
			if time.Now().Before(due) {
				return true
			}
			open.Go(func() { all[n] = ask(n, due) })
		}
		return false
	})
	open.Wait()
	return all
}

// refusedOf returns those that were not answered with 200, in words.
func refusedOf(all []got) (words []string) {
	for _, g := range all {
		if !g.ok() {
			words = append(words, fmt.Sprintf("at %s: status %d, %v, after %v", g.due.Format("05.000"), g.status, g.err, g.took))
		}
	}
	return words
}

// share is how many of all were answered with 200.
func share(all []got) float64 { return 1 - float64(len(refusedOf(all)))/float64(len(all)) }

// address is one of many clients.
func addressOf(i int) string { return fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255) }

// serviceTime is how long a worker needs for a request.
const serviceTime = 20 * time.Millisecond

// workers starts an upstream with so many workers. Requests that find none wait
// for one, however many they are: the upstream has no limit of its own.
func workers(t *testing.T, n int) *origin {
	t.Helper()
	free := make(chan struct{}, n)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case free <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		time.Sleep(serviceTime) // the work
		<-free
		io.WriteString(w, "ok")
	})
}
