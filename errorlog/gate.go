package errorlog

import (
	"hash/maphash"
	"log/slog"
	"sync"
	"time"
)

const (
	// window is the time that limits are for.
	window = time.Minute
	// burst is how many lines one cause has in a window: enough to see how it
	// began. After a window in which more were told it has one.
	burst = 10
	// most is how many lines all causes have in a window, and mostErrors how
	// many if those beyond most are the first errors of their causes.
	most       = 200
	mostErrors = 300
	// maxCauses bounds the causes that are told apart. More are alike when
	// their messages are.
	maxCauses = 256
	// maxKinds bounds the messages that are told apart. They are words of the
	// program, so there are not that many.
	maxKinds = 64
	// maxSums is how many lines say at most what was held back.
	maxSums = 20
)

// gate decides which records become lines.
type gate struct {
	keys []string // of the attributes that tell causes apart
	seed maphash.Seed

	mu      sync.Mutex
	began   time.Time // of the window; zero: there is none
	ended   time.Time // of the window before
	written int       // lines of the window
	held    uint64    // of all windows
	causes  map[uint64]*cause
	kinds   map[string]*cause // by their messages
	others  cause             // of all kinds beyond maxKinds
}

func newGate(keys []string) *gate {
	g := &gate{keys: keys, seed: maphash.MakeSeed()}
	g.forget()
	return g
}

// take reports whether r becomes a line, and returns what has to be told
// before it. given are attributes that r has besides its own.
func (g *gate) take(now time.Time, r *slog.Record, given []slog.Attr) (passes bool, sums []slog.Record) {
	g.mu.Lock()
	defer g.mu.Unlock()
	sums = g.turn(now)
	if g.began.IsZero() {
		g.begin(now)
	}
	kind := g.kindOf(r)
	c := g.causeOf(r, given, kind)
	if passes = g.lets(c, kind, r.Level); !passes {
		g.held++
		c.held++
		return false, sums
	}
	g.written++
	c.written++
	if c != kind {
		kind.written++
	}
	return true, sums
}

// lets reports whether another line of c may be written.
func (g *gate) lets(c, kind *cause, level slog.Level) bool {
	switch {
	case kind.written == 0:
		return true // the first line of a new kind of failure is never lost
	case c.written >= c.burst:
		return false
	case g.written < most:
		return true
	}
	return g.written < mostErrors && level >= slog.LevelError && c.written == 0
}

// begin begins a window. What was noisy long ago is like new.
func (g *gate) begin(now time.Time) {
	if now.Sub(g.ended) > window {
		g.forget()
	}
	g.began, g.written = now, 0
}

func (g *gate) forget() {
	g.causes, g.kinds = make(map[uint64]*cause), make(map[string]*cause)
	g.others = cause{burst: burst}
}

// turn ends the window if it is over, and returns what was held back in it.
func (g *gate) turn(now time.Time) []slog.Record {
	if g.began.IsZero() || now.Sub(g.began) < window {
		return nil
	}
	return g.end(now)
}

// end ends the window and returns what was held back in it.
func (g *gate) end(now time.Time) []slog.Record {
	var noisy []cause
	for key, c := range g.causes {
		if c.held == 0 {
			delete(g.causes, key)
			continue
		}
		noisy = append(noisy, c.turn())
	}
	for message, c := range g.kinds {
		if c.held > 0 {
			noisy = append(noisy, c.turn())
		} else if c.written == 0 {
			delete(g.kinds, message)
		}
		c.written = 0
	}
	if g.others.held > 0 {
		noisy = append(noisy, g.others.turn())
	}
	g.others.written = 0
	took := now.Sub(g.began)
	g.began, g.ended = time.Time{}, g.began.Add(min(took, window))
	return summary(noisy, now, took)
}

// sum ends the window whether it is over or not, if it is told to, and returns
// what was held back in it.
func (g *gate) sum(now time.Time, last bool) []slog.Record {
	g.mu.Lock()
	defer g.mu.Unlock()
	if last && !g.began.IsZero() {
		return g.end(now)
	}
	return g.turn(now)
}

// due returns when the window ends; never if there is none.
func (g *gate) due() (at time.Time, open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.began.Add(window), !g.began.IsZero()
}

func (g *gate) heldBack() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// kindOf returns the cause of all records with that message.
func (g *gate) kindOf(r *slog.Record) *cause {
	if k := g.kinds[brief(r.Message)]; k != nil {
		return k
	}
	if len(g.kinds) >= maxKinds {
		return &g.others
	}
	k := newCause(r, nil)
	g.kinds[k.message] = k
	return k
}

// causeOf returns the cause of r; where too many are known that of its kind.
func (g *gate) causeOf(r *slog.Record, given []slog.Attr, kind *cause) *cause {
	var room [maxAttrs]slog.Attr
	attrs := g.telling(room[:0], r, given)
	key := g.hash(r, attrs)
	if c := g.causes[key]; c != nil {
		return c
	}
	if len(g.causes) >= maxCauses {
		return kind
	}
	c := newCause(r, attrs)
	g.causes[key] = c
	return c
}
