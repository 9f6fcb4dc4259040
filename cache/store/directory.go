package store

// directBlocks is for how many blocks the numbers stand in the record: an
// object of 4 KB needs no block besides those of its stream.
const directBlocks = 8

// Where the blocks of an object's stream are, by their place in it:
//
//	0                 the record's own block
//	1 … 8             record.direct
//	then 128          the map maps[0], a block full of block numbers
//	then 128 · 128    the maps that the map maps[1] has the numbers of
//
// with blocks of 512 bytes, in which 128 numbers have room. So the way to any
// byte takes at most 3 steps, while others append.

// slot returns where the number of block i of the stream stands. i is from 1 to
// below the number of blocks.
func (s *Store[M]) slot(r *record[M], i uint32) *uint32 {
	if i <= directBlocks {
		return &r.direct[i-1]
	}
	i -= directBlocks + 1
	if i < s.perMap {
		return s.entry(r.maps[0], i)
	}
	i -= s.perMap
	return s.entry(*s.entry(r.maps[1], i/s.perMap), i%s.perMap)
}

// entry returns entry i of a map.
func (s *Store[M]) entry(mapID, i uint32) *uint32 {
	return &s.words[int(mapID)*int(s.perMap)+int(i)]
}

// block returns the number of block i of the stream.
func (s *Store[M]) block(r *record[M], i uint32) uint32 {
	if i == 0 {
		return r.id
	}
	return *s.slot(r, i)
}

// leaves returns how many maps of maps[1] a stream of n blocks has.
func (s *Store[M]) leaves(n uint32) uint32 {
	beyond := int64(n) - 1 - directBlocks - int64(s.perMap)
	return uint32(max(beyond+int64(s.perMap)-1, 0)) / s.perMap
}

// weight returns how many blocks an object with a stream of n blocks takes, its
// maps included.
func (s *Store[M]) weight(n uint32) int {
	w := n + s.leaves(n)
	if n > 1+directBlocks {
		w++
	}
	if n > 1+directBlocks+s.perMap {
		w++
	}
	return int(w)
}

// extend adds a block to the stream. There are free ones, and the caller holds
// mu.
func (s *Store[M]) extend(r *record[M]) {
	i := r.blocks
	id := s.blocks.take(s.block(r, i-1))
	if i == 1+directBlocks {
		r.maps[0] = s.blocks.take(0)
	}
	if i == 1+directBlocks+s.perMap {
		r.maps[1] = s.blocks.take(0)
	}
	if n := s.leaves(i + 1); n > s.leaves(i) {
		*s.entry(r.maps[1], n-1) = s.blocks.take(0)
	}
	*s.slot(r, i) = id
	r.blocks++
}

// free gives back all blocks of an object that nobody refers to. The caller
// holds mu.
func (s *Store[M]) free(r *record[M]) {
	id, n := r.id, r.blocks // the record goes with its block
	for i := n - 1; i > 0; i-- {
		s.give(*s.slot(r, i))
	}
	for i := range s.leaves(n) {
		s.give(*s.entry(r.maps[1], i))
	}
	if n > 1+directBlocks+s.perMap {
		s.give(r.maps[1])
	}
	if n > 1+directBlocks {
		s.give(r.maps[0])
	}
	s.give(id)
	if s.closed {
		s.unmap()
	}
}

// give gives back one block. The caller holds mu.
func (s *Store[M]) give(id uint32) {
	if s.freed != nil {
		s.freed(s.arena[int(id)<<s.shift : int(id+1)<<s.shift])
	}
	s.blocks.give(id)
}
