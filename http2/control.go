package http2

// appendPing appends a PING frame (RFC 9113 section 6.7).
func appendPing(b []byte, ack bool, data [8]byte) []byte {
	h := frameHeader{length: len(data), kind: framePing}
	if ack {
		h.flags = flagAck
	}
	return append(appendFrameHeader(b, h), data[:]...)
}

// appendGoAway appends a GOAWAY frame (RFC 9113 section 6.8). debug is for a
// person who looks at the client's side.
func appendGoAway(b []byte, last uint32, code errorCode, debug string) []byte {
	b = appendFrameHeader(b, frameHeader{length: 8 + len(debug), kind: frameGoAway})
	b = appendUint32(appendUint32(b, last), uint32(code))
	return append(b, debug...)
}

// appendReset appends a RST_STREAM frame (RFC 9113 section 6.4).
func appendReset(b []byte, stream uint32, code errorCode) []byte {
	b = appendFrameHeader(b, frameHeader{length: 4, kind: frameReset, stream: stream})
	return appendUint32(b, uint32(code))
}

// appendWindowUpdate appends a WINDOW_UPDATE frame (RFC 9113 section 6.9).
func appendWindowUpdate(b []byte, stream, n uint32) []byte {
	b = appendFrameHeader(b, frameHeader{length: 4, kind: frameWindowUpdate, stream: stream})
	return appendUint32(b, n)
}

func appendUint32(b []byte, n uint32) []byte {
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}
