package cache

import (
	"errors"
	"hash/maphash"
	"time"

	"sluice/cache/policy"
	"sluice/cache/store"
	"sluice/message"
)

// Cache keeps responses within a number of bytes. All methods may be called by
// any goroutine.
type Cache struct {
	objects *store.Store[Meta]
	flights flights
	epochs  epochs
}

// Meta is what is remembered of a Copy besides its head and body.
type Meta struct {
	policy.Meta
	Reuse    bool // it may answer others, as RFC 9111 has it
	LastGood bool // it may answer when the Pool cannot
	// Pass: there is no response. It says that what comes for the key cannot be
	// stored, so that nobody waits for what he won't get.
	Pass   bool
	Length int64 // of the body as the response has declared it, -1: not at all

	varies bool // by fields of the request, which the head names
}

// PassFor is how long such a mark holds. Each time that it has to be found out
// anew costs others one wait.
const PassFor = 30 * time.Second

// Since is how long the Copy has been here.
func (m *Meta) Since(now time.Time) time.Duration {
	return max(time.Duration(now.UnixNano()-m.Received), 0)
}

// failureLeft ends an Attempt whose answer nobody waits for.
var failureLeft = &message.Failure{Party: message.PartyClient, Phase: message.PhaseWait,
	Cause: message.CauseClientGone, Err: errors.New("all who waited for the answer have left")}

// One copy takes at most that part of the memory, and never more than so much:
// copies are for what many ask for, and a large file is few people's.
const (
	largestPart = 8
	largestCopy = 4 << 20
)

// New returns a Cache that costs up to that many bytes of memory, which is taken
// as it is needed.
func New(bytes int64) (*Cache, error) {
	s, err := store.New[Meta](store.Options{Bytes: bytes, Largest: min(bytes/largestPart, largestCopy)})
	if err != nil {
		return nil, err
	}
	return &Cache{objects: s, flights: flights{byKey: make(map[string]*Flight)}, epochs: epochs{seed: maphash.MakeSeed()}}, nil
}

// Close gives the memory back. Nothing may be in use any more.
func (c *Cache) Close() { c.objects.Close() }

// Stats is what the Cache is like at one moment.
func (c *Cache) Stats() store.Stats { return c.objects.Stats() }

// Find returns the newest Copy that answers a request, nil if there is none. key
// is of AppendKey. It may be a mark (Meta.Pass), which stands before older copies.
func (c *Cache) Find(key []byte, r *message.Request) *Copy {
	return (*Copy)(c.objects.Find(key, func(o *object) bool { return (*Copy)(o).Matches(r) }))
}

// FindResponse is Find for who wants a response, whatever has come since then that
// could not be stored: it passes over marks.
func (c *Cache) FindResponse(key []byte, r *message.Request) *Copy {
	return (*Copy)(c.objects.Find(key, func(o *object) bool { return !o.Meta().Pass && (*Copy)(o).Matches(r) }))
}
