package http2

import "testing"

func TestHeadersPayloadAtItsEdges(t *testing.T) {
	const (
		both  = flagPadded | flagPriority
		onTwo = "\x00\x00\x00\x02\x10"
		onOne = "\x00\x00\x00\x01\x10"
	)
	for _, tt := range []struct {
		flags    uint8
		in, want string
		v        *violation
	}{
		{0, "", "", nil},
		{flagEndHeaders, "abc", "abc", nil},
		{flagPadded, "\x02abc", "a", nil},
		{flagPriority, onTwo + "abc", "abc", nil},
		{flagPriority, onTwo, "", nil},
		{flagPriority, "\x80\x00\x00\x02\x10abc", "abc", nil},
		{both, "\x02" + onTwo + "abc", "a", nil},
		{both, "\x03" + onTwo + "abc", "", nil},

		// "If the length of the padding is the length of the frame payload or
		// greater, the recipient MUST treat this as a connection error of type
		// PROTOCOL_ERROR" (RFC 9113 section 6.2). It must not reach into the
		// fields in front of the fragment either: "Padding that exceeds the
		// size remaining for the header block fragment MUST be treated as a
		// PROTOCOL_ERROR" (RFC 7540 section 6.2).
		{flagPadded, "\x04abc", "", violationPadding},
		{both, "\x04" + onTwo + "abc", "", violationPadding},
		{both, "\x01" + onTwo, "", violationPadding},
		{both, "\x01" + onOne, "", violationPadding},

		// "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame
		// [...] is too small to contain mandatory frame data" (section 4.2),
		// whatever the padding is said to be.
		{flagPadded, "", "", violationShort},
		{flagPriority, "", "", violationShort},
		{flagPriority, onTwo[:4], "", violationShort},
		{both, "", "", violationShort},
		{both, "\x00", "", violationShort},
		{both, "\x00" + onTwo[:4], "", violationShort},
		{both, "\xff" + onTwo[:4], "", violationShort},

		// "A stream cannot depend on itself. An endpoint MUST treat this as a
		// stream error of type PROTOCOL_ERROR" (RFC 7540 section 5.3.1). The
		// fragment is there all the same, for HPACK.
		{flagPriority, onOne + "abc", "abc", violationDependsOnSelf},
		{flagPriority, "\x80\x00\x00\x01\x10abc", "abc", violationDependsOnSelf},
		{both, "\x02" + onOne + "abc", "a", violationDependsOnSelf},
	} {
		got, v := headersPayload(frameHeader{length: len(tt.in), flags: tt.flags, stream: 1}, []byte(tt.in))
		if v != tt.v || string(got) != tt.want {
			t.Errorf("flags %#x, %q: got %q, %v, want %q, %v", tt.flags, tt.in, got, v, tt.want, tt.v)
		}
	}
}
