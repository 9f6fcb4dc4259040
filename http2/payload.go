package http2

// The functions here read the payload p of a frame whose header has passed
// checkFrameHeader. What they return points into p.

// unpad takes the padding off (RFC 9113 section 6.1), which must leave the
// bytes that the frame's other fields have.
func unpad(h frameHeader, p []byte, fields int) ([]byte, *violation) {
	pad := 0
	if h.has(flagPadded) {
		if len(p) == 0 {
			return nil, violationShort
		}
		pad, p = int(p[0]), p[1:]
	}
	switch {
	case len(p) < fields:
		return nil, violationShort
	case pad > len(p)-fields:
		return nil, violationPadding
	}
	return p[:len(p)-pad], nil
}

// dataPayload returns what a DATA frame carries.
func dataPayload(h frameHeader, p []byte) ([]byte, *violation) { return unpad(h, p, 0) }

// headersPayload returns the fragment that a HEADERS frame carries. With a
// stream error the fragment is there too: HPACK's state must advance.
func headersPayload(h frameHeader, p []byte) (fragment []byte, v *violation) {
	if !h.has(flagPriority) {
		return unpad(h, p, 0)
	}
	if p, v = unpad(h, p, prioritySize); v != nil {
		return nil, v
	}
	if uint31(p) == h.stream {
		v = violationDependsOnSelf
	}
	return p[prioritySize:], v
}

// prioritySize is how many bytes tell of a priority, in HEADERS and in
// PRIORITY (RFC 9113 sections 6.2 and 6.3).
const prioritySize = 5

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
