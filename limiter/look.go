package limiter

import (
	"math"
	"time"
)

const (
	// lookEvery is how often limit, gate and times are set anew.
	lookEvery = 100 * time.Millisecond
	// lookHalf is the age at which what is known counts half.
	lookHalf = 300 * time.Millisecond

	// reserveKept is for how long the reserve is kept after a critical one.
	reserveKept = time.Minute

	leastTarget   = 10 * time.Millisecond
	leastInterval = 100 * time.Millisecond
	mostInterval  = time.Second
	leastMaxWait  = 500 * time.Millisecond
	mostMaxWait   = 5 * time.Second
	leastMaxQueue = 128

	// gapsToWait is how many places must have become free, at the present
	// rate, before somebody has waited for long. Without it the queue of a
	// slow Pool would always stand, or be empty.
	gapsToWait = 5
)

// look sets limit, gate and times anew.
func (a *Admission) look(now time.Duration) {
	passed := max(now-a.looked, time.Millisecond)
	a.looked = now
	a.due.Store(int64(now + lookEvery))

	admitted := a.counts[Admitted].Load()
	served := admitted - a.admitted
	a.admitted = admitted
	kept := math.Pow(gateKept, float64(passed)/float64(a.interval))
	edge := a.gate.adjust(served, a.codel.standing, kept)
	shed := a.counts[Shed].Load()
	if a.codel.standing && a.emptied && shed == a.shed {
		a.codel.dissolve()
		a.gate.open()
		edge = -1
	}
	a.shed = shed
	a.queue.edge = edge
	a.emptied = a.queue.n == 0

	s := a.sample.take()
	a.concurrency.observe(s, now)
	a.measure(s, served, passed)
	a.makeRoom(now)
}

// measure learns how long answers take and how often places become free, and
// derives the times from it.
func (a *Admission) measure(s sampleWindow, served uint64, passed time.Duration) {
	weight := 1 - math.Exp2(-float64(passed)/float64(lookHalf))
	a.pace += weight * (float64(served)/passed.Seconds() - a.pace)
	if s.heads > 0 {
		latency := time.Duration(a.latency.Load())
		if latency == 0 {
			latency = s.mean()
		}
		a.latency.Store(int64(latency) + int64(weight*float64(s.mean()-latency)))
	}
	a.derive()
}

// derive sets the times and the length of the queue.
func (a *Admission) derive() {
	o, latency := &a.options, time.Duration(a.latency.Load())
	within := func(set, derived, least, most time.Duration) time.Duration {
		if set > 0 {
			return set
		}
		return min(max(derived, least), most)
	}
	gaps := time.Duration(0)
	if a.pace > 0 {
		gaps = time.Duration(gapsToWait / a.pace * float64(time.Second))
	}
	a.target = within(o.Target, max(latency/2, gaps), leastTarget, mostInterval)
	a.interval = within(o.Interval, 2*latency, leastInterval, mostInterval)
	a.queue.patience = within(o.MaxWait, 2*latency, leastMaxWait, mostMaxWait)
	a.queue.short = max(a.target, min(gaps, mostInterval))
	a.maxQueue = o.MaxQueue
	if o.MaxQueue == 0 {
		a.maxQueue = max(leastMaxQueue, 8*a.concurrency.places())
	}
}

// makeRoom sets how many there may be.
func (a *Admission) makeRoom(now time.Duration) {
	kept := 0
	limit := a.concurrency.places()
	if a.reserving.Load() && now-time.Duration(a.criticalAt.Load()) > reserveKept {
		a.reserving.Store(false)
	}
	if a.reserving.Load() {
		kept = int(float64(limit) * a.options.Reserve)
	}
	a.room.Store(packPlaces(limit, max(limit-kept, a.concurrency.bottom(), 1)))
}

// reserve notes that a critical one has come. It does not hold mu.
func (a *Admission) reserve(now time.Duration) {
	if a.reserving.Load() {
		if now-time.Duration(a.criticalAt.Load()) > time.Second {
			a.criticalAt.Store(int64(now))
		}
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.criticalAt.Store(int64(now))
	a.reserving.Store(true)
	a.makeRoom(now)
}
