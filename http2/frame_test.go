package http2

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/net/http2"
)

func TestFrameHeaderIsReadAsItIsWritten(t *testing.T) {
	for _, h := range []frameHeader{
		{},
		{length: 1, kind: frameData, flags: flagEndStream, stream: 1},
		{length: 16384, kind: frameHeaders, flags: flagEndHeaders | flagPadded, stream: 1<<31 - 1},
		{length: 1<<24 - 1, kind: framePriorityUpdate, flags: 0xff, stream: 0x01020304},
	} {
		b := appendFrameHeader(nil, h)
		if len(b) != frameHeaderSize {
			t.Errorf("%+v takes %d bytes", h, len(b))
		}
		if got := parseFrameHeader(b); got != h {
			t.Errorf("got %+v, want %+v", got, h)
		}
	}
	// RFC 9113 section 4.1: "Reserved: A reserved 1-bit field [...] MUST be
	// ignored when receiving."
	if h := parseFrameHeader([]byte{0, 0, 0, 0, 0, 0x80, 0, 0, 7}); h.stream != 7 {
		t.Errorf("stream %d, want 7", h.stream)
	}
}

func TestFrameHeaderIsJudged(t *testing.T) {
	const most = 16384
	for _, tt := range []struct {
		quote string
		h     frameHeader
		code  errorCode
		on    bool // a stream error
	}{
		{`4.2: "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame exceeds the size defined in SETTINGS_MAX_FRAME_SIZE"`,
			frameHeader{length: most + 1, kind: frameData, stream: 1}, codeFrameSize, false},
		{`6.1: "If a DATA frame is received whose Stream Identifier field is 0x00, the recipient MUST respond with a connection error [...] of type PROTOCOL_ERROR"`,
			frameHeader{kind: frameData}, codeProtocol, false},
		{`6.2: "If a HEADERS frame is received whose Stream Identifier field is 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{kind: frameHeaders}, codeProtocol, false},
		{`6.3: "If a PRIORITY frame is received with a stream identifier of 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{length: 5, kind: framePriority}, codeProtocol, false},
		{`6.3: "A PRIORITY frame with a length other than 5 octets MUST be treated as a stream error [...] of type FRAME_SIZE_ERROR"`,
			frameHeader{length: 4, kind: framePriority, stream: 1}, codeFrameSize, true},
		{`6.4: "If a RST_STREAM frame is received with a stream identifier of 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{length: 4, kind: frameReset}, codeProtocol, false},
		{`6.4: "A RST_STREAM frame with a length other than 4 octets MUST be treated as a connection error [...] of type FRAME_SIZE_ERROR"`,
			frameHeader{length: 5, kind: frameReset, stream: 1}, codeFrameSize, false},
		{`6.5: "Receipt of a SETTINGS frame with the ACK flag set and a length field value other than 0 MUST be treated as a connection error [...] of type FRAME_SIZE_ERROR"`,
			frameHeader{length: 6, kind: frameSettings, flags: flagAck}, codeFrameSize, false},
		{`6.5: "If an endpoint receives a SETTINGS frame whose Stream Identifier field is anything other than 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{length: 6, kind: frameSettings, stream: 1}, codeProtocol, false},
		{`6.5: "A SETTINGS frame with a length other than a multiple of 6 octets [...] FRAME_SIZE_ERROR"`,
			frameHeader{length: 7, kind: frameSettings}, codeFrameSize, false},
		{`8.4: "A client cannot push. Thus, servers MUST treat the receipt of a PUSH_PROMISE frame as a connection error [...] of type PROTOCOL_ERROR"`,
			frameHeader{length: 4, kind: framePushPromise, stream: 1}, codeProtocol, false},
		{`6.7: "If a PING frame is received with a Stream Identifier field value other than 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{length: 8, kind: framePing, stream: 1}, codeProtocol, false},
		{`6.7: "Receipt of a PING frame with a length field value other than 8 MUST be treated as a connection error [...] of type FRAME_SIZE_ERROR"`,
			frameHeader{length: 6, kind: framePing}, codeFrameSize, false},
		{`6.8: "An endpoint MUST treat a GOAWAY frame with a stream identifier other than 0x00 as a connection error [...] PROTOCOL_ERROR"`,
			frameHeader{length: 8, kind: frameGoAway, stream: 1}, codeProtocol, false},
		{`6.8: a GOAWAY frame has a last stream and an error code`,
			frameHeader{length: 7, kind: frameGoAway}, codeFrameSize, false},
		{`6.9: "A WINDOW_UPDATE frame with a length other than 4 octets MUST be treated as a connection error [...] of type FRAME_SIZE_ERROR"`,
			frameHeader{length: 3, kind: frameWindowUpdate}, codeFrameSize, false},
		{`6.10: "If a CONTINUATION frame is received with a Stream Identifier field of 0x00 [...] PROTOCOL_ERROR"`,
			frameHeader{kind: frameContinuation}, codeProtocol, false},
		{`RFC 9218 7.1: "If a server receives a PRIORITY_UPDATE frame whose [stream identifier is not 0x0 ...] PROTOCOL_ERROR"`,
			frameHeader{length: 4, kind: framePriorityUpdate, stream: 1}, codeProtocol, false},
		{`RFC 9218 7.1: the frame begins with a stream identifier`,
			frameHeader{length: 3, kind: framePriorityUpdate}, codeFrameSize, false},
	} {
		v := checkFrameHeader(tt.h, most)
		if v == nil || v.code != tt.code || v.stream != tt.on {
			t.Errorf("%s\n%+v: got %+v, want %s, of a stream %v", tt.quote, tt.h, v, tt.code, tt.on)
		}
	}
	for _, h := range []frameHeader{
		{length: most, kind: frameData, stream: 1}, {kind: frameHeaders, stream: 2},
		{length: 5, kind: framePriority, stream: 1}, {length: 4, kind: frameReset, stream: 1},
		{kind: frameSettings}, {length: 12, kind: frameSettings}, {kind: frameSettings, flags: flagAck},
		{length: 8, kind: framePing}, {length: 8, kind: frameGoAway}, {length: 99, kind: frameGoAway},
		{length: 4, kind: frameWindowUpdate}, {length: 4, kind: frameWindowUpdate, stream: 9},
		{kind: frameContinuation, stream: 1}, {length: 4, kind: framePriorityUpdate},
		{kind: 0xbb, stream: 3, flags: 0xff}, {kind: 0xbb},
	} {
		if v := checkFrameHeader(h, most); v != nil {
			t.Errorf("%+v: %v", h, v)
		}
	}
}

func TestPaddingIsTakenOff(t *testing.T) {
	padded := frameHeader{kind: frameData, flags: flagPadded, stream: 1}
	for _, tt := range []struct {
		h    frameHeader
		p    string
		want string
		code errorCode
	}{
		{frameHeader{kind: frameData, stream: 1}, "abc", "abc", codeNone},
		{padded, "\x02abc\x00\x00", "abc", codeNone},
		{padded, "\x00", "", codeNone},
		{padded, "\x03\x00\x00\x00", "", codeNone},
		// RFC 9113 section 6.1: "If the length of the padding is the length of
		// the frame payload or greater, the recipient MUST treat this as a
		// connection error [...] of type PROTOCOL_ERROR."
		{padded, "\x01", "", codeProtocol},
		{padded, "\xffabc", "", codeProtocol},
		{padded, "", "", codeFrameSize},
	} {
		got, v := dataPayload(tt.h, []byte(tt.p))
		if code := codeOf(v); code != tt.code || string(got) != tt.want {
			t.Errorf("%q: got %q, %s, want %q, %s", tt.p, got, code, tt.want, tt.code)
		}
	}
}

func codeOf(v *violation) errorCode {
	if v == nil {
		return codeNone
	}
	return v.code
}

func TestHeadersPayload(t *testing.T) {
	const both = flagPadded | flagPriority
	for _, tt := range []struct {
		flags   uint8
		p, want string
		code    errorCode
		on      bool
	}{
		{0, "block", "block", codeNone, false},
		{flagPriority, "\x00\x00\x00\x01\x10block", "block", codeNone, false},
		{flagPriority, "\x80\x00\x00\x01\x10", "", codeNone, false},
		{both, "\x02\x00\x00\x00\x01\x10block..", "block", codeNone, false},
		// RFC 9113 section 5.3.1, of RFC 7540: "A stream cannot depend on
		// itself. An endpoint MUST treat this as a stream error [...] of type
		// PROTOCOL_ERROR." The block must be decoded all the same.
		{flagPriority, "\x00\x00\x00\x03\x10block", "block", codeProtocol, true},
		{flagPriority, "\x00\x00\x00", "", codeFrameSize, false},
		{both, "\x05\x00\x00\x00\x01\x10abcd", "", codeProtocol, false},
		{both, "\x01\x00\x00\x00\x01\x10", "", codeProtocol, false},
	} {
		got, v := headersPayload(frameHeader{kind: frameHeaders, flags: tt.flags, stream: 3}, []byte(tt.p))
		if codeOf(v) != tt.code || string(got) != tt.want || v != nil && v.stream != tt.on {
			t.Errorf("flags %#x, %q: got %q, %+v; want %q, %s", tt.flags, tt.p, got, v, tt.want, tt.code)
		}
	}
}

func TestSmallPayloads(t *testing.T) {
	if n, v := windowIncrement(frameHeader{stream: 1}, []byte{0x80, 0, 1, 0}); n != 256 || v != nil {
		t.Errorf("got %d, %v, want 256: the reserved bit is ignored", n, v)
	}
	// RFC 9113 section 6.9: "A receiver MUST treat the receipt of a
	// WINDOW_UPDATE frame with a flow-control window increment of 0 as a stream
	// error (Section 5.4.2) of type PROTOCOL_ERROR; errors on the connection
	// flow-control window MUST be treated as a connection error".
	if _, v := windowIncrement(frameHeader{stream: 1}, make([]byte, 4)); v == nil || !v.stream || v.code != codeProtocol {
		t.Errorf("increment 0 of a stream: %+v", v)
	}
	if _, v := windowIncrement(frameHeader{}, make([]byte, 4)); v == nil || v.stream || v.code != codeProtocol {
		t.Errorf("increment 0 of the connection: %+v", v)
	}
	if v := priorityPayload(frameHeader{stream: 5}, []byte{0x80, 0, 0, 5, 1}); v == nil || !v.stream || v.code != codeProtocol {
		t.Errorf("a stream that depends on itself: %+v", v)
	}
	if v := priorityPayload(frameHeader{stream: 5}, []byte{0, 0, 0, 0, 1}); v != nil {
		t.Error(v)
	}
	if code := resetCode([]byte{0, 0, 0, 8}); code != codeCancel {
		t.Errorf("got %s, want CANCEL", code)
	}
	if stream, value, v := priorityUpdatePayload([]byte("\x00\x00\x00\x07u=1")); stream != 7 || string(value) != "u=1" || v != nil {
		t.Errorf("got %d %q %v", stream, value, v)
	}
	if _, _, v := priorityUpdatePayload(make([]byte, 4)); v == nil || v.stream || v.code != codeProtocol {
		t.Errorf("a priority update for stream 0: %+v", v)
	}
}

// What we write is what a peer reads.
func TestControlFramesAreReadByOthers(t *testing.T) {
	var b []byte
	b = appendSettings(b, setting{settingMaxStreams, 100}, setting{settingConnectProtocol, 1})
	b = appendSettingsAck(b)
	b = appendPing(b, true, [8]byte{1, 2, 3, 4, 5, 6, 7, 8})
	b = appendGoAway(b, 7, codeCalm, "why")
	b = appendReset(b, 9, codeRefused)
	b = appendWindowUpdate(b, 3, 1<<31-1)
	f := http2.NewFramer(nil, bytes.NewReader(b))
	var got []http2.Frame
	for i := 0; ; i++ {
		frame, err := f.ReadFrame()
		if err != nil {
			break
		}
		got = append(got, frame)
		switch i {
		case 0:
			s := frame.(*http2.SettingsFrame)
			if v, _ := s.Value(http2.SettingMaxConcurrentStreams); v != 100 || s.NumSettings() != 2 {
				t.Errorf("settings: %v", s)
			}
		case 2:
			if p := frame.(*http2.PingFrame); !p.IsAck() || p.Data != [8]byte{1, 2, 3, 4, 5, 6, 7, 8} {
				t.Errorf("ping: %v", p)
			}
		case 3:
			if g := frame.(*http2.GoAwayFrame); g.LastStreamID != 7 || g.ErrCode != http2.ErrCodeEnhanceYourCalm || string(g.DebugData()) != "why" {
				t.Errorf("goaway: %v", g)
			}
		case 4:
			if r := frame.(*http2.RSTStreamFrame); r.StreamID != 9 || r.ErrCode != http2.ErrCodeRefusedStream {
				t.Errorf("reset: %v", r)
			}
		case 5:
			if w := frame.(*http2.WindowUpdateFrame); w.StreamID != 3 || w.Increment != 1<<31-1 {
				t.Errorf("window update: %v", w)
			}
		}
	}
	if len(got) != 6 {
		t.Errorf("%d frames read, want 6", len(got))
	}
}

// RFC 9113 section 6.5.2 says which values are errors, and of which type.
func TestSettingsAreJudged(t *testing.T) {
	for _, tt := range []struct {
		id    uint16
		value uint32
		code  errorCode
	}{
		{settingPush, 0, codeNone}, {settingPush, 1, codeNone}, {settingPush, 2, codeProtocol},
		{settingWindow, 0, codeNone}, {settingWindow, 1<<31 - 1, codeNone}, {settingWindow, 1 << 31, codeFlowControl},
		{settingMaxFrame, 1<<14 - 1, codeProtocol}, {settingMaxFrame, 1 << 14, codeNone},
		{settingMaxFrame, 1<<24 - 1, codeNone}, {settingMaxFrame, 1 << 24, codeProtocol},
		{settingConnectProtocol, 1, codeNone}, {settingConnectProtocol, 2, codeProtocol},
		{settingNoPriorities, 2, codeProtocol},
		{settingTableSize, 1<<32 - 1, codeNone}, {settingMaxStreams, 0, codeNone}, {settingMaxList, 0, codeNone},
		{0x4242, 7, codeNone},
	} {
		s := initialSettings
		payload := appendSettings(nil, setting{tt.id, tt.value})[frameHeaderSize:]
		if code := codeOf(s.apply(payload)); code != tt.code {
			t.Errorf("setting %#x = %d: got %s, want %s", tt.id, tt.value, code, tt.code)
		}
	}
	s := initialSettings
	s.apply(appendSettings(nil, setting{settingWindow, 5}, setting{settingTableSize, 0}, setting{settingWindow, 9})[frameHeaderSize:])
	if s.window != 9 || !s.tableSizeSeen {
		t.Errorf("got %+v: the last of two values counts", s)
	}
}

// FuzzFrame reads one frame as the connection does. Whatever x/net's framer
// takes, we take, and read alike; nothing lets us look outside the frame.
func FuzzFrame(f *testing.F) {
	for _, b := range [][]byte{
		appendSettings(nil, setting{settingMaxStreams, 1}), appendPing(nil, false, [8]byte{}),
		appendGoAway(nil, 1, codeNone, "x"), appendReset(nil, 1, codeCancel), appendWindowUpdate(nil, 0, 1),
		append(appendFrameHeader(nil, frameHeader{length: 4, kind: frameData, flags: flagPadded, stream: 1}), 1, 'a', 'b', 0),
		append(appendFrameHeader(nil, frameHeader{length: 6, kind: frameHeaders, flags: flagPriority | flagEndHeaders, stream: 3}), 0, 0, 0, 1, 2, 0x88),
		append(appendFrameHeader(nil, frameHeader{length: 7, kind: framePriorityUpdate}), 0, 0, 0, 1, 'u', '=', '1'),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < frameHeaderSize {
			return
		}
		h := parseFrameHeader(b)
		if len(b) < frameHeaderSize+h.length {
			return
		}
		b = b[:frameHeaderSize+h.length]
		framer := http2.NewFramer(nil, bytes.NewReader(b))
		framer.SetMaxReadFrameSize(maxFrame)
		theirs, err := framer.ReadFrame()
		ours := checkFrameHeader(h, maxFrame)
		if ours == nil {
			ours = compareFrame(t, h, b[frameHeaderSize:], theirs, err == nil)
		}
		// x/net's framer takes PUSH_PROMISE, because it serves clients too, and
		// leaves it to its server to look at dependencies on oneself and at
		// most values of settings.
		if err == nil && ours != nil && h.kind != framePushPromise && ours != violationDependsOnSelf &&
			h.kind != framePriorityUpdate && h.kind != frameSettings {
			t.Errorf("%x: x/net takes it, we say %v", b, ours)
		}
		var stream http2.StreamError
		if err != nil && ours == nil && !errors.As(err, &stream) && h.kind != frameContinuation && h.kind != framePriorityUpdate {
			t.Errorf("%x: x/net says %v, we take it", b, err)
		}
	})
}

// compareFrame reads the payload and compares what it says.
func compareFrame(t *testing.T, h frameHeader, p []byte, theirs http2.Frame, comparable bool) (v *violation) {
	switch h.kind {
	case frameData:
		var data []byte
		if data, v = dataPayload(h, p); v == nil && comparable && !bytes.Equal(data, theirs.(*http2.DataFrame).Data()) {
			t.Errorf("data %q, x/net %q", data, theirs.(*http2.DataFrame).Data())
		}
	case frameHeaders:
		var fragment []byte
		if fragment, v = headersPayload(h, p); v == nil && comparable &&
			!bytes.Equal(fragment, theirs.(*http2.HeadersFrame).HeaderBlockFragment()) {
			t.Errorf("fragment %q, x/net %q", fragment, theirs.(*http2.HeadersFrame).HeaderBlockFragment())
		}
	case framePriority:
		v = priorityPayload(h, p)
	case frameReset:
		if code := resetCode(p); comparable && uint32(code) != uint32(theirs.(*http2.RSTStreamFrame).ErrCode) {
			t.Errorf("code %s, x/net %s", code, theirs.(*http2.RSTStreamFrame).ErrCode)
		}
	case frameWindowUpdate:
		var n uint32
		if n, v = windowIncrement(h, p); comparable && n != theirs.(*http2.WindowUpdateFrame).Increment {
			t.Errorf("increment %d, x/net %d", n, theirs.(*http2.WindowUpdateFrame).Increment)
		}
	case frameSettings:
		s := initialSettings
		v = s.apply(p)
	case framePriorityUpdate:
		_, _, v = priorityUpdatePayload(p)
	}
	return v
}
