package store

// Find returns the newest object of a key that match says yes to, with a
// reference that the caller must Release; nil if there is none. A nil match
// says yes to all. Keys are compared in full.
//
// match is called for at most 16 objects, with no lock held. It may read its
// object, but neither keep nor Release it, and it must not panic.
func (s *Store[M]) Find(key []byte, match func(o *Object[M]) bool) *Object[M] {
	hash := s.hash(key)
	sh := s.shard(hash)
	var found [maxVariants]*record[M]
	n := s.hold(&found, sh, hash, key)
	o := s.pick(found[:n], match)
	if o == nil {
		sh.misses.Add(1)
		return nil
	}
	sh.hits.Add(1)
	o.r.touch()
	return o
}

// pick returns the first that match says yes to, and drops the others.
func (s *Store[M]) pick(found []*record[M], match func(*Object[M]) bool) (picked *Object[M]) {
	if len(found) == 0 {
		return nil
	}
	o := s.object(nil)
	for _, r := range found {
		if picked == nil {
			o.r = r
			if match == nil || match(o) {
				picked = o
				continue
			}
		}
		s.drop(r)
	}
	if picked == nil {
		s.recycle(o)
	}
	return picked
}
