package store

// Commit completes an object: those who follow it have all of it, and from now
// on it is found. It takes the place of the objects of its key that same says
// yes to, and of the oldest if its key has 16 others. A nil same says no to all.
// Commit reports whether the object is kept. It is not when an Append said no,
// which fails the object, or when its key was removed since Create.
//
// same is called as match is by Find.
func (s *Store[M]) Commit(o *Object[M], same func(old *Object[M]) bool) bool {
	f := o.fill
	if f == nil || f.over() {
		return false
	}
	if f.refused {
		o.Fail(ErrNoRoom)
		return false
	}
	var old [maxVariants]*record[M]
	n, kept := s.publish(o.r, f, &old)
	f.end(nil)
	if kept {
		s.replace(o.r, old[:n], same)
	}
	return kept
}

// publish makes an object findable unless it was unlinked, and returns the
// others of its key, newest first, with a reference to each.
func (s *Store[M]) publish(r *record[M], f *fill, old *[maxVariants]*record[M]) (n int, kept bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(r, f)
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !r.linked {
		return 0, false
	}
	s.expose(sh, r, f)
	for id := r.chain; id != 0; {
		other := s.record(id)
		id = other.chain
		if !other.ready || !s.alike(r, other) {
			continue
		}
		if n == maxVariants { // by others who commit at this moment
			s.discard(sh, other)
			s.counts.Evicted++
			continue
		}
		other.refs.Add(1)
		sh.held.Add(1)
		old[n] = other
		n++
	}
	return n, true
}

// expose makes a linked object the newest that can be found. The caller holds
// mu and the lock of the shard.
func (s *Store[M]) expose(sh *shard, r *record[M], f *fill) {
	s.unlink(sh, r)
	s.link(sh, r)
	r.size, r.ready = f.size.Load(), true
	s.enqueue(r)
}

// replace discards of the older objects of a key those that same says yes to,
// and the oldest if there are too many, and drops the references to all.
func (s *Store[M]) replace(r *record[M], old []*record[M], same func(*Object[M]) bool) {
	if len(old) == 0 {
		return
	}
	var gone uint32 // a bit for each
	if same != nil {
		o := s.object(nil)
		for i, other := range old {
			if o.r = other; same(o) {
				gone |= 1 << i
			}
		}
		s.recycle(o)
	}
	if gone != 0 || len(old) == maxVariants {
		s.discardOld(r, old, gone)
	}
	for _, other := range old {
		s.drop(other)
	}
}

// discardOld discards those whose bits are set, or else the last.
func (s *Store[M]) discardOld(r *record[M], old []*record[M], gone uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if gone == 0 {
		if last := old[len(old)-1]; last.linked {
			s.discard(sh, last)
			s.counts.Evicted++
		}
		return
	}
	for i, other := range old {
		if gone>>i&1 == 1 {
			s.supersede(sh, r, other)
		}
	}
}

// supersede discards what r takes the place of, if that is still there. The
// caller holds mu and the lock of the shard.
func (s *Store[M]) supersede(sh *shard, r, old *record[M]) {
	if !old.linked {
		return
	}
	if r.linked {
		s.inherit(r, old)
	}
	s.discard(sh, old)
	s.counts.Replaced++
}

// Fail ends an object that is being filled: those who follow it get err once
// they have what was appended, and nobody will find it. It does nothing to one
// that has ended.
func (o *Object[M]) Fail(err error) {
	f, s, r := o.fill, o.s, o.r
	if err == nil {
		err = ErrAbandoned
	}
	if f == nil || !f.end(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(r, f)
	s.counts.Failed++
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.discard(sh, r)
}
