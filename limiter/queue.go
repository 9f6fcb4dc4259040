package limiter

import (
	"math/bits"
	"time"
)

// waitQueue holds those who wait for a place. Every operation takes constant
// time. It is pure: it learns the time from its caller, who also guards it.
//
// Each band is in one of two moods. One that drains is first come, first
// served, and each waits up to patience. One that stands, which are those up
// to edge, serves the best level first and its newest first, for those have
// the most patience left, and drops whoever has waited for short.
type waitQueue struct {
	n     int
	bands [rankBands]waitBand
	edge  int // the bands up to this one stand; -1: all drain

	patience, short time.Duration
}

// waitBand holds those of one Class, admitted before or not.
type waitBand struct {
	n      int
	all    waitLane
	levels [rankLevels]waitLane
	filled uint64 // which levels are not empty
}

// waitLane is a list of waiters in the order in which they came.
type waitLane struct{ oldest, newest *Waiter }

// A Waiter is in two lanes at once, and has links for each.
const (
	linkBand = iota
	linkLevel
	linksEach
)

type waitLinks struct{ older, newer *Waiter }

func (l *waitLane) push(w *Waiter, which int) {
	w.links[which] = waitLinks{older: l.newest}
	if l.newest != nil {
		l.newest.links[which].newer = w
	} else {
		l.oldest = w
	}
	l.newest = w
}

func (l *waitLane) remove(w *Waiter, which int) {
	at := w.links[which]
	if at.older != nil {
		at.older.links[which].newer = at.newer
	} else {
		l.oldest = at.newer
	}
	if at.newer != nil {
		at.newer.links[which].older = at.older
	} else {
		l.newest = at.older
	}
	w.links[which] = waitLinks{}
}

// push adds w, who came at w.came.
func (q *waitQueue) push(w *Waiter) {
	b, level := &q.bands[w.rank.band()], w.rank.level()%rankLevels
	b.all.push(w, linkBand)
	b.levels[level].push(w, linkLevel)
	b.filled |= 1 << level
	b.n++
	q.n++
	w.queued = true
}

// remove takes out w, wherever it stands.
func (q *waitQueue) remove(w *Waiter) {
	b, level := &q.bands[w.rank.band()], w.rank.level()%rankLevels
	b.all.remove(w, linkBand)
	b.levels[level].remove(w, linkLevel)
	if b.levels[level].oldest == nil {
		b.filled &^= 1 << level
	}
	b.n--
	q.n--
	w.queued = false
}

// next returns who is to be served next: if only critical ones may be, the
// next of those; nil if there is none.
func (q *waitQueue) next(onlyCritical bool) *Waiter {
	if w := q.nextOf(rankBands-2, rankBands-1); w != nil || onlyCritical {
		return w
	}
	return q.nextOf(0, rankBands-3)
}

// nextOf returns who of some bands is next: the first to have come among those
// that drain, else the best of those that stand.
func (q *waitQueue) nextOf(low, high int) (next *Waiter) {
	for i := high; i > max(q.edge, low-1); i-- {
		if w := q.bands[i].all.oldest; w != nil && (next == nil || w.came < next.came) {
			next = w
		}
	}
	for i := min(q.edge, high); i >= low && next == nil; i-- {
		if b := &q.bands[i]; b.n > 0 {
			next = b.levels[bits.Len64(b.filled)-1].newest
		}
	}
	return next
}

// displaced returns who has to make room in a full queue for one of rank r;
// nil if nobody is worse. Where it stands the oldest go before the newest.
func (q *waitQueue) displaced(r rank) *Waiter {
	for i := 0; i <= r.band(); i++ {
		b := &q.bands[i]
		switch {
		case b.n == 0:
			continue
		case i > q.edge && i == r.band():
			return nil
		case i > q.edge:
			return b.all.newest
		}
		worst := b.levels[bits.TrailingZeros64(b.filled)].oldest
		if worst.rank.level() > r.level() {
			return nil
		}
		return worst
	}
	return nil
}

// allowance is how long one of the band may wait.
func (q *waitQueue) allowance(band int) time.Duration {
	if band <= q.edge {
		return min(q.short, q.patience)
	}
	return q.patience
}

// overdue returns one who has waited for too long, and nil if nobody has.
func (q *waitQueue) overdue(now time.Duration) *Waiter {
	for i := range q.bands {
		if w := q.bands[i].all.oldest; w != nil && now-w.came >= q.allowance(i) {
			return w
		}
	}
	return nil
}

// deadline is when the next one will have waited for too long. The queue must
// not be empty.
func (q *waitQueue) deadline() time.Duration {
	first := time.Duration(1<<63 - 1)
	for i := range q.bands {
		if w := q.bands[i].all.oldest; w != nil {
			first = min(first, w.came+q.allowance(i))
		}
	}
	return first
}

// oldest is how long the first to have come has waited; 0 in an empty queue.
func (q *waitQueue) oldest(now time.Duration) (age time.Duration) {
	for i := range q.bands {
		if w := q.bands[i].all.oldest; w != nil {
			age = max(age, now-w.came)
		}
	}
	return age
}

// waitCoDel decides when a queue stands: somebody has waited for longer than
// target all through an interval (RFC 8289), and it is not a burst that
// drains: at the rate at which it got shorter it would not be empty within
// patience.
type waitCoDel struct {
	standing bool

	above  bool          // over target
	since  time.Duration // above: since when
	length int           // above: how many waited then
}

// look has a look at the queue, and must be given it often.
func (c *waitCoDel) look(q *waitQueue, now, target, interval time.Duration) {
	switch {
	case c.standing:
	case q.oldest(now) < target:
		c.above = false
	case !c.above:
		c.above, c.since, c.length = true, now, q.n
	case now-c.since >= interval:
		gone := float64(c.length - q.n)
		c.standing = gone*float64(q.patience) < float64(q.n)*float64(now-c.since)
		c.since, c.length = now, q.n
	}
}

// dissolve ends it.
func (c *waitCoDel) dissolve() { *c = waitCoDel{} }
