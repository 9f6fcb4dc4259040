package http2

import (
	"sluice/grammar"
	"sluice/message"
)

// maxMethod is the longest method that is let through, in bytes. The longest
// that IANA lists has 17.
const maxMethod = 32

// pseudo is one of the pseudo-fields that a request may have (RFC 9113
// section 8.3.1, RFC 8441 section 4).
type pseudo uint8

const (
	pseudoMethod pseudo = iota
	pseudoScheme
	pseudoAuthority
	pseudoPath
	pseudoProtocol
	pseudos // how many there are
)

// pseudoOf recognises a pseudo-field by its name. :status is none of a
// request.
func pseudoOf(name string) (p pseudo, known bool) {
	switch name {
	case ":method":
		return pseudoMethod, true
	case ":scheme":
		return pseudoScheme, true
	case ":authority":
		return pseudoAuthority, true
	case ":path":
		return pseudoPath, true
	case ":protocol":
		return pseudoProtocol, true
	}
	return 0, false
}

// addPseudo takes the line of a pseudo-field. "All pseudo-header fields MUST
// appear in a field block before all regular field lines" and "The same
// pseudo-header field name MUST NOT appear more than once in a field block"
// (RFC 9113 section 8.3).
func (h *head) addPseudo(name, value string) (bad headFault) {
	p, known := pseudoOf(name)
	switch {
	case !known:
		return headFaultPseudoUnknown
	case len(h.fields) > 0:
		return headFaultPseudoLate
	case h.pseudo[p] != nil:
		return headFaultPseudoTwice
	}
	h.pseudo[p], bad = h.keepValue(value)
	return bad
}

// decideControl settles what the pseudo-fields say but :authority, which is
// held against Host later.
func (h *head) decideControl() headFault {
	protocol := h.pseudo[pseudoProtocol]
	connect := string(h.method) == "CONNECT"
	switch {
	case h.method == nil:
		return headFaultMethodMissing
	case !grammar.IsToken(h.method):
		return headFaultMethodByte
	case connect && protocol == nil:
		return h.plainConnect()
	case protocol == nil:
		return h.decideTarget()
	case !connect:
		return headFaultProtocolMethod
	case len(protocol) == 0:
		return headFaultProtocolEmpty
	}
	// What the tunnel is asked for with is a GET in HTTP/1.1: "This request
	// replaces the GET-based request in [RFC6455] and is used to process the
	// WebSockets opening handshake" (RFC 8441 section 5).
	h.method, h.upgrade, h.connect = methodGet, protocol, true
	return h.decideTarget()
}

var methodGet = []byte("GET")

// plainConnect looks at the form of a CONNECT without :protocol, which is
// refused even if it is well formed: "The ":scheme" and ":path" pseudo-header
// fields MUST be omitted. [...] A CONNECT request that does not conform to
// these restrictions is malformed" (RFC 9113 section 8.5).
func (h *head) plainConnect() headFault {
	if h.pseudo[pseudoScheme] != nil || h.pseudo[pseudoPath] != nil {
		return headFaultConnectForm
	}
	return headFaultNone
}

// decideTarget checks :scheme and :path. "All HTTP/2 requests MUST include
// exactly one valid value for the ":method", ":scheme", and ":path"
// pseudo-header fields, unless they are CONNECT requests" (RFC 9113 section
// 8.3.1); an extended CONNECT must have them too (RFC 8441 section 4).
func (h *head) decideTarget() headFault {
	scheme := h.pseudo[pseudoScheme]
	h.target = h.pseudo[pseudoPath]
	switch {
	case scheme == nil:
		return headFaultSchemeMissing
	case !isScheme(scheme):
		return headFaultSchemeForm
	case h.target == nil:
		return headFaultPathMissing
	case len(h.target) == 0:
		return headFaultPathEmpty
	case len(h.target) == 1 && h.target[0] == '*':
		if string(h.method) != "OPTIONS" {
			return headFaultPathAsterisk
		}
		return headFaultNone
	case h.target[0] != '/':
		return headFaultPathForm
	}
	switch end := grammar.TargetEnd(h.target, 0); {
	case end == len(h.target):
		return headFaultNone
	case h.target[end] == '#':
		return headFaultPathFragment
	}
	return headFaultPathByte
}

// isScheme reports whether b is ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )
// (RFC 3986 section 3.1).
func isScheme(b []byte) bool {
	for i, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		rest := grammar.IsDigit(c) || c == '+' || c == '-' || c == '.'
		if !letter && (i == 0 || !rest) {
			return false
		}
	}
	return len(b) > 0
}

// decideAuthority takes the authority from :authority, or from Host if there
// is no :authority. "A server SHOULD treat a request as malformed if it
// contains a Host header field that identifies an entity that differs from
// the entity in the ":authority" pseudo-header field" (RFC 9113 section
// 8.3.1). They are compared as http1 compares the host of an absolute target
// with Host, without regard to case and as text otherwise, a default port
// included ("An origin server can apply any normalization method", the same
// section, and a gateway acts as one): nobody has a reason to send the two
// differently, and who does may want them to be read differently.
//
// A request without authority cannot be routed by anybody: the schemes http
// and https want one (RFC 9110 section 4.2). To a CONNECT Host is no help:
// "The Host information is conveyed as part of the :authority pseudo-header
// field, which is required on every HTTP/2 transaction" (RFC 8441 section 5).
func (h *head) decideAuthority() headFault {
	h.authority = h.pseudo[pseudoAuthority]
	switch {
	case h.authority == nil && string(h.pseudo[pseudoMethod]) != "CONNECT":
		h.authority = h.host
	case h.authority != nil && h.host != nil && !grammar.EqualNames(h.authority, h.host):
		return headFaultHostDiffers
	}
	if h.authority == nil {
		return headFaultAuthorityMissing
	}
	return hostFaults[grammar.CheckAuthority(h.authority)]
}

// refusal names what a well-formed request asks for that is not served.
//
// Schemes are compared in any case: "An implementation should accept
// uppercase letters as equivalent to lowercase in scheme names (e.g., allow
// "HTTP" as well as "http") for the sake of robustness" (RFC 3986 section
// 3.1), as RFC 9110 section 4.2.3 has it too; so does http1, and the scheme
// goes no further than here. Others are well formed: "":scheme" is not
// restricted to "http" and "https" schemed URIs" (RFC 9113 section 8.3.1).
//
// So is :protocol: "recipients SHOULD use case-insensitive comparison when
// matching each protocol-name to supported protocols" (RFC 9110 section 7.8).
// Another protocol than websocket is answered as the method CONNECT is by
// itself. RFC 8441 names no status for it; RFC 9220 section 3 has 501, for
// HTTP/3, but the one cause of ours with that status is a transfer coding,
// and the log must not tell of one.
func (h *head) refusal() headFault {
	method, scheme, protocol := h.pseudo[pseudoMethod], h.pseudo[pseudoScheme], h.pseudo[pseudoProtocol]
	switch {
	case len(method) > maxMethod:
		return headFaultMethodSize
	case string(method) == "TRACE", string(method) == "CONNECT" && protocol == nil:
		return headFaultMethodRefused
	case protocol != nil && !message.EqualFold(protocol, "websocket"):
		return headFaultProtocolRefused
	case !message.EqualFold(scheme, "https") && !message.EqualFold(scheme, "http"):
		return headFaultSchemeRefused
	case h.otherExpect:
		return headFaultExpect
	}
	return headFaultNone
}
