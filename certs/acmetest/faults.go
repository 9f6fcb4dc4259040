package acmetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Refusal is what some requests are answered with instead of what they ask for.
type Refusal struct {
	Path       string        // a substring of the paths of those meant
	Status     int           // such as 429
	Type       string        // of the problem, such as "rateLimited", in the namespace urn:ietf:params:acme:error:
	Detail     string        // for people
	RetryAfter time.Duration // 0: the answer has no Retry-After
	Times      int           // how many requests are refused; 0: one; negative: all
}

// moment is when a request is held: before or after the CA has done its work.
type moment int

const (
	before moment = iota
	after
)

// hold stops requests.
type hold struct {
	path     string
	moment   moment
	arrive   func() // closes what Hold returns as reached
	released chan struct{}
}

// faults are what the CA does wrong to requests.
type faults struct {
	ended chan struct{} // closed when the CA ends

	mu       sync.Mutex
	down     bool // guarded by mu, as all below
	refusals []*Refusal
	holds    []*hold
}

func newFaults() *faults { return &faults{ended: make(chan struct{})} }

// Down makes the CA be away, or be back: while it is away the connections of all
// requests are cut without an answer.
func (c *CA) Down(away bool) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.down = away
}

// Refuse makes the CA refuse requests. They are not looked at: no nonce is
// used, and none is given. Of several refusals of one request the oldest counts.
func (c *CA) Refuse(r Refusal) {
	if r.Times == 0 {
		r.Times = 1
	}
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.refusals = append(c.faults.refusals, &r)
}

// Accept ends all that Refuse began.
func (c *CA) Accept() {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.refusals = nil
}

// Hold makes requests whose path contains a substring wait before the CA looks
// at them, until they are released, as when a client is to be killed in the
// middle of an order. Reached is closed when the first of them waits. A request
// whose client has gone away while it waited is forgotten.
func (c *CA) Hold(path string) (release func(), reached <-chan struct{}) {
	return c.faults.addHold(path, before)
}

// HoldAnswer is Hold, except that the CA does what is asked for: only its
// answer waits, and is lost when the client goes away.
func (c *CA) HoldAnswer(path string) (release func(), reached <-chan struct{}) {
	return c.faults.addHold(path, after)
}

func (f *faults) addHold(path string, m moment) (release func(), reached <-chan struct{}) {
	arrived := make(chan struct{})
	h := &hold{
		path:     path,
		moment:   m,
		arrive:   sync.OnceFunc(func() { close(arrived) }),
		released: make(chan struct{}),
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holds = append(f.holds, h)
	return sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.holds = slices.DeleteFunc(f.holds, func(other *hold) bool { return other == h })
		close(h.released)
	}), arrived
}

// hold waits while r is held. It panics with http.ErrAbortHandler when the
// client does not wait as long, or the CA ends.
func (f *faults) hold(r *http.Request, m moment) {
	for _, h := range f.holdsOf(r, m) {
		h.arrive()
		select {
		case <-h.released:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-f.ended:
			panic(http.ErrAbortHandler)
		}
	}
}

func (f *faults) holdsOf(r *http.Request, m moment) (holds []*hold) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.holds {
		if h.moment == m && strings.Contains(r.URL.Path, h.path) {
			holds = append(holds, h)
		}
	}
	return holds
}

func (f *faults) isDown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.down
}

// refusal is what r is to be answered with, if it is to be refused.
func (f *faults) refusal(r *http.Request) (Refusal, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.refusals, func(r2 *Refusal) bool { return strings.Contains(r.URL.Path, r2.Path) })
	if i < 0 {
		return Refusal{}, false
	}
	found := f.refusals[i]
	if found.Times > 0 {
		if found.Times--; found.Times == 0 {
			f.refusals = slices.Delete(f.refusals, i, i+1)
		}
	}
	return *found, true
}

// end lets nothing wait any more.
func (f *faults) end() { close(f.ended) }

// write answers with the refusal.
func (r Refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(r.RetryAfter/time.Second)))
	}
	w.WriteHeader(r.Status)
	json.NewEncoder(w).Encode(map[string]any{
		"type":   "urn:ietf:params:acme:error:" + r.Type,
		"detail": r.Detail,
		"status": r.Status,
	})
}
