package cache

import (
	"strings"
	"sync"
	"time"

	"sluice/cache/policy"
	"sluice/message"
)

// flights are the Flights under way, by key. One lock will do: only requests
// that cannot be answered with a copy come here.
type flights struct {
	mu    sync.Mutex
	byKey map[string]*Flight
}

// Join joins the Flight for key, or begins one: then the caller leads, and
// starts the Exchange for it. asked is what the request says about copies.
func (c *Cache) Join(key []byte, asked policy.Asked, now time.Time) (f *Flight, leads bool) {
	fs := &c.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f := fs.byKey[string(key)]; f != nil && f.board(asked, now) {
		return f, false
	}
	return fs.begin(key, now), true
}

// retire sees to it that nobody joins f any more.
func (fs *flights) retire(f *Flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.byKey[f.key] == f {
		delete(fs.byKey, f.key)
	}
}

// forget retires the Flight for a key.
func (fs *flights) forget(key []byte) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.byKey, string(key))
}

// forgetPrefix retires the Flights for all keys with a prefix.
func (fs *flights) forgetPrefix(prefix []byte) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for key := range fs.byKey {
		if strings.HasPrefix(key, string(prefix)) {
			delete(fs.byKey, key)
		}
	}
}

// begin begins a Flight that one waits for. The caller holds mu.
func (fs *flights) begin(key []byte, now time.Time) *Flight {
	f := &Flight{flights: fs, key: string(key), began: now, waiting: 1, flying: true,
		decided: make(chan struct{}), left: make(chan struct{}), returned: make(chan *message.Failure, 1),
		interim: make(chan *message.Response), informed: make(chan struct{})}
	fs.byKey[f.key] = f
	return f
}

// Begin begins a Flight for key that nobody waits for, in the background; ok is
// false if there is one already.
func (c *Cache) Begin(key []byte, now time.Time) (f *Flight, ok bool) {
	fs := &c.flights
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.byKey[string(key)] != nil {
		return nil, false
	}
	f = fs.begin(key, now)
	f.background, f.gone = true, true
	close(f.left)
	return f, true
}
