package http2

// violation is a breach of RFC 9113 by the client. It is immutable.
type violation struct {
	code   errorCode
	stream bool   // a stream error (section 5.4.2), else a connection error (section 5.4.1)
	words  string // what is wrong, for a person
}

func (v *violation) Error() string { return v.words }

// The breaches that one frame by itself shows.
var (
	violationFrameSize     = &violation{code: codeFrameSize, words: "a frame is larger than 16 KiB, which is the limit"}
	violationFixedSize     = &violation{code: codeFrameSize, words: "a frame of a fixed size has another one"}
	violationPrioritySize  = &violation{code: codeFrameSize, stream: true, words: "a PRIORITY frame is not of 5 bytes"}
	violationSettingsSize  = &violation{code: codeFrameSize, words: "a SETTINGS frame is not a list of 6 bytes each"}
	violationAckSize       = &violation{code: codeFrameSize, words: "an acknowledgment of SETTINGS is not empty"}
	violationNeedsStream   = &violation{code: codeProtocol, words: "a frame that belongs to a stream names none"}
	violationNeedsNone     = &violation{code: codeProtocol, words: "a frame of the connection names a stream"}
	violationPush          = &violation{code: codeProtocol, words: "a client sent PUSH_PROMISE"}
	violationPadding       = &violation{code: codeProtocol, words: "the padding is larger than the frame"}
	violationShort         = &violation{code: codeFrameSize, words: "a frame is too short for its flags"}
	violationDependsOnSelf = &violation{code: codeProtocol, stream: true, words: "a stream depends on itself"}
	violationZeroIncrement = &violation{code: codeProtocol, words: "a WINDOW_UPDATE of 0 for the connection"}
	violationZeroStream    = &violation{code: codeProtocol, stream: true, words: "a WINDOW_UPDATE of 0"}
	violationUpdateStream  = &violation{code: codeProtocol, words: "a PRIORITY_UPDATE for stream 0"}
	violationPushValue     = &violation{code: codeProtocol, words: "SETTINGS_ENABLE_PUSH is neither 0 nor 1"}
	violationWindowValue   = &violation{code: codeFlowControl, words: "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1"}
	violationFrameValue    = &violation{code: codeProtocol, words: "SETTINGS_MAX_FRAME_SIZE is not between 2^14 and 2^24-1"}
	violationConnectValue  = &violation{code: codeProtocol, words: "SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1"}
	violationNoRFC7540     = &violation{code: codeProtocol, words: "SETTINGS_NO_RFC7540_PRIORITIES is neither 0 nor 1"}
)
