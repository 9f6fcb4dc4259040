package listener

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats is a Listener's state at one moment and its sums since New. The maps
// are by cause.
type Stats struct {
	Accepted          uint64 // past the caps
	Open              int
	Idle              int    // of Open, inside Await
	Evicted           uint64 // idle ones asked to end to make room
	Aborted           uint64 // at the end of a drain
	Challenges        uint64 // a CA's validations that were answered
	Refused           map[string]uint64
	AcceptErrors      map[string]uint64
	ProxyFailures     map[string]uint64
	HandshakeFailures map[string]uint64
}

// counts are a Listener's sums.
type counts struct {
	accepted, evicted, aborted, challenges atomic.Uint64

	mu                                               sync.Mutex
	refused, acceptErrors, proxyFailures, handshakes tally // guarded by mu
}

// tally counts by cause.
type tally map[string]uint64

// Stats returns a snapshot. It looks at every open connection.
func (l *Listener) Stats() Stats {
	s := l.counts.snapshot()
	open := l.connections()
	s.Open = len(open)
	for _, c := range open {
		if _, idle := c.idleUntil(); idle {
			s.Idle++
		}
	}
	return s
}

func (n *counts) snapshot() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Stats{
		Accepted:          n.accepted.Load(),
		Evicted:           n.evicted.Load(),
		Aborted:           n.aborted.Load(),
		Challenges:        n.challenges.Load(),
		Refused:           maps.Clone(n.refused),
		AcceptErrors:      maps.Clone(n.acceptErrors),
		ProxyFailures:     maps.Clone(n.proxyFailures),
		HandshakeFailures: maps.Clone(n.handshakes),
	}
}

func (n *counts) refuse(cause string)           { n.add(&n.refused, cause) }
func (n *counts) acceptError(cause string)      { n.add(&n.acceptErrors, cause) }
func (n *counts) proxyFailure(cause string)     { n.add(&n.proxyFailures, cause) }
func (n *counts) handshakeFailure(cause string) { n.add(&n.handshakes, cause) }

func (n *counts) add(t *tally, cause string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if *t == nil {
		*t = make(tally)
	}
	(*t)[cause]++
}
