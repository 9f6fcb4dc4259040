package proxy

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/message"
	"sluice/upstream"
)

var seed = flag.Uint64("seed", 0, "of the simulation; 0: a new one")

// simulation throws random requests at random upstreams, from a seed.
type simulation struct {
	t *testing.T
	p *testProxy

	mu      sync.Mutex
	dice    *rand.Rand
	reached map[string]int  // how often an application got the head of this id's request
	broken  map[string]bool // ids whose whole body arrived as another
}

// roll returns a number below n.
func (s *simulation) roll(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dice.IntN(n)
}

// behave is an upstream that does something else each time.
func (s *simulation) behave(v *visit) bool {
	id := v.Header.Get("Request-Id")
	s.mu.Lock()
	s.reached[id]++
	s.mu.Unlock()
	switch s.roll(12) {
	case 0: // crashes
		v.reset()
		return false
	case 1: // closes with the body unread
		return false
	case 2: // is no HTTP
		v.say("220 ready\r\n\r\n")
		return false
	case 3: // is slow for ever
		v.untilGone()
		return false
	case 4: // is busy, and says so before it has read
		v.answer(503, "busy")
		return false
	case 5: // is busy, politely
		v.content()
		return v.answer(503, "busy")
	case 6: // says 200 and breaks off
		v.content()
		v.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ntruncated")
		return false
	case 7: // breaks off in a chunk
		v.content()
		v.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\ntruncated")
		return false
	}
	body, err := v.content()
	if err != nil {
		return false
	}
	if digest(body) != v.Header.Get("X-Digest") {
		s.mu.Lock()
		s.broken[id] = true
		s.mu.Unlock()
	}
	if v.answer(200, "done "+id) && s.roll(3) > 0 {
		return true
	}
	return false // closed although it said nothing of that
}

func digest(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }

// client makes one Exchange and checks what came of it.
func (s *simulation) client(n int) {
	method := []string{"GET", "POST", "PUT", "DELETE", "POST"}[s.roll(5)]
	id := fmt.Sprintf("sim-%d", n)
	w := newWire(s.t, method)
	r := request(method, "/", "Request-Id: "+id)
	body, fate := "", s.roll(10)
	if method != "GET" && s.roll(4) > 0 {
		size := []int{1, 1000, 5000, 60_000, keepBytes, keepBytes + 1, 200_000}[s.roll(7)]
		body = strings.Repeat(string(rune('a'+n%26)), size)
		u := newUpload()
		length := int64(size)
		if s.roll(2) == 0 {
			length = -1
		}
		r = withBody(r, w, u, length)
		defer s.upload(u, body, fate).Wait()
	}
	r.Fields = append(r.Fields, fieldLines("X-Digest: "+digest(body))...)
	e := s.p.begin(r, w)
	if fate == 1 {
		time.AfterFunc(time.Duration(s.roll(20))*time.Millisecond, w.hangUp)
	}
	within(s.t, "the end of "+id, e.ended)
	s.check(w, method, id, fate)
}

// upload sends body in pieces while the Exchange runs. With fate 0 the client
// breaks off.
func (s *simulation) upload(u *upload, body string, fate int) *sync.WaitGroup {
	var wg sync.WaitGroup
	pieces := 1 + s.roll(4)
	wg.Go(func() {
		for i := range pieces {
			u.send(body[len(body)*i/pieces : len(body)*(i+1)/pieces])
			if fate == 0 && i == pieces/2 {
				u.close(goneClient)
				return
			}
		}
		u.close(io.EOF)
	})
	return &wg
}

// check holds the outcome of one Exchange against what must never be.
func (s *simulation) check(w *wire, method, id string, fate int) {
	s.mu.Lock()
	reached, broken := s.reached[id], s.broken[id]
	s.mu.Unlock()
	told := w.told()
	switch {
	case told == "nothing":
		s.t.Errorf("%s: no end", id)
	case told == "200" && (w.body.String() != "done "+id || reached == 0):
		s.t.Errorf("%s: 200 with %q after %d visits", id, w.body.String(), reached)
	case fate > 1 && strings.HasPrefix(told, "4"), fate > 1 && told == "aborted":
		s.t.Errorf("%s: %s, but the client did nothing wrong", id, told)
	}
	if broken {
		s.t.Errorf("%s: the body arrived as another one", id)
	}
	if method == "POST" && reached > 1 || reached > maxAttempts {
		s.t.Errorf("%s: %s reached applications %d times", id, method, reached)
	}
	if w.watcher != nil {
		s.t.Errorf("%s: the wire still watches", id)
	}
	if w.up != nil && (w.up.misuse != "" || w.up.stopped) {
		s.t.Errorf("%s: body: %q, stopped %v", id, w.up.misuse, w.up.stopped)
	}
}

// Whatever upstreams and clients do: every Exchange ends, is logged once, a
// POST reaches at most one application, bodies arrive as they were sent, a
// response that was cut is not ended cleanly, and nothing is left over.
func TestSimulation(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./proxy -run TestSimulation -seed %d", *seed)
	s := &simulation{t: t, dice: rand.New(rand.NewPCG(*seed, 1)), reached: map[string]int{}, broken: map[string]bool{}}
	addresses := []string{refusing(t)}
	for range 3 {
		addresses = append(addresses, newOrigin(t, s.behave).Addr().String())
	}
	pool := newPool(t, upstream.Config{ResponseTimeout: 250 * time.Millisecond, RetryShare: 2}, addresses...)
	s.p = newProxy(t, pool)

	const clients, each = 8, 60
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				s.client(c*each + i)
			}
		})
	}
	wg.Wait()
	s.checkLog(clients * each)
}

// checkLog wants one line for each Exchange, that fits it.
func (s *simulation) checkLog(n int) {
	seen := map[string]bool{}
	ends := map[string]int{}
	for _, l := range s.p.logged() {
		if seen[l.id] {
			s.t.Errorf("%s is logged twice", l.id)
		}
		seen[l.id] = true
		ends[fmt.Sprint(l.status, " ", l.cause)]++
		if l.status == 0 || l.attempts > maxAttempts || l.attempts == 0 && l.cause != message.CauseDestinationUnavailable.String() {
			s.t.Errorf("%+v", l)
		}
		if (l.degraded != "") != (l.status >= 500 && l.who != "") {
			s.t.Errorf("degraded %q: %+v", l.degraded, l)
		}
	}
	if len(seen) != n {
		s.t.Errorf("%d lines in the log, want %d", len(seen), n)
	}
	s.t.Logf("ends: %v", ends)
}
