package socket

const (
	recordHandshake = 22

	// smallRecord is the longest payload that crypto/tls reads without
	// growing its input buffer beyond what it begins with.
	smallRecord = 512
)

// helloSplitter cuts the first record of a connection, a TLS client's hello,
// into several small ones.
//
// crypto/tls keeps its input buffer for the connection's life, and it keeps
// the size of the largest record that came. With today's post-quantum key
// shares that is the hello: 2 KB and more, for ever, of a connection whose
// requests are small. A handshake message may lie in any number of records
// (RFC 8446 section 5.1), and what is hashed and signed is the message
// without the records' headers; so the client cannot tell the difference.
// Five thousand idle connections took 6.8 KB of heap each with it, 8.3 without.
type helloSplitter struct {
	over   bool // the hello is through, or is not to be split
	header [recordHeader]byte
	todo   int // bytes of header to be handed out still, its last ones
	piece  int // payload of each record but the last
	left   int // payload of this record to be handed out still
	rest   int // payload behind this record
}

// begin looks at the first bytes of a connection and decides.
func (h *helloSplitter) begin(b []byte) {
	h.over = true
	if len(b) < recordHeader || b[0] != recordHandshake {
		return
	}
	n := int(b[3])<<8 | int(b[4])
	if n <= smallRecord || n > recordMax {
		return
	}
	// The buffer in which crypto/tls puts the message together doubles as it
	// grows. Halving keeps it from growing far beyond the message.
	piece := n
	for piece > smallRecord {
		piece = (piece + 1) / 2
	}
	h.over = false
	h.header = [recordHeader]byte(b)
	h.piece, h.rest = piece, n
}

// read hands out the hello, as far as it is in in, in small records: at least
// a byte of it, if p and in have room and bytes.
func (h *helloSplitter) read(p []byte, in *inbox) int {
	n := 0
	if h.todo == 0 && h.left == 0 {
		h.next()
	}
	if h.todo > 0 {
		n = copy(p, h.header[recordHeader-h.todo:])
		h.todo -= n
	}
	m := copy(p[n:], in.bytes()[:min(h.left, in.buffered())])
	if m > 0 {
		in.skip(m)
		h.left -= m
	}
	h.over = h.left == 0 && h.rest == 0 && h.todo == 0
	return n + m
}

// next begins a record.
func (h *helloSplitter) next() {
	h.left = min(h.piece, h.rest)
	h.rest -= h.left
	h.header[3], h.header[4] = byte(h.left>>8), byte(h.left)
	h.todo = recordHeader
}
