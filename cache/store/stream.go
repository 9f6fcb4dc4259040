package store

import "bytes"

// maxRun bounds how many blocks are looked at for one piece: 64 KiB and more.
const maxRun = 128

// run returns what lies in one piece of the stream from pos on, up to end. What
// lies there has been written, and pos is below end.
func (s *Store[M]) run(r *record[M], pos, end int64) []byte {
	i := uint32(pos >> s.shift)
	last := uint32((end - 1) >> s.shift)
	first := s.block(r, i)
	n := uint32(1)
	for n < maxRun && i+n <= last && s.block(r, i+n) == first+n {
		n++
	}
	start := int64(i) << s.shift
	from := int64(first) << s.shift
	return s.arena[from+pos-start : from+min(int64(n)<<s.shift, end-start)]
}

// write copies p into the stream from pos on. There are blocks for it.
func (s *Store[M]) write(r *record[M], pos int64, p []byte) {
	for len(p) > 0 {
		n := copy(s.run(r, pos, pos+int64(len(p))), p)
		pos, p = pos+int64(n), p[n:]
	}
}

// gather returns n bytes of the stream from pos on: themselves if they are in
// one piece, else a copy in buf.
func (s *Store[M]) gather(buf []byte, r *record[M], pos, n int64) []byte {
	if n == 0 {
		return buf[:0]
	}
	end := pos + n
	if p := s.run(r, pos, end); int64(len(p)) == n {
		return p[:n:n]
	}
	buf = buf[:0]
	for pos < end {
		p := s.run(r, pos, end)
		buf = append(buf, p...)
		pos += int64(len(p))
	}
	return buf
}

// begins reports whether the key of r begins with p.
func (s *Store[M]) begins(r *record[M], p []byte) bool {
	if len(p) > int(r.key) {
		return false
	}
	for pos := s.top; len(p) > 0; {
		q := s.run(r, pos, pos+int64(len(p)))
		if !bytes.Equal(q, p[:len(q)]) {
			return false
		}
		pos, p = pos+int64(len(q)), p[len(q):]
	}
	return true
}

// keyIs reports whether r is of this key.
func (s *Store[M]) keyIs(r *record[M], hash uint64, key []byte) bool {
	return r.hash == hash && int(r.key) == len(key) && s.begins(r, key)
}

// alike reports whether two are of the same key.
func (s *Store[M]) alike(a, b *record[M]) bool {
	if a.hash != b.hash || a.key != b.key {
		return false
	}
	for pos, end := s.top, s.top+int64(a.key); pos < end; {
		p, q := s.run(a, pos, end), s.run(b, pos, end)
		n := min(len(p), len(q))
		if !bytes.Equal(p[:n], q[:n]) {
			return false
		}
		pos += int64(n)
	}
	return true
}
