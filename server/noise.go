package server

import (
	"log/slog"
	"net/netip"
	"sync"
	"time"
)

// noiseInterval is how often one cause of failed connections is told.
const noiseInterval = 10 * time.Second

// noise tells of connections that did not come to be: the first of each cause
// at once, then one line an interval with their number. The Internet scans
// every port; that must not fill a disk.
type noise struct {
	errlog *slog.Logger

	mu     sync.Mutex
	causes map[string]*noisy // guarded by mu; causes are few, fixed words
}

type noisy struct {
	since time.Time
	more  int // after the one that was told
}

func newNoise(errlog *slog.Logger) *noise {
	return &noise{errlog: errlog, causes: make(map[string]*noisy)}
}

// connection is what a Listener calls.
func (n *noise) connection(remote netip.AddrPort, phase, cause string, err error) {
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	key := phase + " " + cause
	c := n.causes[key]
	if c != nil && now.Sub(c.since) < noiseInterval {
		c.more++
		return
	}
	more := 0
	if c != nil {
		more = c.more
	}
	n.causes[key] = &noisy{since: now}
	n.errlog.Warn("connection failed", "phase", phase, "cause", cause, "client", remote, "why", err, "more_since_last_line", more)
}

// flush tells what was only counted, at the end.
func (n *noise) flush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for cause, c := range n.causes {
		if c.more > 0 {
			n.errlog.Warn("connections failed", "cause", cause, "more", c.more)
		}
	}
}
