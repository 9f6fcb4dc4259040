package http2

// Limits bound what one field section may hold. A bound of zero refuses
// everything: whoever builds a server states both.
type Limits struct {
	// Head is how many bytes a field section may have, counted as
	// SETTINGS_MAX_HEADER_LIST_SIZE is: "the length of the name and value in
	// units of octets plus an overhead of 32 octets for each field line" (RFC
	// 9113 section 6.5.2). More is 431.
	Head int
	// Fields is how many field lines it may have, pseudo-fields left out as
	// HTTP/1.1 has them in its request line. More is 431. A cookie counts
	// once: browsers send each of its crumbs on a line of its own (RFC 9113
	// section 8.2.3), and a head that HTTP/1.1 may bring must not be refused
	// for that. Crumbs are bounded by Head, at 32 bytes and more each.
	Fields int
}
