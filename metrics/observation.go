package metrics

import "time"

// Observation is what is counted of one Exchange when it ends.
type Observation struct {
	Site     string // empty, or one that Sites does not know: it counts as none
	Protocol string // "HTTP/1.1", "HTTP/2"
	Status   int
	Cause    string // of its failure; empty: it did not fail
	Degraded string // which Degraded answer was given; empty: none
	Cache    string // how the cache had part in the answer; empty: it had none

	Total    time.Duration
	BytesIn  int64 // of the bodies
	BytesOut int64
	Attempts int
}

// Exchange counts one. It keeps nothing of o.
func (m *Metrics) Exchange(o *Observation) {
	l := m.lanes.take()
	m.count(*l, o)
	m.lanes.give(l)
}

func (m *Metrics) count(l lane, o *Observation) {
	m.sites.Load().find(o.Site).add(l, o)
	t := &m.totals[l]
	t.classes[classOf(o.Status)].Add(1)
	t.attempts.Add(natural(int64(o.Attempts)))
	if o.BytesIn > 0 { // few requests have a body
		t.in.Add(uint64(o.BytesIn))
	}
	t.out.Add(natural(o.BytesOut))
	if o.Status != statusTunnel {
		t.latency[latencyBucket(o.Total)].Add(1)
	}
	if o.Cause != "" {
		m.failures.add(l, o.Cause)
	}
	if o.Degraded != "" {
		m.degraded.add(l, o.Degraded)
	}
	if o.Cache != "" {
		m.cached.add(l, o.Cache)
	}
}

// natural returns n as what a counter takes: it never goes back.
func natural(n int64) uint64 { return uint64(max(n, 0)) }
