package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load is kept-alive clients that send at a steady pace until stopped. They
// are not Go's, which tries again by itself and would hide errors.
type load struct {
	stop    chan struct{}
	clients sync.WaitGroup
	sent    atomic.Int64

	mu      sync.Mutex
	failed  []string       // guarded by mu
	posted  []string       // guarded by mu: bodies of all POSTs that were sent
	refused int            // guarded by mu: POSTs without success
	served  map[string]int // guarded by mu: answers, by upstream
}

// startLoad starts clients that GET and clients that POST, each body once.
func startLoad(t *testing.T, s *sluice, gets, posts int, pace time.Duration) *load {
	t.Helper()
	l := &load{stop: make(chan struct{}), served: map[string]int{}}
	for range gets {
		l.clients.Go(func() { l.run(s.http, pace, l.get) })
	}
	for n := range posts {
		next := 0
		l.clients.Go(func() {
			l.run(s.http, pace, func(conn net.Conn, r *bufio.Reader) bool {
				next++
				return l.post(conn, r, fmt.Sprintf("body-%d-%d", n, next))
			})
		})
	}
	t.Cleanup(l.end)
	return l
}

// run is one client. After a step that says so it connects anew.
func (l *load) run(address string, pace time.Duration, step func(net.Conn, *bufio.Reader) bool) {
	var conn net.Conn
	var r *bufio.Reader
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	every(pace, func() bool {
		select {
		case <-l.stop:
			return false
		default:
		}
		if conn == nil {
			var err error
			if conn, err = net.DialTimeout("tcp", address, patience); err != nil {
				l.fail("dial: %v", err)
				return false
			}
			r = bufio.NewReader(conn)
		}
		conn.SetDeadline(time.Now().Add(patience))
		l.sent.Add(1)
		if !step(conn, r) {
			conn.Close()
			conn = nil
		}
		return true
	})
}

func (l *load) get(conn net.Conn, r *bufio.Reader) bool {
	a := exchange(conn, r, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
	l.answered(a)
	if a.err != nil || a.status != 200 {
		l.fail("GET: status %d, error %v", a.status, a.err)
	}
	return a.keep
}

func (l *load) post(conn net.Conn, r *bufio.Reader, body string) bool {
	l.mu.Lock()
	l.posted = append(l.posted, body)
	l.mu.Unlock()
	a := exchange(conn, r, fmt.Sprintf("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", host, len(body), body))
	l.answered(a)
	if a.err != nil || a.status != 200 {
		l.mu.Lock()
		l.refused++
		l.mu.Unlock()
	}
	return a.keep
}

// answered notes who has answered.
func (l *load) answered(a exchanged) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.served[a.by]++
}

// servedBy returns how many answers have come from an upstream process.
func (l *load) servedBy(address string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served[address]
}

// exchanged is what came of a request.
type exchanged struct {
	status int    // 0: none
	by     string // the upstream, if it says so
	keep   bool   // the connection stays
	err    error
}

// exchange sends a request and reads the response.
func exchange(conn net.Conn, r *bufio.Reader, text string) exchanged {
	if _, err := io.WriteString(conn, text); err != nil {
		return exchanged{err: err}
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return exchanged{err: err}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return exchanged{resp.StatusCode, resp.Header.Get("X-Upstream"), err == nil && !resp.Close, err}
}

func (l *load) fail(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, fmt.Sprintf(format, args...))
}

// end stops the clients and waits for them.
func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.clients.Wait()
}

// "Port ranges in config, per-request round-robin also on kept-alive
// connections, failover, failfast, failback, failsafe, all on by default"
// (design.md section 1).
func TestKilledUpstreamIsNoticedByNobody(t *testing.T) {
	var ups [3]*process
	var addresses []string
	for i := range ups {
		ups[i] = startProcess(t, reserve(t))
		addresses = append(addresses, ups[i].address)
	}
	s := start(t, setup{upstreams: addresses})
	clients := startLoad(t, s, 8, 2, 5*time.Millisecond)
	during := func(d time.Duration) {
		until := time.Now().Add(d)
		every(10*time.Millisecond, func() bool { return time.Now().Before(until) })
	}

	during(700 * time.Millisecond)
	ups[1].kill()
	during(time.Second)
	before := clients.servedBy(ups[1].address)
	ups[1].start()
	back := time.Now()
	// Its share begins small, so the next POST may be a hundred requests away,
	// which is long where there are few: a GET tells as well.
	eventually(t, 1500*time.Millisecond, "the upstream that came back gets requests", func() bool {
		return clients.servedBy(ups[1].address) > before
	})
	recovery := time.Since(back)
	during(300 * time.Millisecond)
	clients.end()

	t.Logf("%d requests; the upstream that came back got its first request after %v; %d of %d POSTs failed",
		clients.sent.Load(), recovery.Round(time.Millisecond), clients.refused, len(clients.posted))
	for i, f := range clients.failed {
		if i == 10 {
			t.Errorf("and %d more", len(clients.failed)-i)
			break
		}
		t.Error(f)
	}
	// "Another Attempt only for: nothing sent, a reused connection closed
	// before the head for idempotent methods" (design.md section 8).
	times := map[string]int{}
	for _, up := range ups {
		for _, body := range up.posted() {
			if times[body]++; times[body] == 2 {
				t.Errorf("POST %q was sent twice", body)
			}
		}
	}
	if n := clients.refused; n > 4 {
		t.Errorf("%d POSTs failed, want at most those that were at the upstream when it was killed", n)
	}
}
