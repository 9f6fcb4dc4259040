package store

const (
	// smallShare is the part of all blocks, as 1 in so many, that new objects
	// and those being filled may take before they evict each other and no
	// more of main. 10 % and the counts here are those of the S3-FIFO paper;
	// 5 % and 20 % measured no better.
	smallShare = 10
	// maxTries is how many objects are looked at to evict one from a queue:
	// who is in use is passed over.
	maxTries = 64
	// maxRounds is how many of these are spared because they were used lately.
	// Then the next is evicted nevertheless, as the lock is held.
	maxRounds = 32
)

// makeRoom evicts until n blocks are free, or reports that it cannot. The
// caller holds mu.
func (s *Store[M]) makeRoom(n int) bool {
	for s.blocks.free < n {
		if !s.evict() {
			return false
		}
	}
	return true
}

// evict evicts one object. The caller holds mu.
func (s *Store[M]) evict() bool {
	if s.queues[queueSmall].blocks+s.filling >= s.total/smallShare {
		return s.evictSmall() || s.evictMain()
	}
	return s.evictMain() || s.evictSmall()
}

// evictSmall evicts the oldest of small that was not used; who was moves to
// main. The caller holds mu.
func (s *Store[M]) evictSmall() bool {
	for range maxTries {
		oldest := s.queues[queueSmall].oldest
		if oldest == 0 {
			return false
		}
		r := s.record(oldest)
		hash := r.hash
		switch {
		case r.use.Load() > 0:
			r.use.Store(0)
			s.requeue(queueMain, r)
		case s.evicted(r):
			s.ghosts.add(hash)
			return true
		default:
			s.requeue(queueSmall, r)
		}
	}
	return false
}

// evictMain evicts the oldest of main that was not used for as many rounds as
// it had hits. The caller holds mu.
func (s *Store[M]) evictMain() bool {
	for try := range maxTries {
		oldest := s.queues[queueMain].oldest
		if oldest == 0 {
			return false
		}
		r := s.record(oldest)
		if n := r.use.Load(); n > 0 && try < maxRounds {
			r.use.Store(n - 1)
		} else if s.evicted(r) {
			return true
		}
		s.requeue(queueMain, r)
	}
	return false
}

// requeue puts an object at the newer end of a queue. The caller holds mu.
func (s *Store[M]) requeue(name queueName, r *record[M]) {
	s.pull(r)
	s.push(name, r)
}

// evicted evicts an object unless somebody refers to it. Find, which makes
// references of that of the index, needs the lock of the shard for it. The
// caller holds mu.
func (s *Store[M]) evicted(r *record[M]) bool {
	sh := s.shard(r.hash)
	sh.mu.Lock()
	alone := r.refs.CompareAndSwap(1, 0)
	if alone {
		s.unlink(sh, r)
	}
	sh.mu.Unlock()
	if alone {
		s.pull(r)
		s.free(r)
		s.counts.Evicted++
	}
	return alone
}
