package http1

import (
	"sluice/grammar"
	"sluice/message"
)

const (
	maxSizeDigits = 16
	// maxChunkExtension bounds the extensions of one chunk, and
	// maxExtensionExcess how many more bytes of extensions than of data there
	// may have been at any time. "A recipient MUST ignore unrecognized chunk
	// extensions. A server ought to limit the total length of chunk
	// extensions received in a request to an amount reasonable for the
	// services provided" (RFC 9112 section 7.1.1).
	maxChunkExtension  = 256
	maxExtensionExcess = 16 << 10
)

// chunked decodes one chunked body (RFC 9112 section 7.1), bit by bit and
// without copying:
//
//	chunked-body = *( chunk-size [ chunk-ext ] CRLF chunk-data CRLF )
//	               1*"0" [ chunk-ext ] CRLF trailer-section CRLF
//
// The zero value is ready. It takes every byte it is given, so it needs no
// room for a whole line in its input, and it never trusts a size: what a
// chunk announces is only counted down.
//
// Extensions are checked and dropped. Stricter than the grammar: no white
// space between a size and the ";" of its extension (bad white space that
// must not be sent, and that has been read as the end of the size, or as
// part of it).
type chunked struct {
	party message.Party // PartyUpstream when a response is decoded; otherwise the client is to blame

	// nominates is what the Connection fields of the message's head said, if
	// the caller knows: "remove any header or trailer field(s) from the
	// message with the same name as the connection-option" (RFC 9110 section
	// 7.6.1). The head must then outlive the body. reset forgets it.
	nominates *connectionField

	// trailers are the trailer fields, once next has said done. They point
	// into memory of the decoder, not into the input, and are valid until
	// reset.
	trailers message.Fields

	state     chunkState
	digits    int   // of the size at hand
	left      int64 // the size at hand, then how much data of it is to come
	extension chunkExtension
	excess    int64 // bytes of extensions beyond those of data
	section   []byte
	bad       fault
}

type chunkState uint8

const (
	chunkSize      chunkState = iota // in a size
	chunkExt                         // in the extensions
	chunkSizeLF                      // the LF that ends the size line
	chunkData                        // data, left bytes
	chunkDataCR                      // the CRLF after it
	chunkDataLF                      //
	chunkTrailer                     // where a trailer line or the last CR begins
	chunkTrailerIn                   // in a trailer line
	chunkLastLF                      // the LF of the last line
	chunkDone
)

// reset makes d ready for another body from the same party.
func (d *chunked) reset() {
	*d = chunked{party: d.party, trailers: d.trailers[:0], section: d.section[:0]}
}

// next consumes n bytes of buf. data is a part of them, at most one chunk's;
// done says that the body and its trailer section are complete, and may come
// together with the last data. Without data, done and failure more bytes are
// needed, and then all of buf has been taken.
func (d *chunked) next(buf []byte) (data []byte, n int, done bool, f *message.Failure) {
	for n < len(buf) && d.bad == faultNone && d.state != chunkDone {
		if d.state != chunkData {
			if d.bad = d.step(buf[n]); d.bad == faultNone {
				n++
			}
			continue
		}
		if data != nil {
			return data, n, false, nil
		}
		end := n + int(min(d.left, int64(len(buf)-n)))
		data = buf[n:end:end]
		n = end
		if d.left -= int64(len(data)); d.left == 0 {
			d.state = chunkDataCR
		}
	}
	if data == nil && d.bad != faultNone {
		return nil, n, false, d.failure()
	}
	// Data that came before a fault is given out; the next call tells of it.
	return data, n, d.state == chunkDone, nil
}

func (d *chunked) failure() *message.Failure {
	if d.party == message.PartyUpstream {
		return responseBodyFailures[d.bad]
	}
	return requestBodyFailures[d.bad]
}

// step takes one byte of what is not data.
func (d *chunked) step(c byte) fault {
	switch d.state {
	case chunkSize:
		return d.stepSize(c)
	case chunkExt:
		return d.stepExtension(c)
	case chunkSizeLF:
		if c != '\n' {
			return faultBareCR
		}
		d.startData()
	case chunkDataCR:
		if c != '\r' {
			return faultChunkDataEnd
		}
		d.state = chunkDataLF
	case chunkDataLF:
		if c != '\n' {
			return faultChunkDataEnd
		}
		d.state, d.digits = chunkSize, 0
	case chunkTrailer, chunkTrailerIn:
		return d.stepTrailer(c)
	case chunkLastLF:
		if c != '\n' {
			return faultBareCR
		}
		if bad := d.parseTrailers(); bad != faultNone {
			return bad
		}
		d.state = chunkDone
	}
	return faultNone
}

func (d *chunked) stepSize(c byte) fault {
	if digit := grammar.HexDigit(c); digit >= 0 {
		switch {
		case d.digits == maxSizeDigits:
			return faultChunkSizeForm
		case d.left >= grammar.MaxLength>>4:
			return faultChunkSizeRange
		}
		d.digits++
		d.left = d.left<<4 | digit
		return faultNone
	}
	switch {
	case d.digits == 0:
		return faultChunkSizeForm
	case c == '\r':
		d.state = chunkSizeLF
	case c == ';':
		d.state, d.extension = chunkExt, chunkExtension{}
	case c == '\n':
		return faultBareLF
	default:
		return faultChunkSizeForm
	}
	return faultNone
}

func (d *chunked) stepExtension(c byte) fault {
	switch {
	case c == '\r' && d.extension.mayEnd():
		d.state = chunkSizeLF
		return faultNone
	case c == '\n':
		return faultBareLF
	case !d.extension.step(c):
		return faultChunkExtension
	case d.extension.size >= maxChunkExtension:
		return faultChunkExtensionSize
	}
	if d.excess++; d.excess > maxExtensionExcess {
		return faultChunkExtensionTotal
	}
	return faultNone
}

func (d *chunked) startData() {
	if d.left == 0 {
		d.state = chunkTrailer
		return
	}
	d.state = chunkData
	d.excess = max(0, d.excess-d.left)
}
