package main

import "fmt"

// codeCancel says that a stream is not needed any more.
const codeCancel = 0x8

// codeNames are the names of error codes (RFC 9113 section 7), by code.
var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
	"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
	"CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// codeName is the name of an error code.
func codeName(code uint32) string {
	if code < uint32(len(codeNames)) {
		return codeNames[code]
	}
	return fmt.Sprintf("code 0x%x", code)
}

// unknownCode is the least code that has no name.
const unknownCode = uint32(len(codeNames))

// resets are how many streams were reset, by code; the last are of codes
// without a name.
type resets [unknownCode + 1]int64

// sum is how many there are of all codes.
func (r resets) sum() int64 {
	var all int64
	for _, n := range r {
		all += n
	}
	return all
}

// most is the code that most have.
func (r resets) most() uint32 {
	most := uint32(0)
	for code, n := range r {
		if n > r[most] {
			most = uint32(code)
		}
	}
	return most
}
