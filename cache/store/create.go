package store

// fillShare is the part of all blocks, as 1 in so many, that objects being
// filled may come to have: many large ones at once leave the rest alone.
const fillShare = 2

// Create begins an object that nobody can find yet. expected is how many bytes
// its body will have, -1 if that is unknown. It returns nil when a key, head
// and body of that size are larger than the Store keeps, when its key has 16
// objects being filled, or when there is no room. The caller owes a Release.
//
// No more than the head is allocated. But what is expected counts as promised,
// so that an Append within it says no only when readers are in the way.
func (s *Store[M]) Create(key, head []byte, meta M, expected int64) *Object[M] {
	room := s.largest - int64(len(key)) - int64(len(head))
	if room < 0 || expected > room {
		s.rejected.Add(1)
		return nil
	}
	begin := s.top + int64(len(key)) + int64(len(head))
	f := &fill{promise: s.weight(s.stretch(begin + max(expected, 0)))}
	r := s.begin(s.hash(key), s.stretch(begin), f)
	if r == nil {
		s.rejected.Add(1)
		return nil
	}
	r.key, r.head, r.meta = uint32(len(key)), uint32(len(head)), meta
	s.write(r, s.top, key)
	s.write(r, s.top+int64(len(key)), head)
	o := s.object(r)
	o.fill = f
	if !s.linkFill(r) {
		s.rejected.Add(1)
		s.settle(r, f)
		f.end(ErrNoRoom)
		o.Release()
		return nil
	}
	return o
}

// stretch returns how many blocks n bytes of a stream take.
func (s *Store[M]) stretch(n int64) uint32 { return uint32((n + 1<<s.shift - 1) >> s.shift) }

// begin takes n blocks for a new object, which has one reference. It returns
// nil if there is no room for them or for what f is promised.
func (s *Store[M]) begin(hash uint64, n uint32, f *fill) *record[M] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.promised+f.promise > s.total/fillShare || !s.makeRoom(s.weight(n)) {
		return nil
	}
	id := s.blocks.take(0)
	r := s.record(id)
	*r = record[M]{hash: hash, id: id, blocks: 1}
	r.refs.Store(1)
	s.shard(hash).held.Add(1)
	for r.blocks < n {
		s.extend(r)
	}
	s.fills++
	s.promised += f.promise
	s.filling += s.weight(n)
	return r
}

// linkFill links an object that is being filled, so that who removes its key
// finds it, if there are not too many of the key and the Store is open.
func (s *Store[M]) linkFill(r *record[M]) bool {
	sh := s.shard(r.hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sh.bucket(r.hash)
	if b == nil {
		return false
	}
	n := 0
	for id := *b; id != 0; {
		other := s.record(id)
		if !other.ready && s.alike(r, other) {
			n++
		}
		id = other.chain
	}
	if n >= maxVariants {
		return false
	}
	r.refs.Add(1)
	s.link(sh, r)
	return true
}
