package http2

// The ways to break RFC 9113 that depend on what came before.
var (
	violationPreface      = &violation{code: codeProtocol, words: "the connection does not begin with the preface of HTTP/2"}
	violationNoSettings   = &violation{code: codeProtocol, words: "the first frame is not SETTINGS"}
	violationInterleaved  = &violation{code: codeProtocol, words: "a frame between the fragments of a field section"}
	violationContinuation = &violation{code: codeProtocol, words: "a CONTINUATION frame without a field section to continue"}
	violationEvenStream   = &violation{code: codeProtocol, words: "a client opened a stream with an even number"}
	violationIdle         = &violation{code: codeProtocol, words: "a frame on a stream that is idle"}
	violationCompression  = &violation{code: codeCompression, words: "a field section cannot be decompressed"}
	violationClosedStream = &violation{code: codeStreamClosed, words: "a field section on a stream that is closed"}
	violationWindow       = &violation{code: codeFlowControl, words: "the flow-control window of the connection would exceed 2^31-1"}
	violationOverrun      = &violation{code: codeFlowControl, words: "more data than the flow-control window of the connection allows"}

	violationClosedData   = &violation{code: codeStreamClosed, stream: true, words: "data on a stream that is closed"}
	violationHalfClosed   = &violation{code: codeStreamClosed, stream: true, words: "a frame on a stream that the client has ended"}
	violationTrailersOpen = &violation{code: codeProtocol, stream: true, words: "a second field section that does not end the stream"}
	violationTrailers     = &violation{code: codeProtocol, stream: true, words: "the trailer section is malformed"}
	violationLength       = &violation{code: codeProtocol, stream: true, words: "the body is not as long as Content-Length says"}
	violationStreamWindow = &violation{code: codeFlowControl, stream: true, words: "the flow-control window of the stream would exceed 2^31-1"}
	violationStreamOver   = &violation{code: codeFlowControl, stream: true, words: "more data than the flow-control window of the stream allows"}
)
