package http1

import (
	"bytes"

	"sluice/grammar"
	"sluice/message"
)

// requestUpgrade returns the protocols that a client may be changed to, nil
// if none. "A server MUST ignore an Upgrade header field that is received in
// an HTTP/1.0 request" and "A sender of Upgrade MUST also send an "Upgrade"
// connection option" (RFC 9110 section 7.8).
//
// An offer that has h2c in it is ignored as a whole, which any server may do:
// after a change to HTTP/2 requests would pass through that nobody has
// parsed (h2c smuggling), and RFC 9113 has given the token up. Clients that
// offer it (Java's does, on every request) go on in HTTP/1.1.
func requestUpgrade(s *fieldSection, minor int) ([]byte, fault) {
	if minor == 0 || !s.connection.upgrade || len(s.upgrade) == 0 {
		return nil, faultNone
	}
	list := s.upgrade
	for len(list) > 0 {
		var protocol []byte
		protocol, list = grammar.NextItem(list)
		if !isProtocol(protocol) {
			return nil, faultUpgradeForm
		}
		if message.EqualFold(protocol, "h2c") {
			return nil, faultNone
		}
	}
	return s.upgrade, faultNone
}

// isProtocol reports whether b is protocol-name ["/" protocol-version], both
// tokens.
func isProtocol(b []byte) bool {
	if slash := bytes.IndexByte(b, '/'); slash >= 0 {
		return grammar.IsToken(b[:slash]) && grammar.IsToken(b[slash+1:])
	}
	return grammar.IsToken(b)
}
