package message

// Name is a field name that somebody in the program decides on. A parser
// recognises a name once (NameOf); after that all comparisons are of small
// integers and nothing is turned into a canonical string.
type Name uint8

// The field names that Sluice decides on. Every other name is OtherName.
const (
	OtherName Name = iota
	Accept
	AcceptLanguage
	AltSvc
	Connection
	ContentLength
	ContentType
	Cookie
	Date
	Expect
	Forwarded
	Host
	KeepAlive
	MaxForwards
	Priority
	ProxyAuthenticate
	ProxyAuthorization
	ProxyConnection
	ProxyStatus
	RequestID
	RetryAfter
	SecWebSocketAccept
	SecWebSocketKey
	Server
	TE
	Trailer
	TransferEncoding
	Upgrade
	UserAgent
	XForwardedFor
	XForwardedHost
	XForwardedPort
	XForwardedProto
	XRealIP
	names // how many there are
)

// spelling holds each Name in lower case.
var spelling = [names]string{
	OtherName:          "",
	Accept:             "accept",
	AcceptLanguage:     "accept-language",
	AltSvc:             "alt-svc",
	Connection:         "connection",
	ContentLength:      "content-length",
	ContentType:        "content-type",
	Cookie:             "cookie",
	Date:               "date",
	Expect:             "expect",
	Forwarded:          "forwarded",
	Host:               "host",
	KeepAlive:          "keep-alive",
	MaxForwards:        "max-forwards",
	Priority:           "priority",
	ProxyAuthenticate:  "proxy-authenticate",
	ProxyAuthorization: "proxy-authorization",
	ProxyConnection:    "proxy-connection",
	ProxyStatus:        "proxy-status",
	RequestID:          "request-id",
	RetryAfter:         "retry-after",
	SecWebSocketAccept: "sec-websocket-accept",
	SecWebSocketKey:    "sec-websocket-key",
	Server:             "server",
	TE:                 "te",
	Trailer:            "trailer",
	TransferEncoding:   "transfer-encoding",
	Upgrade:            "upgrade",
	UserAgent:          "user-agent",
	XForwardedFor:      "x-forwarded-for",
	XForwardedHost:     "x-forwarded-host",
	XForwardedPort:     "x-forwarded-port",
	XForwardedProto:    "x-forwarded-proto",
	XRealIP:            "x-real-ip",
}

// String returns the name in lower case, "" for OtherName.
func (n Name) String() string { return spelling[n] }

// NameOf recognises a field name in whatever case it was sent. It compares
// the length first, then one candidate or two, so an unknown name costs a
// switch and no comparison of bytes.
func NameOf(b []byte) Name {
	for _, n := range candidates(b) {
		if n != OtherName && EqualFold(b, spelling[n]) {
			return n
		}
	}
	return OtherName
}

// candidates returns the names of b's length that begin with b's first letter.
func candidates(b []byte) [2]Name {
	if len(b) == 0 {
		return [2]Name{}
	}
	first := b[0] | 0x20
	switch len(b) {
	case 2:
		return [2]Name{TE}
	case 4:
		if first == 'h' {
			return [2]Name{Host}
		}
		return [2]Name{Date}
	case 6:
		switch first {
		case 'a':
			return [2]Name{Accept}
		case 'c':
			return [2]Name{Cookie}
		case 'e':
			return [2]Name{Expect}
		case 's':
			return [2]Name{Server}
		}
	case 7:
		switch first {
		case 'a':
			return [2]Name{AltSvc}
		case 't':
			return [2]Name{Trailer}
		case 'u':
			return [2]Name{Upgrade}
		}
	case 8:
		return [2]Name{Priority}
	case 9:
		if first == 'f' {
			return [2]Name{Forwarded}
		}
		return [2]Name{XRealIP}
	case 10:
		switch first {
		case 'c':
			return [2]Name{Connection}
		case 'k':
			return [2]Name{KeepAlive}
		case 'r':
			return [2]Name{RequestID}
		case 'u':
			return [2]Name{UserAgent}
		}
	case 11:
		return [2]Name{RetryAfter}
	case 12:
		switch first {
		case 'c':
			return [2]Name{ContentType}
		case 'm':
			return [2]Name{MaxForwards}
		case 'p':
			return [2]Name{ProxyStatus}
		}
	case 14:
		return [2]Name{ContentLength}
	case 15:
		if first == 'a' {
			return [2]Name{AcceptLanguage}
		}
		return [2]Name{XForwardedFor}
	case 16:
		switch first {
		case 'p':
			return [2]Name{ProxyConnection}
		case 'x':
			return [2]Name{XForwardedHost, XForwardedPort}
		}
	case 17:
		switch first {
		case 's':
			return [2]Name{SecWebSocketKey}
		case 't':
			return [2]Name{TransferEncoding}
		case 'x':
			return [2]Name{XForwardedProto}
		}
	case 18:
		return [2]Name{ProxyAuthenticate}
	case 19:
		return [2]Name{ProxyAuthorization}
	case 20:
		return [2]Name{SecWebSocketAccept}
	}
	return [2]Name{}
}

// HopByHop reports whether fields of this name belong to one connection and
// are never forwarded (RFC 9110 section 7.6.1). Trailer is among them because
// each hop announces its own trailers; TE likewise.
func (n Name) HopByHop() bool {
	switch n {
	case Connection, KeepAlive, ProxyConnection, TE, Trailer, TransferEncoding, Upgrade:
		return true
	}
	return false
}

// EqualFold reports whether b is the ASCII string lower in any case. lower
// must be in lower case. (bytes.EqualFold folds Unicode, which field names
// must not: U+212A KELVIN SIGN is not a k.)
func EqualFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range b {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
