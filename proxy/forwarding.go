package proxy

import (
	"bytes"

	"sluice/message"
)

// Names and values of the fields that we add to requests.
var (
	nameXForwardedFor   = []byte("X-Forwarded-For")
	nameXForwardedHost  = []byte("X-Forwarded-Host")
	nameXForwardedProto = []byte("X-Forwarded-Proto")
	nameXRealIP         = []byte("X-Real-IP")
	nameForwarded       = []byte("Forwarded")
	nameRequestID       = []byte("Request-Id")

	protoHTTP  = []byte("http")
	protoHTTPS = []byte("https")
)

// setForwarding tells the upstream who asked, by which name and how. What an
// untrusted client says of that is dropped: an application that believes
// X-Forwarded-For must not be made to believe a stranger. What a trusted peer
// says is kept and added to (RFC 7239 section 4). Host itself is never
// touched.
func (x *Exchange) setForwarding() {
	was := x.r.Fields
	peer := x.peerText()
	real, host, proto := peer, x.r.Authority, protoHTTP
	if x.secure {
		proto = protoHTTPS
	}
	var chain, forwarded []byte
	if x.trusted {
		chain, forwarded = x.join(was, message.XForwardedFor), x.join(was, message.Forwarded)
		real = x.clientText()
		if h := was.Get(message.XForwardedHost); len(h) > 0 && was.Count(message.XForwardedHost) == 1 {
			host = h
		}
	}
	chain = x.element(chain, peer)
	forwarded = x.forwardedElement(forwarded, peer, proto)

	f := withoutForwarding(was, x.trusted, x.ownID())
	f = append(f,
		message.Field{Name: nameXForwardedFor, Value: chain, ID: message.XForwardedFor},
		message.Field{Name: nameXForwardedProto, Value: proto, ID: message.XForwardedProto},
		message.Field{Name: nameForwarded, Value: forwarded, ID: message.Forwarded},
		message.Field{Name: nameXRealIP, Value: real, ID: message.XRealIP})
	if len(host) > 0 {
		f = append(f, message.Field{Name: nameXForwardedHost, Value: host, ID: message.XForwardedHost})
	}
	if x.ownID() {
		f = append(f, message.Field{Name: nameRequestID, Value: x.id, ID: message.RequestID})
	}
	x.r.Fields = f
}

// withoutForwarding removes, in place, the fields that we set, and of a client
// that isn't trusted all others of their family. dropID says whether
// Request-Id is one of those that we set.
func withoutForwarding(f message.Fields, trusted, dropID bool) message.Fields {
	kept := f[:0]
	for i := range f {
		switch f[i].ID {
		case message.XForwardedFor, message.XForwardedHost, message.XForwardedProto,
			message.XForwardedPort, message.XRealIP, message.Forwarded:
			continue
		case message.RequestID:
			if dropID {
				continue
			}
		case message.OtherName:
			if posesAsForwarding(f[i].Name) || !trusted && ofForwarding(f[i].Name) {
				continue
			}
		}
		kept = append(kept, f[i])
	}
	return kept
}

// posesAsForwarding reports a name that only an application's gateway would
// take for one of ours: CGI and its heirs turn "X_Forwarded_For" and
// "X-Forwarded-For" into the same variable.
func posesAsForwarding(name []byte) bool {
	if len(name) > len("x-forwarded-proto") || bytes.IndexByte(name, '_') < 0 {
		return false
	}
	var dashed [len("x-forwarded-proto")]byte
	n := copy(dashed[:], name)
	for i, c := range dashed[:n] {
		if c == '_' {
			dashed[i] = '-'
		}
	}
	switch message.NameOf(dashed[:n]) {
	case message.XForwardedFor, message.XForwardedHost, message.XForwardedProto,
		message.XForwardedPort, message.XRealIP, message.RequestID:
		return true
	}
	return false
}

// ofForwarding reports a name that begins with "X-Forwarded-", or does so for
// CGI: X-Forwarded-Ssl, -Scheme, -Prefix and -User, which we don't set, are
// believed by one framework or another.
func ofForwarding(name []byte) bool {
	const family = "x-forwarded-"
	if len(name) < len(family) {
		return false
	}
	for i, c := range name[:len(family)] {
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '_':
			c = '-'
		}
		if c != family[i] {
			return false
		}
	}
	return true
}

// join returns all values of a name as one list, nil if there are none.
func (x *Exchange) join(f message.Fields, id message.Name) []byte {
	switch f.Count(id) {
	case 0:
		return nil
	case 1:
		return f.Get(id)
	}
	from := len(x.scratch)
	for i := range f {
		if f[i].ID == id {
			if len(x.scratch) > from {
				x.scratch = append(x.scratch, ", "...)
			}
			x.scratch = append(x.scratch, f[i].Value...)
		}
	}
	return x.scratched(from)
}

// element returns a list with one more element.
func (x *Exchange) element(list, e []byte) []byte {
	if len(list) == 0 {
		return e
	}
	from := len(x.scratch)
	x.scratch = append(x.scratch, list...)
	x.scratch = append(x.scratch, ", "...)
	x.scratch = append(x.scratch, e...)
	return x.scratched(from)
}

// forwardedElement returns a Forwarded list with an element for this hop
// (RFC 7239 section 4): an IPv6 address is quoted and in brackets.
func (x *Exchange) forwardedElement(list, peer, proto []byte) []byte {
	from := len(x.scratch)
	if len(list) > 0 {
		x.scratch = append(x.scratch, list...)
		x.scratch = append(x.scratch, ", "...)
	}
	if bytes.IndexByte(peer, ':') >= 0 {
		x.scratch = append(x.scratch, `for="[`...)
		x.scratch = append(x.scratch, peer...)
		x.scratch = append(x.scratch, `]"`...)
	} else {
		x.scratch = append(x.scratch, "for="...)
		x.scratch = append(x.scratch, peer...)
	}
	if len(x.r.Authority) > 0 {
		// An authority that was parsed holds neither quote nor backslash.
		x.scratch = append(x.scratch, `;host="`...)
		x.scratch = append(x.scratch, x.r.Authority...)
		x.scratch = append(x.scratch, '"')
	}
	x.scratch = append(x.scratch, ";proto="...)
	x.scratch = append(x.scratch, proto...)
	return x.scratched(from)
}

// scratched returns what was put into scratch since from. A later append may
// move scratch elsewhere; these bytes stay.
func (x *Exchange) scratched(from int) []byte {
	return x.scratch[from:len(x.scratch):len(x.scratch)]
}
