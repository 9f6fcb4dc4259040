package store

import "sync/atomic"

// Object is a reference to an object: to one that was found, or to one that is
// being filled. Whoever Creates it fills it, from one goroutine at a time, and
// ends it by Commit or Fail. Others may read meanwhile.
//
// What its methods return lies in the Store and must not be written to, nor
// used after the Release that the holder owes. The memory belongs to somebody
// else then.
type Object[M any] struct {
	s    *Store[M]
	r    *record[M]
	fill *fill // nil: it was found
	refs atomic.Int32
}

// object returns an Object with one reference.
func (s *Store[M]) object(r *record[M]) *Object[M] {
	o, _ := s.pool.Get().(*Object[M])
	if o == nil {
		o = new(Object[M])
	}
	o.s, o.r = s, r
	o.refs.Store(1)
	return o
}

// recycle keeps an Object that has no reference for the next.
func (s *Store[M]) recycle(o *Object[M]) {
	o.r, o.fill = nil, nil
	o.refs.Store(0)
	s.pool.Put(o)
}

// Retain makes one more reference, for which somebody has to Release. The
// caller has one.
func (o *Object[M]) Retain() {
	if o.refs.Add(1) < 2 {
		panic("internal error: Retain of an Object that was released")
	}
}

// Release gives up a reference. An object that is still being filled when the
// last one goes is abandoned.
func (o *Object[M]) Release() {
	switch n := o.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("internal error: Release of an Object that was released")
	}
	if o.fill != nil {
		o.Fail(ErrAbandoned) // nothing if it has ended
	}
	s, r := o.s, o.r
	s.recycle(o)
	s.drop(r)
}

// Meta returns the metadata.
func (o *Object[M]) Meta() M { return o.r.meta }

// Key returns the key: in place if it lies in one piece, else copied to buf.
func (o *Object[M]) Key(buf []byte) []byte {
	return o.s.gather(buf, o.r, o.s.top, int64(o.r.key))
}

// Head returns the head that Create was given: in place if it lies in one
// piece, else copied to buf, which grows if need be.
func (o *Object[M]) Head(buf []byte) []byte {
	return o.s.gather(buf, o.r, o.s.top+int64(o.r.key), int64(o.r.head))
}

// Size returns how many bytes the body has, or has so far while it is filled.
func (o *Object[M]) Size() int64 {
	if o.fill != nil {
		return o.fill.size.Load()
	}
	return o.r.size
}

// Complete reports whether the body is there as a whole.
func (o *Object[M]) Complete() bool {
	return o.fill == nil || o.fill.complete()
}

// Piece returns the bytes of the body from off on that are there and lie in one
// piece, at least to the end of a block; nil if there are none.
func (o *Object[M]) Piece(off int64) []byte {
	size := o.Size()
	if off < 0 || off >= size {
		return nil
	}
	from := o.s.body(o.r)
	p := o.s.run(o.r, from+off, from+size)
	return p[:len(p):len(p)]
}
