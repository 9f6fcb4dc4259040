package policy

// storable reports whether responses of a status are ever stored. Those that
// are not are no answer by themselves (206 and 304 belong to another one), or
// answer what the key of a stored response does not have: a field of the
// request, its size, its connection, who has sent it, or when. A stranger
// could have caused them, and everybody would get them.
func storable(status int) bool {
	if status < 200 || status > 599 {
		return false
	}
	switch status {
	case 206, 304, // parts of another response
		401, 407, 511, // about who asks ("MUST NOT be stored by a cache", RFC 6585 section 6)
		412, 416, 417, 421, 425, 426, // about fields, the connection, early data
		408, 413, 428, 429, 431: // about size and pace ("MUST NOT be stored", RFC 6585 sections 3 to 5)
		return false
	}
	return true
}

// heuristicallyCacheable reports whether the status alone lets a response
// without explicit freshness be stored and reused (RFC 9110 section 15.1).
func heuristicallyCacheable(status int) bool {
	switch status {
	case 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501:
		return true
	}
	return false
}

// understood reports whether Sluice acts as the specification of a storable
// status requires, which is what must-understand asks (RFC 9111 section
// 5.2.2.3). They are those of RFC 9110 section 15.
func understood(status int) bool {
	switch {
	case 200 <= status && status <= 205, 300 <= status && status <= 303, status == 307, status == 308,
		400 <= status && status <= 411, status == 414, status == 415, status == 422,
		500 <= status && status <= 505:
		return storable(status)
	}
	return false
}

// worthSeeingAgain reports whether a person whose server is down is helped by
// an earlier response of this status: pages, and redirects that say that they
// are permanent. A 404 of yesterday helps nobody.
func worthSeeingAgain(status int) bool {
	switch status {
	case 200, 203, 301, 308:
		return true
	}
	return false
}
