package http2

import "strconv"

// frameType is the type of a frame (RFC 9113 section 6).
type frameType uint8

// The frame types. Those we do not know are ignored.
const (
	frameData           frameType = 0x0
	frameHeaders        frameType = 0x1
	framePriority       frameType = 0x2
	frameReset          frameType = 0x3 // RST_STREAM
	frameSettings       frameType = 0x4
	framePushPromise    frameType = 0x5
	framePing           frameType = 0x6
	frameGoAway         frameType = 0x7
	frameWindowUpdate   frameType = 0x8
	frameContinuation   frameType = 0x9
	framePriorityUpdate frameType = 0x10 // RFC 9218 section 7.1
)

// String returns the RFC's name of the type.
func (t frameType) String() string {
	names := [...]string{"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS",
		"PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"}
	switch {
	case int(t) < len(names):
		return names[t]
	case t == framePriorityUpdate:
		return "PRIORITY_UPDATE"
	}
	return "type 0x" + strconv.FormatUint(uint64(t), 16)
}

// The flags. What a bit means depends on the type.
const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// frameHeaderSize is how many bytes begin each frame (RFC 9113 section 4.1).
const frameHeaderSize = 9

// frameHeader begins a frame.
type frameHeader struct {
	length int // of the payload
	kind   frameType
	flags  uint8
	stream uint32 // 0: the connection itself
}

// has reports whether a flag is set.
func (h frameHeader) has(flag uint8) bool { return h.flags&flag != 0 }

// parseFrameHeader reads the header at the front of b, which has
// frameHeaderSize bytes at least. The reserved bit is ignored.
func parseFrameHeader(b []byte) frameHeader {
	_ = b[frameHeaderSize-1]
	return frameHeader{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   frameType(b[3]),
		flags:  b[4],
		stream: uint31(b[5:]),
	}
}

// appendFrameHeader appends h.
func appendFrameHeader(b []byte, h frameHeader) []byte {
	return append(b, byte(h.length>>16), byte(h.length>>8), byte(h.length), byte(h.kind), h.flags,
		byte(h.stream>>24), byte(h.stream>>16), byte(h.stream>>8), byte(h.stream))
}

// checkFrameHeader judges what can be judged before the payload is there.
func checkFrameHeader(h frameHeader, most int) *violation {
	switch {
	case h.length > most:
		return violationFrameSize
	case h.kind == framePushPromise:
		return violationPush
	}
	if v := checkStream(h); v != nil {
		return v
	}
	return checkSize(h)
}

// checkStream judges whether the frame may name a stream, or must.
func checkStream(h frameHeader) *violation {
	switch h.kind {
	case frameData, frameHeaders, framePriority, frameReset, frameContinuation:
		if h.stream == 0 {
			return violationNeedsStream
		}
	case frameSettings, framePing, frameGoAway, framePriorityUpdate:
		if h.stream != 0 {
			return violationNeedsNone
		}
	}
	return nil
}

// checkSize judges the size of frames that have a fixed or a least one.
func checkSize(h frameHeader) *violation {
	wrong := false
	switch h.kind {
	case framePriority:
		if h.length != 5 {
			return violationPrioritySize
		}
	case frameReset, frameWindowUpdate:
		wrong = h.length != 4
	case framePing:
		wrong = h.length != 8
	case frameGoAway:
		wrong = h.length < 8
	case framePriorityUpdate:
		wrong = h.length < 4
	case frameSettings:
		if h.has(flagAck) && h.length != 0 {
			return violationAckSize
		}
		if h.length%6 != 0 {
			return violationSettingsSize
		}
	}
	if wrong {
		return violationFixedSize
	}
	return nil
}

// uint32At reads four bytes in network order.
func uint32At(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// uint31 reads four bytes without their highest bit, which is reserved.
func uint31(b []byte) uint32 { return uint32At(b) &^ (1 << 31) }
