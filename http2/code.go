package http2

import "strconv"

// errorCode is a reason to end a stream or a connection (RFC 9113 section 7).
type errorCode uint32

// The codes, with the names that the RFC gives them.
const (
	codeNone            errorCode = 0x0 // NO_ERROR
	codeProtocol        errorCode = 0x1 // PROTOCOL_ERROR
	codeInternal        errorCode = 0x2 // INTERNAL_ERROR
	codeFlowControl     errorCode = 0x3 // FLOW_CONTROL_ERROR
	codeSettingsTimeout errorCode = 0x4 // SETTINGS_TIMEOUT
	codeStreamClosed    errorCode = 0x5 // STREAM_CLOSED
	codeFrameSize       errorCode = 0x6 // FRAME_SIZE_ERROR
	codeRefused         errorCode = 0x7 // REFUSED_STREAM
	codeCancel          errorCode = 0x8 // CANCEL
	codeCompression     errorCode = 0x9 // COMPRESSION_ERROR
	codeConnect         errorCode = 0xa // CONNECT_ERROR
	codeCalm            errorCode = 0xb // ENHANCE_YOUR_CALM
	codeSecurity        errorCode = 0xc // INADEQUATE_SECURITY
	codeHTTP11          errorCode = 0xd // HTTP_1_1_REQUIRED
)

// String returns the RFC's name of the code.
func (c errorCode) String() string {
	names := [...]string{"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
		"SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
		"COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"}
	if c < errorCode(len(names)) {
		return names[c]
	}
	return "code 0x" + strconv.FormatUint(uint64(c), 16)
}
