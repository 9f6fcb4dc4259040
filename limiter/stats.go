package limiter

import "time"

// AdmissionStats is what an Admission was like at one moment. Counts are since
// it was made.
type AdmissionStats struct {
	Limit    int // Exchanges at once
	Reserved int // how many of them only critical ones may be, at present
	InFlight int // Exchanges that hold a place
	Streams  int // Exchanges that gave theirs back
	Queued   int
	Standing bool // the queue does not drain

	MaxQueued int // the most that ever waited at once

	Admitted     uint64
	QueueFull    uint64
	QueueTimeout uint64
	Shed         uint64
	Gone         uint64

	Waited   time.Duration // by all the admitted together
	Baseline time.Duration // what the response head takes if nothing is in its way; 0: not known, or a fixed limit
	Latency  time.Duration // what it took lately; 0: not known
}

// Stats takes a snapshot. Counters go on while it is taken.
func (a *Admission) Stats() AdmissionStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	limit, others := unpackPlaces(a.room.Load())
	return AdmissionStats{
		Limit:        limit,
		Reserved:     limit - others,
		InFlight:     a.held(),
		Streams:      int(a.streams.Load()),
		Queued:       a.queue.n,
		Standing:     a.codel.standing,
		MaxQueued:    a.maxQueued,
		Admitted:     a.counts[Admitted].Load(),
		QueueFull:    a.counts[QueueFull].Load(),
		QueueTimeout: a.counts[QueueTimeout].Load(),
		Shed:         a.counts[Shed].Load(),
		Gone:         a.counts[Gone].Load(),
		Waited:       a.waited,
		Baseline:     time.Duration(a.concurrency.base),
		Latency:      time.Duration(a.latency.Load()),
	}
}
