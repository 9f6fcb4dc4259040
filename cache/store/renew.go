package store

// Renew replaces an object by one with the same key and body, and a new head and
// metadata: what was validated and is the same. It copies the body, and returns
// the new one, with a reference; nil if there was no room for it or o could not
// be found any more. Who has o keeps it as it was.
func (s *Store[M]) Renew(o *Object[M], head []byte, meta M) *Object[M] {
	if !o.Complete() {
		return nil
	}
	n := s.Create(o.Key(nil), head, meta, o.Size())
	if n == nil {
		return nil
	}
	if !n.appendAll(o) || !s.exchange(n.r, n.fill, o.r) {
		n.Release()
		return nil
	}
	n.fill.end(nil)
	return n
}

// appendAll appends the body of another object, which is complete.
func (o *Object[M]) appendAll(other *Object[M]) bool {
	for off, size := int64(0), other.Size(); off < size; {
		p := other.Piece(off)
		if !o.Append(p) {
			return false
		}
		off += int64(len(p))
	}
	return true
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
