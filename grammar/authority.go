package grammar

import "bytes"

// maxHost is the longest host that is looked at, in bytes. DNS ends at 253.
const maxHost = 255

// HostFault is what is wrong with an authority.
type HostFault uint8

// What CheckAuthority finds.
const (
	HostOK       HostFault = iota
	HostEmpty              // no host, or none before the port
	HostUserinfo           // a user name before it
	HostByte               // a byte that no host name has
	HostIP                 // in brackets, and not an IPv6 address
	HostSize               // longer than 255 bytes
	HostPort               // the port is not a number up to 65535
)

// CheckAuthority says what is wrong with host[:port], from a Host field, an
// absolute request target or an :authority (RFC 9110 section 7.2, RFC 3986
// section 3.2).
//
// It is stricter than the grammar in one point: a name consists of
// unreserved characters (letters, digits, - . _ ~) only. Of the rest that
// reg-name has, percent-encoding would let one name be written in many ways,
// and , ; = ( ) ' and their like are in no name that a Site can have, but
// mean something to programs that take Host for text.
//
// User names are refused: "A sender MUST NOT generate the userinfo
// subcomponent [...] when an http or https URI reference is generated within
// a message [...] treat its presence as an error" (RFC 9110 section 4.2.4).
// So is an empty host: "A recipient that processes such a URI reference MUST
// reject it as invalid" (section 4.2.1).
func CheckAuthority(b []byte) HostFault {
	if len(b) == 0 {
		return HostEmpty
	}
	if b[0] == '[' {
		return checkLiteral(b)
	}
	end := HostName.End(b, 0)
	switch {
	case end > maxHost:
		return HostSize
	case end < len(b) && bytes.IndexByte(b[end:], '@') >= 0:
		return HostUserinfo
	case end < len(b) && b[end] != ':':
		return HostByte
	case end == 0:
		return HostEmpty
	case end < len(b) && !isPort(b[end+1:]):
		return HostPort
	}
	return HostOK
}

// checkLiteral checks "[" IPv6address "]" [ ":" port ]. Zones and the
// addresses of a future version of IP are refused.
func checkLiteral(b []byte) HostFault {
	end := bytes.IndexByte(b, ']')
	if end < 0 || !isIPv6(b[1:end]) {
		return HostIP
	}
	if port := b[end+1:]; len(port) > 0 && (port[0] != ':' || !isPort(port[1:])) {
		return HostPort
	}
	return HostOK
}

// isIPv6 reports whether b is an IPv6address of RFC 3986 section 3.2.2: eight
// groups of up to four hexadecimal digits, of which one run may be left out
// as "::", and the last two may be written as an IPv4 address.
// (netip.ParseAddr takes a string and would allocate.)
func isIPv6(b []byte) bool {
	groups, gap := 0, false
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap = true
		b = b[2:]
	}
	for len(b) > 0 {
		n := 0
		for n < len(b) && HexDigit(b[n]) >= 0 {
			n++
		}
		if n < len(b) && b[n] == '.' {
			return isIPv4(b) && (groups == 6 && !gap || groups < 6 && gap)
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		if n == len(b) {
			break
		}
		if b[n] != ':' || n+1 == len(b) {
			return false
		}
		b = b[n+1:]
		if b[0] == ':' {
			if gap {
				return false
			}
			gap = true
			b = b[1:]
		}
	}
	return groups == 8 && !gap || groups < 8 && gap
}

// isIPv4 reports whether b is four numbers up to 255 without leading zeros.
func isIPv4(b []byte) bool {
	for octet := 1; ; octet++ {
		n, value := 0, 0
		for n < len(b) && n < 3 && IsDigit(b[n]) {
			value = value*10 + int(b[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && b[0] == '0' {
			return false
		}
		if octet == 4 || n == len(b) {
			return octet == 4 && n == len(b)
		}
		if b[n] != '.' {
			return false
		}
		b = b[n+1:]
	}
}
