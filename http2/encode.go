package http2

import (
	"slices"
	"strconv"

	"sluice/message"
)

// The encoder writes HPACK (RFC 7541) without a dynamic table and without
// Huffman codes: every field is a literal without indexing, its name an index
// into the static table where that has it. A response is some ten bytes longer
// for it and costs no table, no hashing and no allocation. (Prototype, 32
// connections x 10 streams: with x/net's encoder 3 us more of CPU a request.)

const (
	patternIndexed     = 0x80 // section 6.1
	patternLiteral     = 0x00 // section 6.2.2
	patternTableUpdate = 0x20 // section 6.3

	indexStatus        = 8
	indexContentLength = 28
	indexDate          = 33
)

// staticIndex is where RFC 7541 appendix A has a name; 0: nowhere.
var staticIndex = func() (all [256]uint8) {
	for name, index := range map[message.Name]uint8{
		message.Accept: 19, message.AcceptLanguage: 17, message.ContentLength: indexContentLength,
		message.ContentType: 31, message.Cookie: 32, message.Date: indexDate, message.Expect: 35,
		message.Host: 38, message.MaxForwards: 47, message.ProxyAuthenticate: 48,
		message.ProxyAuthorization: 49, message.RetryAfter: 53, message.Server: 54, message.UserAgent: 58,
	} {
		all[name] = index
	}
	return all
}()

// lower maps each byte to lower case.
var lower = func() (all [256]byte) {
	for i := range all {
		all[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			all[i] += 'a' - 'A'
		}
	}
	return all
}()

// appendHead appends the HEADERS frame of a response, with END_HEADERS and
// without END_STREAM, and CONTINUATION frames behind it when the section is
// too large for one: the payload of none is larger than most-1, so that
// insertTableUpdate has room. length is written as content-length unless it is
// negative, date as date unless it is empty. Fields that belong to one
// connection are left out.
func appendHead(b []byte, stream uint32, status int, fields message.Fields, length int64, date string, most int) []byte {
	start := len(b)
	b = slices.Grow(b, sectionBound(fields))
	b = appendFrameHeader(b, frameHeader{kind: frameHeaders, flags: flagEndHeaders, stream: stream})
	b = appendStatus(b, status)
	if date != "" {
		b = appendString(appendName(b, indexDate), date)
	}
	if length >= 0 {
		b = appendLength(b, length)
	}
	b = appendFieldLines(b, fields)
	return frameSection(b, start, most)
}

// appendTrailers appends the frames of a trailer section, which ends the
// stream.
func appendTrailers(b []byte, stream uint32, fields message.Fields, most int) []byte {
	start := len(b)
	b = slices.Grow(b, sectionBound(fields))
	b = appendFrameHeader(b, frameHeader{kind: frameHeaders, flags: flagEndHeaders | flagEndStream, stream: stream})
	b = appendFieldLines(b, fields)
	return frameSection(b, start, most)
}

// sectionBound is how many bytes a section takes at most, but for
// CONTINUATION frames.
func sectionBound(fields message.Fields) int {
	n := 128 // the frame header, status, date, content-length
	for i := range fields {
		n += len(fields[i].Name) + len(fields[i].Value) + 12
	}
	return n
}

// appendStatus appends :status, for which the static table has entries of the
// usual ones.
func appendStatus(b []byte, status int) []byte {
	index := 0
	switch status {
	case 200:
		index = 8
	case 204:
		index = 9
	case 206:
		index = 10
	case 304:
		index = 11
	case 400:
		index = 12
	case 404:
		index = 13
	case 500:
		index = 14
	}
	if index > 0 {
		return append(b, patternIndexed|byte(index))
	}
	b = append(appendName(b, indexStatus), 3)
	return append(b, '0'+byte(status/100), '0'+byte(status/10%10), '0'+byte(status%10))
}

// appendName begins a literal whose name the static table has.
func appendName(b []byte, index uint8) []byte {
	if index < 15 {
		return append(b, patternLiteral|index)
	}
	return append(b, patternLiteral|15, index-15) // section 5.1: 4 bits, then the rest; below 128
}

func appendLength(b []byte, length int64) []byte {
	b = append(appendName(b, indexContentLength), 0)
	at := len(b)
	b = strconv.AppendInt(b, length, 10)
	b[at-1] = byte(len(b) - at) // 19 digits at most
	return b
}

// appendFieldLines appends end-to-end fields, their names in lower case: "Field
// names MUST be converted to lowercase when constructing an HTTP/2
// message" (RFC 9113 section 8.2).
func appendFieldLines(b []byte, fields message.Fields) []byte {
	for i := range fields {
		f := &fields[i]
		switch index := staticIndex[f.ID]; {
		case index > 0:
			b = appendName(b, index)
		case f.ID.HopByHop():
			continue
		default:
			b = append(b, patternLiteral)
			b = appendSize(b, len(f.Name))
			at := len(b)
			b = append(b, f.Name...)
			for i, c := range b[at:] {
				b[at+i] = lower[c]
			}
		}
		b = appendSize(b, len(f.Value))
		b = append(b, f.Value...)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(appendSize(b, len(s)), s...)
}

// appendSize appends the length of a string that is not Huffman coded: an
// integer with a prefix of 7 bits (section 5.1).
func appendSize(b []byte, n int) []byte {
	if n < 127 {
		return append(b, byte(n))
	}
	b = append(b, 127)
	for n -= 127; n >= 128; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(b, byte(n))
}

// frameSection puts the length into the HEADERS frame that begins at start and
// goes to the end of b, and cuts off CONTINUATION frames if it is too large.
func frameSection(b []byte, start, most int) []byte {
	most-- // see insertTableUpdate
	size := len(b) - start - frameHeaderSize
	if size <= most {
		putLength(b[start:], size)
		return b
	}
	return cutSection(b, start, most)
}

// cutSection cuts a large section into frames. It is rare, and so may copy.
func cutSection(b []byte, start, most int) []byte {
	h := parseFrameHeader(b[start:])
	section := slices.Clone(b[start+frameHeaderSize:])
	b = b[:start]
	h.flags &^= flagEndHeaders
	for len(section) > 0 {
		n := min(most, len(section))
		h.length = n
		if n == len(section) {
			h.flags |= flagEndHeaders
		}
		b = append(appendFrameHeader(b, h), section[:n]...)
		section = section[n:]
		h.kind, h.flags = frameContinuation, 0
	}
	return b
}

// putLength writes the length of the frame that begins at b[0].
func putLength(b []byte, n int) { b[0], b[1], b[2] = byte(n>>16), byte(n>>8), byte(n) }

// insertTableUpdate inserts a dynamic table size update to 0 at the front of
// the section whose HEADERS frame begins at b[start]. It has to stand in the
// first section after the client has changed the size of the table (RFC 7541
// section 4.2).
func insertTableUpdate(b []byte, start int) []byte {
	h := parseFrameHeader(b[start:])
	putLength(b[start:], h.length+1)
	return slices.Insert(b, start+frameHeaderSize, patternTableUpdate)
}
