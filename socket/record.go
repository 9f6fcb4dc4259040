package socket

const (
	recordHeader = 5
	// recordMax is the longest a TLS record's payload may be: RFC 5246
	// section 6.2.3 allows 2^14+2048. TLS 1.3 allows less.
	recordMax = 1<<14 + 2048
)

// recordCutter finds where TLS records end in a stream of bytes.
type recordCutter struct {
	on      bool
	begun   bool
	garbage bool // no record header where one must be: pass all on
	header  [recordHeader]byte
	have    int // bytes of header seen
	rest    int // payload bytes still to come
	hello   helloSplitter
}

// RecordMode makes each Read end at the end of a TLS record at the latest.
// What is behind it stays here, where Buffered tells of it.
//
// crypto/tls fills its input buffer with whatever Read gives. With this it
// never holds a byte of a record that has not begun to be read, so Await
// tells the truth when asked beneath it, and its buffer stays small. It is to
// be called before the first byte of TLS is read.
func (c *Conn) RecordMode() { c.records.on = true }

// read moves bytes of in, which has some, to p, of one record at most.
func (r *recordCutter) read(p []byte, in *inbox) int {
	if !r.begun {
		r.begun = true
		r.hello.begin(in.bytes())
		if !r.hello.over {
			in.skip(recordHeader) // the splitter makes headers of its own
		}
	}
	if !r.hello.over {
		return r.hello.read(p, in)
	}
	kept := in.bytes()[:min(in.buffered(), len(p))]
	n := copy(p, kept[:r.admit(kept)])
	in.skip(n)
	return n
}

// admit returns how many bytes of b, at least one, lie within one record, and
// counts them as read.
func (r *recordCutter) admit(b []byte) int {
	if r.garbage {
		return len(b)
	}
	n := 0
	if r.rest == 0 {
		n = copy(r.header[r.have:], b)
		if r.have += n; r.have < recordHeader {
			return n
		}
		r.have = 0
		r.rest = int(r.header[3])<<8 | int(r.header[4])
		if r.rest > recordMax {
			r.garbage = true // crypto/tls will object to it
			return len(b)
		}
	}
	m := min(r.rest, len(b)-n)
	r.rest -= m
	return n + m
}
