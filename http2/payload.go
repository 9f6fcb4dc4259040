package http2

// The functions here read the payload p of a frame whose header has passed
// checkFrameHeader. What they return points into p.

// unpad takes the padding off (RFC 9113 section 6.1).
func unpad(h frameHeader, p []byte) ([]byte, *violation) {
	if !h.has(flagPadded) {
		return p, nil
	}
	if len(p) == 0 {
		return nil, violationShort
	}
	pad := int(p[0])
	if p = p[1:]; pad > len(p) {
		return nil, violationPadding
	}
	return p[:len(p)-pad], nil
}

// dataPayload returns what a DATA frame carries.
func dataPayload(h frameHeader, p []byte) ([]byte, *violation) { return unpad(h, p) }

// headersPayload returns the fragment that a HEADERS frame carries. With a
// stream error the fragment is there too: HPACK's state must advance.
func headersPayload(h frameHeader, p []byte) (fragment []byte, v *violation) {
	if h.has(flagPadded) && h.has(flagPriority) && len(p) > 0 && int(p[0]) > len(p)-1-5 {
		return nil, violationPadding // it would reach into the priority fields
	}
	p, v = unpad(h, p)
	if v != nil || !h.has(flagPriority) {
		return p, v
	}
	if len(p) < 5 {
		return nil, violationShort
	}
	if uint31(p) == h.stream {
		v = violationDependsOnSelf
	}
	return p[5:], v
}

// priorityPayload judges a PRIORITY frame, of which nothing is used: RFC 9113
// section 5.3.2 deprecates it.
func priorityPayload(h frameHeader, p []byte) *violation {
	if uint31(p) == h.stream {
		return violationDependsOnSelf
	}
	return nil
}

// windowIncrement reads a WINDOW_UPDATE frame.
func windowIncrement(h frameHeader, p []byte) (n uint32, v *violation) {
	n = uint31(p)
	switch {
	case n > 0:
		return n, nil
	case h.stream == 0:
		return 0, violationZeroIncrement
	}
	return 0, violationZeroStream
}

// resetCode reads a RST_STREAM frame.
func resetCode(p []byte) errorCode { return errorCode(uint32At(p)) }

// priorityUpdatePayload reads a PRIORITY_UPDATE frame (RFC 9218 section 7.1).
func priorityUpdatePayload(p []byte) (stream uint32, value []byte, v *violation) {
	if stream = uint31(p); stream == 0 {
		return 0, nil, violationUpdateStream
	}
	return stream, p[4:], nil
}
