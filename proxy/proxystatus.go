package proxy

// proxyStatus returns the value of the Proxy-Status field (RFC 9209) for the
// failure: the error's type for everybody, its details for those who run this.
func (x *Exchange) proxyStatus() []byte {
	from := len(x.scratch)
	s := append(x.scratch, "sluice; error="...)
	s = append(s, x.failure.Cause.ProxyError()...)
	if x.gen.Debug || x.trusted {
		s = append(s, `; details="`...)
		if x.failsOpen {
			s = append(s, "the pool fails open; "...)
		}
		s = appendDetail(s, x.failure.Error())
		s = append(s, '"')
	}
	x.scratch = s
	return x.scratched(from)
}

// appendDetail appends text as the inside of an sf-string (RFC 8941 section
// 3.3.3): visible ASCII and space, quote and backslash escaped.
func appendDetail(s []byte, text string) []byte {
	const most = 256
	for i := 0; i < len(text) && i < most; i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			s = append(s, '\\', c)
		case c < ' ' || c > '~':
			s = append(s, '?')
		default:
			s = append(s, c)
		}
	}
	return s
}
