package store

// removeStep is how many buckets are gone through under one hold of the locks.
const removeStep = 64

// Remove removes all objects of a key, and returns how many could be found.
// Those that are being filled go on for who follows them, but are not kept.
func (s *Store[M]) Remove(key []byte) int {
	hash := s.hash(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.bucket(hash)
	if b == nil {
		return 0
	}
	return s.sweep(sh, *b, func(r *record[M]) bool { return s.keyIs(r, hash, key) })
}

// Hide keeps an object that is being filled from ever being found. It goes on for
// who follows it.
func (o *Object[M]) Hide() {
	s, r := o.s, o.r
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.discard(sh, r)
}

// RemovePrefix does as Remove for all keys with a prefix. It goes through all
// of the Store, a few objects at a time: others go on meanwhile. Of what they
// Create meanwhile, some is removed.
func (s *Store[M]) RemovePrefix(prefix []byte) (n int) {
	has := func(r *record[M]) bool { return s.begins(r, prefix) }
	for i := range s.shards {
		for from := 0; from < s.layout.buckets; from += removeStep {
			n += s.removeSome(&s.shards[i], from, has)
		}
	}
	return n
}

// removeSome removes from removeStep buckets what gone says yes to.
func (s *Store[M]) removeSome(sh *shard, from int, gone func(*record[M]) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.buckets) == 0 {
		return 0
	}
	for _, first := range sh.buckets[from:min(from+removeStep, len(sh.buckets))] {
		n += s.sweep(sh, first, gone)
	}
	return n
}

// sweep discards from a bucket what gone says yes to, and returns how many of
// these could be found. The caller holds mu and the lock of the shard.
func (s *Store[M]) sweep(sh *shard, id uint32, gone func(*record[M]) bool) (n int) {
	for id != 0 {
		r := s.record(id)
		id = r.chain
		if !gone(r) {
			continue
		}
		if r.ready {
			n++
			s.counts.Removed++
		}
		s.discard(sh, r)
	}
	return n
}
