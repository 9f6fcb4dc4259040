package degraded

// prefersGzip reports whether a client with this Accept-Encoding field gets the
// compressed form, which is shorter for us to send and sooner there.
//
// A client that sends no such field takes any coding by RFC 9110 section
// 12.5.3, but the programs that send none are those that decode none.
func prefersGzip(accept []byte) bool {
	var gzip, identity preference
	for list := accept; len(list) > 0; {
		var e element
		e, list = nextElement(list)
		switch {
		case !e.valid:
		case equalFold(e.value, "gzip"), equalFold(e.value, "x-gzip"):
			// "A recipient SHOULD consider "x-gzip" to be equivalent to "gzip"."
			// (section 8.4.1.3)
			gzip.see(matchExact, e.q)
		case equalFold(e.value, "*"):
			// It "matches any available content coding not explicitly listed in
			// the field" (section 12.5.3).
			gzip.see(matchAny, e.q)
		case equalFold(e.value, "identity"):
			identity.see(matchExact, e.q)
		}
	}
	return gzip.q > 0 && gzip.q >= identity.q
}
