package server

import (
	"context"
	"sync"
	"time"

	"sluice/metrics"
)

const (
	// recordedSeconds is how many seconds are remembered.
	recordedSeconds = 300
	// meanSeconds is over how many of them Rates are means.
	meanSeconds = 10
)

// second is what happened in one second of the clock, or how it was at its end.
type second struct {
	status            [6]uint32 // answers, as metrics.Snapshot has them
	unexplained       uint32    // answers with 5xx, less all failures: at least so many are the application's own
	limited, shed     uint32
	stale             uint32
	hits, misses      uint32
	p50, p90, p99     float32 // milliseconds
	inFlight, queued  uint32
	bytesIn, bytesOut uint64
}

// recorder remembers the last seconds. Run's goroutine adds to it, anybody may
// read.
type recorder struct {
	metrics *metrics.Metrics
	// load returns how many Exchanges are with the Pools and how many wait.
	load func() (inFlight, queued int)

	mu      sync.Mutex
	seconds [recordedSeconds]second // guarded by mu, as what follows; second n of the clock at n % recordedSeconds
	end     int64                   // the last second that is there
	known   int                     // how many are there, at most recordedSeconds

	// latencies are what was counted at the end of each of the last seconds.
	latencies [meanSeconds + 1]metrics.Latency

	// Of the goroutine that samples.
	before, now metrics.Snapshot
}

// run samples at the end of each second until ctx ends, and calls then.
func (r *recorder) run(ctx context.Context, then func(now time.Time)) {
	r.begin(time.Now())
	for {
		now := time.Now()
		next := time.NewTimer(now.Truncate(time.Second).Add(time.Second).Sub(now))
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-next.C:
		}
		now = time.Now()
		r.sample(now)
		then(now)
	}
}

// begin notes when counting begins. What was counted before belongs to the first
// second: the Listeners may be faster than we are.
func (r *recorder) begin(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end = now.Unix() - 1
}

// sample adds the second that has ended now. Seconds that were slept through, as
// when the machine was stopped, are empty; when the clock was set, all begins
// anew.
func (r *recorder) sample(now time.Time) {
	r.metrics.Snapshot(&r.now)
	s := between(&r.before, &r.now)
	inFlight, queued := r.load()
	s.inFlight, s.queued = uint32(inFlight), uint32(queued)

	r.mu.Lock()
	defer r.mu.Unlock()
	end := now.Unix() - 1
	if end < r.end || end > r.end+recordedSeconds {
		r.known, r.end = 0, end-1
		*r.latency(r.end) = r.before.Latency // what is there is of other seconds
	}
	if end == r.end {
		return // the clock ticks a little later than the timer: it belongs to the next
	}
	for r.end < end-1 {
		r.push(second{}, r.latency(r.end))
	}
	s.setQuantiles(r.now.Latency.Since(r.latency(r.end)))
	r.push(s, &r.now.Latency)
	r.before, r.now = r.now, r.before
}

// push adds one second. mu is held.
func (r *recorder) push(s second, l *metrics.Latency) {
	r.end++
	r.seconds[r.end%recordedSeconds] = s
	r.known = min(r.known+1, recordedSeconds)
	*r.latency(r.end) = *l
}

// latency is what was counted at the end of a second. mu is held.
func (r *recorder) latency(second int64) *metrics.Latency {
	return &r.latencies[second%int64(len(r.latencies))]
}

// between returns what was counted between two looks.
func between(a, b *metrics.Snapshot) (s second) {
	for i := range s.status {
		s.status[i] = uint32(b.Classes[i] - a.Classes[i])
	}
	grown := func(a, b map[string]uint64, words ...string) (n uint32) {
		for _, word := range words {
			n += uint32(b[word] - a[word])
		}
		return n
	}
	s.limited = grown(a.Causes, b.Causes, "rate_limited", "too_many_at_once")
	s.shed = grown(a.Causes, b.Causes, "shed", "queue_full", "queue_timeout")
	s.hits = grown(a.Cached, b.Cached, "hit", "stale", "validated", "shared")
	s.misses = grown(a.Cached, b.Cached, "miss")
	failures := uint32(0)
	for cause, n := range b.Causes {
		failures += uint32(n - a.Causes[cause])
	}
	s.unexplained = s.status[4] - min(s.status[4], failures)
	for kind, n := range b.Degraded {
		s.stale += uint32(n - a.Degraded[kind])
	}
	s.bytesIn, s.bytesOut = b.BytesIn-a.BytesIn, b.BytesOut-a.BytesOut
	return s
}

// setQuantiles fills in how long the Exchanges of the second took.
func (s *second) setQuantiles(l *metrics.Latency) {
	q := l.Quantiles(0.5, 0.9, 0.99)
	s.p50, s.p90, s.p99 = float32(milliseconds(q[0])), float32(milliseconds(q[1])), float32(milliseconds(q[2]))
}

// milliseconds is d as numbers in JSON have it.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// requests is how many Exchanges have ended.
func (s *second) requests() (n uint32) {
	for _, class := range s.status {
		n += class
	}
	return n
}

// cached returns in how many Exchanges the cache had part, by how.
func (r *recorder) cached() map[string]uint64 {
	var s metrics.Snapshot
	r.metrics.Snapshot(&s)
	return s.Cached
}
