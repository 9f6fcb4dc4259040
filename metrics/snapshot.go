package metrics

// Snapshot is what has been counted so far. Its numbers only grow, but for those
// of a Site that was away in between.
type Snapshot struct {
	Classes  [len(classes)]uint64 // Exchanges by the first digit of their status, 1xx at 0; the last is all else
	Attempts uint64
	BytesIn  uint64
	BytesOut uint64
	Causes   map[string]uint64 // failures
	Degraded map[string]uint64 // Degraded answers, by kind
	Cached   map[string]uint64 // Exchanges that the cache had part in, by how
	Latency  Latency
}

// SiteCounts is what has been counted of one Site.
type SiteCounts struct {
	Exchanges uint64
	Errors    uint64 // answers with 5xx
}

// Snapshot reads all but the numbers of the Sites into s, whose maps it uses
// again. Counting goes on meanwhile.
func (m *Metrics) Snapshot(s *Snapshot) {
	*s = Snapshot{Causes: s.Causes, Degraded: s.Degraded, Cached: s.Cached}
	for i := range m.totals {
		t := &m.totals[i]
		for c := range t.classes {
			s.Classes[c] += t.classes[c].Load()
		}
		s.Attempts += t.attempts.Load()
		s.BytesIn += t.in.Load()
		s.BytesOut += t.out.Load()
		for b := range t.latency {
			s.Latency[b] += t.latency[b].Load()
		}
	}
	m.failures.read(&s.Causes)
	m.degraded.read(&s.Degraded)
	m.cached.read(&s.Cached)
}

// SiteCounts returns the numbers of each Site by its name, and of what belongs
// to none under "".
func (m *Metrics) SiteCounts() map[string]SiteCounts {
	all := make(map[string]SiteCounts)
	m.sites.Load().each(func(name string, s site) {
		var n SiteCounts
		for protocol := range protocols {
			for class := range classes {
				n.Exchanges += s.exchanges(protocol, class)
			}
			n.Errors += s.exchanges(protocol, classOf(500))
		}
		all[name] = n
	})
	return all
}

// read puts what was counted into *into, which is made if need be.
func (t *tally) read(into *map[string]uint64) {
	if *into == nil {
		*into = make(map[string]uint64)
	}
	t.each(func(word string, n uint64) { (*into)[word] = n })
}
