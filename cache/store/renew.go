package store

// Renew replaces an object by one with the same key and body, and a new head and
// metadata: what was validated and is the same. It copies the body, and reports
// whether there was room for that and o could still be found. Who has o keeps
// it as it was.
func (s *Store[M]) Renew(o *Object[M], head []byte, meta M) bool {
	if !o.Complete() {
		return false
	}
	size := o.Size()
	n := s.Create(o.Key(nil), head, meta, size)
	if n == nil {
		return false
	}
	defer n.Release()
	for off := int64(0); off < size; {
		p := o.Piece(off)
		if !n.Append(p) {
			return false
		}
		off += int64(len(p))
	}
	kept := s.exchange(n.r, n.fill, o.r)
	if kept {
		n.fill.end(nil)
	}
	return kept
}

// exchange makes an object findable in the place of old, if both are linked
// still: nobody brings back what was removed.
func (s *Store[M]) exchange(r *record[M], f *fill, old *record[M]) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !r.linked || !old.linked {
		return false
	}
	s.settleLocked(r, f)
	s.expose(sh, r, f)
	s.supersede(sh, r, old)
	return true
}
