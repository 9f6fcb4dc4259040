package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// maxLanes bounds the memory of counters on large machines.
const maxLanes = 32

// lane is the row of every counter that one core writes to. Cores that count
// in the same place take the cache line from each other, for 30 ns or more
// each time (BenchmarkExchangeOnOneLane). A lane is not owned: two cores may
// come to have the same one, and then they are only slow.
type lane int

// lanes hands them out. The pool remembers one for each core; the garbage
// collector may make it forget, and nothing is lost by that.
type lanes struct {
	all  []lane
	next atomic.Uint32
	pool sync.Pool // of *lane, all of them elements of all
}

func newLanes(n int) *lanes {
	l := &lanes{all: make([]lane, n)}
	for i := range l.all {
		l.all[i] = lane(i)
	}
	l.pool.New = func() any { return &l.all[(l.next.Add(1)-1)%uint32(n)] }
	return l
}

// standardLanes is how many a machine like this needs: more than cores, so that
// two that forget at different times seldom come to have the same one.
func standardLanes() int { return min(2*runtime.GOMAXPROCS(0), maxLanes) }

// take returns the lane of this core. Give it back at once.
func (l *lanes) take() *lane  { return l.pool.Get().(*lane) }
func (l *lanes) give(n *lane) { l.pool.Put(n) }

// line keeps what stands before it and what stands behind it out of one cache
// line, whatever the alignment.
type line [64]byte

// counter is one number, added to by lane.
type counter []struct {
	n atomic.Uint64
	_ line
}

func (c counter) add(l lane, n uint64) { c[l].n.Add(n) }

// sum returns the number. Counting goes on meanwhile.
func (c counter) sum() (n uint64) {
	for i := range c {
		n += c[i].n.Load()
	}
	return n
}
