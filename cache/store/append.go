package store

// growStep is how many blocks are taken under one hold of the lock.
const growStep = 128

// Append adds p to the body. False says that it is too large or that there is
// no room: nothing of p was added, nothing more will be, and the object can
// never be committed, but what it has can still be read.
func (o *Object[M]) Append(p []byte) bool {
	f, s, r := o.fill, o.s, o.r
	if f == nil || f.refused || f.over() {
		return false
	}
	size := f.size.Load()
	from := s.body(r) + size
	if int64(len(p)) > s.largest+s.top-from || !s.grow(r, f, s.stretch(from+int64(len(p)))) {
		f.refused = true
		s.rejected.Add(1)
		return false
	}
	s.write(r, from, p)
	f.size.Store(size + int64(len(p)))
	return true
}

// grow sees to it that the stream has n blocks, or reports that it cannot.
func (s *Store[M]) grow(r *record[M], f *fill, n uint32) bool {
	for r.blocks < n {
		if !s.growTo(r, f, min(n, r.blocks+growStep)) {
			return false
		}
	}
	return true
}

// growTo makes the stream n blocks long, more than it has.
func (s *Store[M]) growTo(r *record[M], f *fill, n uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.promise == 0 {
		return false // somebody failed it meanwhile
	}
	before, after := s.weight(r.blocks), s.weight(n)
	if more := after - f.promise; more > 0 {
		if s.promised+more > s.total/fillShare {
			return false
		}
		s.promised += more
		f.promise += more
	}
	if !s.makeRoom(after - before) {
		return false
	}
	for r.blocks < n {
		s.extend(r)
	}
	s.filling += after - before
	return true
}

// settle ends what the filling of an object claimed. The caller holds no lock.
func (s *Store[M]) settle(r *record[M], f *fill) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(r, f)
}

// settleLocked is settle for who holds mu.
func (s *Store[M]) settleLocked(r *record[M], f *fill) {
	if f.promise == 0 {
		return
	}
	s.fills--
	s.promised -= f.promise
	s.filling -= s.weight(r.blocks)
	f.promise = 0
}
