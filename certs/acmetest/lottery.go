package acmetest

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/core"
)

// lottery decides which validations fail. One that is to fail does so because
// the name server does not answer for its name while it is under way.
type lottery struct {
	mu          sync.Mutex
	probability float64 // guarded by mu, as all below
	seed        uint64
	drawn       map[string]bool                  // authorizations that have been drawn for, by id
	draws       map[string]uint64                // how many by name
	doomed      map[string][]*core.Authorization // those that are to fail, by name
}

func newLottery() *lottery {
	return &lottery{
		drawn:  map[string]bool{},
		draws:  map[string]uint64{},
		doomed: map[string][]*core.Authorization{},
	}
}

// FailValidations makes validations of names fail at random, each with
// probability p. It is decided once for each authorization, when its client
// says that it is ready for the CA to look, from the seed, the name, and how
// many authorizations of that name have been decided on since this call: the
// same whatever happens to other names meanwhile. A validation is made to fail
// by the name server answering nothing for its name, so that what else asks it
// for that name just then, another client's validation too, fails as well.
// Validations of addresses do not fail.
func (c *CA) FailValidations(p float64, seed uint64) {
	l := c.lottery
	l.mu.Lock()
	defer l.mu.Unlock()
	l.probability, l.seed = p, seed
	clear(l.draws)
}

// draw decides on a, which may be nil.
func (l *lottery) draw(a *core.Authorization) {
	if a == nil || a.Identifier.Type != acme.IdentifierDNS { // neither is ever changed
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.probability <= 0 || l.drawn[a.ID] {
		return
	}
	l.drawn[a.ID] = true
	name := strings.TrimPrefix(a.Identifier.Value, "*.")
	hash := fnv.New64a()
	hash.Write([]byte(name))
	number := rand.New(rand.NewPCG(l.seed^hash.Sum64(), l.draws[name])).Float64()
	l.draws[name]++
	if number < l.probability {
		l.doomed[name] = append(l.doomed[name], a)
	}
}

// dooms reports whether a question for the given name is not to be answered.
func (l *lottery) dooms(name string) bool {
	for _, prefix := range []string{"_acme-challenge.", "_validation-persist."} {
		if _, after, ok := strings.Cut(name, prefix); ok {
			name = after
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.doomed[name] {
		a.RLock()
		pending := a.Status == acme.StatusPending
		a.RUnlock()
		if pending {
			return true
		}
	}
	delete(l.doomed, name)
	return false
}
