package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// record keeps what several goroutines say.
type record struct {
	mu  sync.Mutex
	all []string // guarded by mu
}

func (r *record) add(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, s)
}

func (r *record) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// "Another Attempt only for: nothing sent, a reused connection closed before
// the head for idempotent methods, or configured statuses (502/503/504) on
// idempotent methods [...]. A read time-out is not tried again for
// non-idempotent methods." (design.md section 8)
func TestOneOfTwoUpstreamsIsBad(t *testing.T) {
	t.Parallel()
	// posted reads a request on an upstream and records the body of a POST.
	posted := func(c scripted, got *record) bool {
		r, err := http.ReadRequest(c.r)
		if err != nil {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		if r.Method == "POST" {
			got.add(string(body))
		}
		return true
	}
	for _, tt := range []struct {
		name   string
		play   func(c scripted, got *record)
		status int    // of a POST that comes to it
		kind   string // of the Proxy-Status with that
	}{
		{"refuses", nil, 200, ""}, // not a byte was sent, so even a POST may go to the other
		{"closes at once", func(c scripted, got *record) {
			posted(c, got)
		}, 502, "connection_terminated"},
		{"never answers", func(c scripted, got *record) {
			if posted(c, got) {
				c.gone()
			}
		}, 504, "connection_read_timeout"},
		{"sends garbage", func(c scripted, got *record) {
			if posted(c, got) {
				c.say("I am not a web server\r\n\r\n")
			}
		}, 502, "http_protocol_error"},
		{"ends inside its head", func(c scripted, got *record) {
			if posted(c, got) {
				c.say("HTTP/1.1 200 OK\r\nContent-Le")
			}
		}, 502, "http_response_incomplete"},
		{"answers 503", func(c scripted, got *record) {
			for posted(c, got) {
				c.say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nbad")
			}
		}, 503, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got record
			bad := reserve(t)
			if tt.play != nil {
				bad = script(t, func(c scripted) { tt.play(c, &got) })
			}
			good := serve(t, nil)
			s := start(t, setup{upstreams: []string{bad, good.address}, pool: `response_timeout = "300ms"`})
			c := s.client()
			for i := range 4 {
				if a := get(t, c, secure+"/"); a.StatusCode != 200 || a.body != "ok" {
					t.Errorf("GET %d: %d %.50q, Proxy-Status %q", i, a.StatusCode, a.body, a.Header.Get("Proxy-Status"))
				}
			}
			bodies := map[string]int{}
			worse := 0
			for i := range 4 {
				a := do(t, c, request(t, "POST", secure+"/", strings.NewReader(fmt.Sprint("post ", i))))
				kind := a.Header.Get("Proxy-Status")
				switch {
				case a.StatusCode == 200:
				case a.StatusCode == tt.status && (tt.kind == "") == (kind == "") && strings.Contains(kind, tt.kind):
					worse++
				default:
					t.Errorf("POST %d: %d, Proxy-Status %q; want 200 or %d %s", i, a.StatusCode, kind, tt.status, tt.kind)
				}
			}
			for _, body := range append(got.list(), good.posted()...) {
				bodies[body]++
			}
			for i := range 4 {
				if body := fmt.Sprint("post ", i); bodies[body] != 1 {
					t.Errorf("%q was sent %d times, want once", body, bodies[body])
				}
			}
			if want := len(got.list()); worse != want {
				t.Errorf("%d POSTs failed, %d were at the bad upstream", worse, want)
			}
			if tt.play != nil && worse == 0 {
				t.Error("no POST came to the bad upstream")
			}
		})
	}
}

// "bodies are replayed only if kept in full (up to 64 KiB)" (design.md
// section 8).
func TestBodyOfAnIdempotentRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	bad := script(t, func(c scripted) { c.request() })
	var got record
	good := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.add(fmt.Sprint(r.Method, " ", len(body)))
	})
	s := start(t, setup{upstreams: []string{bad, good.address}})
	c := s.client()
	for _, size := range []int{1, 5000, 64 << 10} {
		for _, chunked := range []bool{false, true} {
			for range 2 { // one of the two meets the bad one
				r := request(t, "PUT", secure+"/", strings.NewReader(strings.Repeat("x", size)))
				if chunked {
					r.ContentLength = -1
				}
				if a := do(t, c, r); a.StatusCode != 200 {
					t.Errorf("PUT of %d bytes, chunked %v: %d", size, chunked, a.StatusCode)
				}
				all := got.list()
				if want := fmt.Sprint("PUT ", size); len(all) == 0 || all[len(all)-1] != want {
					t.Errorf("the good upstream got %v, want %s at the end", all, want)
				}
			}
		}
	}
}

// "Never beyond the retry budget (20 % of recent requests by default, with a
// floor)" (design.md section 8). The floor is 3 a second, over ten seconds.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	var addresses []string
	var ups []*origin
	for range 3 {
		up := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
		ups, addresses = append(ups, up), append(addresses, up.address)
	}
	s := start(t, setup{upstreams: addresses})
	const clients, each = 4, 150
	began := time.Now()
	var running sync.WaitGroup
	for range clients {
		c := s.dial(t)
		running.Go(func() {
			for range each {
				a := exchange(c.conn, c.r, "GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
				if a.err != nil || a.status != 503 {
					t.Errorf("status %d, error %v", a.status, a.err)
					return
				}
			}
		})
	}
	running.Wait()
	total := 0
	for _, up := range ups {
		total += up.count()
	}
	floor := 30 + 3*time.Since(began).Seconds()
	t.Logf("%d requests made %d at the upstreams", clients*each, total)
	if most := 1.2*clients*each + floor; float64(total) > most {
		t.Errorf("%d requests at the upstreams, want at most %.0f", total, most)
	}
	if total <= clients*each {
		t.Error("nothing was tried again")
	}
}

// retry_on = [] allows no other Attempt for a status.
func TestNoRetryOnStatus(t *testing.T) {
	t.Parallel()
	bad := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	good := serve(t, nil)
	s := start(t, setup{upstreams: []string{bad.address, good.address}, pool: "retry_on = []"})
	c := s.client()
	for range 4 {
		get(t, c, secure+"/")
	}
	if bad.count() != 2 || good.count() != 2 {
		t.Errorf("%d and %d requests, want 2 each", bad.count(), good.count())
	}
}

// Whether an idle connection to an upstream is still good is asked when it is
// taken: that an upstream closes it is nobody's error, a POST's neither.
func TestUpstreamClosesIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 16)
	up := script(t, func(c scripted) {
		if c.request() != nil {
			c.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		c.Close()
		closed <- struct{}{}
	})
	s := start(t, setup{upstreams: []string{up}})
	c := s.dialTLS(t)
	for i := range 8 {
		c.send("POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 1\r\n\r\nx", host)
		if a := c.answer(); a.StatusCode != 200 {
			t.Fatalf("POST %d: %d, Proxy-Status %q", i, a.StatusCode, a.Header.Get("Proxy-Status"))
		}
		receive(t, "the upstream closes", closed)
	}
}
