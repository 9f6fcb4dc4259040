package names

import (
	"sync"
	"time"
)

// Name is a Query that somebody follows. It is a Source.
type Name struct {
	directory *Directory // fixed
	entry     *entry     // fixed; guarded by directory.mu
	changed   func()     // fixed
}

var _ Source = (*Name)(nil)

// Current returns the addresses that the name leads to now. The error is a
// *LookupError. See Source.
func (n *Name) Current() ([]Address, error) {
	n.directory.mu.Lock()
	defer n.directory.mu.Unlock()
	return n.entry.current()
}

func (e *entry) current() ([]Address, error) {
	if len(e.addresses) == 0 {
		return nil, e.why()
	}
	return e.addresses, nil
}

// Wanted has the name's questions asked again soon: at most once a second, and
// within the budget. See Source.
func (n *Name) Wanted() {
	if n.entry.want(&n.directory.mu, time.Now()) {
		n.directory.wake()
	}
}

// want marks the entry's facts. Many dials that fail at once cost no more than
// one.
func (e *entry) want(mu *sync.Mutex, now time.Time) (news bool) {
	mu.Lock()
	defer mu.Unlock()
	if now.Sub(e.wantedAt) < askGap {
		return false
	}
	e.wantedAt = now
	for _, f := range e.facts {
		f.wanted = true
	}
	return true
}

// Unfollow ends it; the last one to end a Query has it asked no more. What was
// stored stays on disk. See Source.
func (n *Name) Unfollow() {
	d := n.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	e := n.entry
	if _, ok := e.followers[n]; !ok {
		return
	}
	delete(e.followers, n)
	if len(e.followers) == 0 {
		d.drop(e)
	}
}

// String returns the Query's text.
func (n *Name) String() string { return n.entry.query.String() }
