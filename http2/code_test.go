package http2

import (
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

// "The following error codes are defined" (RFC 9113 section 7).
func TestErrorCodesHaveTheNamesOfTheRFC(t *testing.T) {
	for c := codeNone; c <= codeHTTP11; c++ {
		if got, want := c.String(), xhttp2.ErrCode(c).String(); got != want {
			t.Errorf("code %d: got %s, want %s", uint32(c), got, want)
		}
	}
	for c, want := range map[errorCode]string{0xe: "code 0xe", 1 << 31: "code 0x80000000", 1<<32 - 1: "code 0xffffffff"} {
		if got := c.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFrameTypesHaveTheNamesOfTheRFC(t *testing.T) {
	for k := frameData; k <= frameContinuation; k++ {
		if got, want := k.String(), xhttp2.FrameType(k).String(); got != want {
			t.Errorf("type %d: got %s, want %s", uint8(k), got, want)
		}
	}
	for k, want := range map[frameType]string{framePriorityUpdate: "PRIORITY_UPDATE", 0xa: "type 0xa", 0xff: "type 0xff"} {
		if got := k.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
