package store

// Stats is what a Store was like at one moment, and what it did so far.
type Stats struct {
	Objects  int   // that may be found
	Filling  int   // that are being filled
	Held     int   // references that callers have, and shall release
	Bytes    int64 // in use, in whole blocks, with the whole of the index
	MaxBytes int64 // that may come to be in use: a little less than Options.Bytes
	Largest  int64 // bytes of key, head and body that one object may have

	Hits     uint64 // Finds that found
	Misses   uint64 // Finds that did not
	Evicted  uint64 // objects that made room for others
	Replaced uint64 // objects whose place was taken by newer ones
	Removed  uint64 // objects that were removed and could be found
	Rejected uint64 // Creates and Appends that said no
	Failed   uint64 // objects that failed while they were filled
}

// Stats adds up what there is. Others go on meanwhile.
func (s *Store[M]) Stats() Stats {
	s.mu.Lock()
	t := s.counts
	t.Objects = s.queues[queueSmall].objects + s.queues[queueMain].objects
	t.Filling = s.fills
	if s.mem != nil {
		t.MaxBytes = s.layout.bytes()
		t.Bytes = t.MaxBytes - int64(s.blocks.free)<<s.shift
	}
	s.mu.Unlock()
	t.Largest, t.Rejected = s.largest, s.rejected.Load()
	t.Held = int(s.references())
	for i := range s.shards {
		t.Hits += s.shards[i].hits.Load()
		t.Misses += s.shards[i].misses.Load()
	}
	return t
}

// references returns how many references callers have.
func (s *Store[M]) references() (n int64) {
	for i := range s.shards {
		n += s.shards[i].held.Load()
	}
	return n
}
