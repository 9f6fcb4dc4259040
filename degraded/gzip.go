package degraded

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// The gzip form (RFC 1952) of a body is put together from parts that were
// compressed beforehand. The Request-Id, which is another one in each answer,
// stands between them in a block that is not compressed:
//
//	header | first | head | stored block: the id | tail | sum and length
//
// That is one member. RFC 1952 section 2.2 lets a file have several, and each
// could have been rendered with its sum; but browsers show the first and drop
// the others.

const (
	storedHead  = 5 // of a block without compression: one byte, LEN, NLEN
	gzipTrailer = 8 // CRC32, ISIZE
)

// gzipHeader is that of a member without a name and a time, compressed as well
// as could be, on a system that does not matter (RFC 1952 section 2.3).
var gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255}

// compress gives b its compressed form, if that is shorter by a tenth: less is
// not worth the client's work.
func (c *Common) compress(b *Body) {
	c.deflateInner(b.first)
	c.deflateInner(b.head)
	c.deflateLast(b.tail)
	z := *b
	z.gzip = true
	z.sum = crc32.Update(crc32.ChecksumIEEE(b.first.text), crc32.IEEETable, b.head.text)
	_, plain := b.Pieces(nil, nil)
	if _, short := z.Pieces(new(Scratch), nil); short > plain*9/10 {
		return
	}
	// Nobody may keep either form. But a cache that does so all the same must
	// not give the one to a client that can only read the other.
	b.Fields = append(b.Fields, field("Vary", "Accept-Encoding"))
	z.Fields = append(slices.Clone(b.Fields), field("Content-Encoding", "gzip"))
	b.coded = &z
}

// gzipped returns the parts of the compressed form.
func (b *Body) gzipped(s *Scratch, id []byte) [6][]byte {
	// A stored block is three bits of zero, the rest of their byte, the length
	// and its complement (RFC 1951 section 3.2.4).
	own := append(s[:0], 0)
	own = binary.LittleEndian.AppendUint16(own, uint16(len(id)))
	own = binary.LittleEndian.AppendUint16(own, ^uint16(len(id)))
	own = append(own, id...)
	block := len(own)
	sum := crc32.Update(b.sum, crc32.IEEETable, id)
	sum = crc32.Update(sum, crc32.IEEETable, b.tail.text)
	length := len(b.first.text) + len(b.head.text) + len(id) + len(b.tail.text)
	own = binary.LittleEndian.AppendUint32(own, sum)
	own = binary.LittleEndian.AppendUint32(own, uint32(length))
	return [6][]byte{gzipHeader, b.first.inner, b.head.inner, own[:block], b.tail.last, own[block:]}
}
