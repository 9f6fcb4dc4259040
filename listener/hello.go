package listener

const (
	recordHandshake    = 22
	messageClientHello = 1

	extensionSessionTicket = 35 // RFC 5077
	extensionPreSharedKey  = 41 // RFC 8446 section 4.2.11
)

// resumes reports whether b, the first bytes of a connection, begin with a
// client's hello that asks to resume a session. A hello that is not there as a
// whole, or is none, does not; it is judged by crypto/tls. What a stranger can
// win by lying is a better place in a queue.
func resumes(b []byte) bool {
	p := helloParser{b}
	if p.byte() != recordHandshake {
		return false
	}
	p.skip(2) // version
	p.within(2)
	if p.byte() != messageClientHello {
		return false
	}
	p.within(3)
	p.skip(2 + 32)      // version, random
	p.skip(p.number(1)) // session
	p.skip(p.number(2)) // cipher suites
	p.skip(p.number(1)) // compression methods
	p.within(2)
	for len(p.rest) > 0 {
		kind, length := p.number(2), p.number(2)
		if kind == extensionPreSharedKey || kind == extensionSessionTicket && length > 0 {
			return length <= len(p.rest)
		}
		p.skip(length)
	}
	return false
}

// helloParser reads numbers and lengths. Beyond the end everything is zero and
// nothing is left.
type helloParser struct{ rest []byte }

func (p *helloParser) skip(n int) {
	p.rest = p.rest[min(n, len(p.rest)):]
}

// number reads one of n bytes, at most 3.
func (p *helloParser) number(n int) (v int) {
	if len(p.rest) < n {
		p.rest = nil
		return 0
	}
	for _, b := range p.rest[:n] {
		v = v<<8 | int(b)
	}
	p.rest = p.rest[n:]
	return v
}

func (p *helloParser) byte() int { return p.number(1) }

// within goes into what is announced by a length of n bytes.
func (p *helloParser) within(n int) {
	length := p.number(n)
	p.rest = p.rest[:min(length, len(p.rest))]
}
