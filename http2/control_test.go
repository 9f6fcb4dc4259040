package http2

import (
	"bytes"
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

// frameOf returns the one frame that x/net writes, which must be in order.
func frameOf(t *testing.T, write func(*xhttp2.Framer) error) (frameHeader, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := write(xhttp2.NewFramer(&b, nil)); err != nil {
		t.Fatal(err)
	}
	h := parseFrameHeader(b.Bytes())
	p := b.Bytes()[frameHeaderSize:]
	if v := checkFrameHeader(h, maxFrame); v != nil || len(p) != h.length {
		t.Fatalf("%+v with %d bytes: %v", h, len(p), v)
	}
	return h, p
}

// What a peer writes is what we read.
func TestFramesOfXNetAreRead(t *testing.T) {
	h, p := frameOf(t, func(f *xhttp2.Framer) error { return f.WriteDataPadded(3, true, []byte("abc"), make([]byte, 5)) })
	if data, v := dataPayload(h, p); !h.has(flagEndStream) || h.stream != 3 || string(data) != "abc" || v != nil {
		t.Errorf("DATA: got %+v %q, %v", h, data, v)
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error {
		return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte("abc"), EndHeaders: true,
			PadLength: 4, Priority: xhttp2.PriorityParam{StreamDep: 1, Exclusive: true, Weight: 9}})
	})
	if fragment, v := headersPayload(h, p); h.flags != flagEndHeaders|flagPadded|flagPriority || string(fragment) != "abc" || v != nil {
		t.Errorf("HEADERS: got %+v %q, %v", h, fragment, v)
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error { return f.WritePriority(3, xhttp2.PriorityParam{StreamDep: 1}) })
	if v := priorityPayload(h, p); h.stream != 3 || v != nil {
		t.Errorf("PRIORITY: got %+v, %v", h, v)
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error { return f.WriteRSTStream(3, xhttp2.ErrCodeCancel) })
	if h.stream != 3 || resetCode(p) != codeCancel {
		t.Errorf("RST_STREAM: got %+v %v", h, resetCode(p))
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error { return f.WriteWindowUpdate(3, 77) })
	if n, v := windowIncrement(h, p); h.stream != 3 || n != 77 || v != nil {
		t.Errorf("WINDOW_UPDATE: got %+v %d, %v", h, n, v)
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error { return f.WritePriorityUpdate(3, "u=1") })
	if id, value, v := priorityUpdatePayload(p); h.stream != 0 || id != 3 || string(value) != "u=1" || v != nil {
		t.Errorf("PRIORITY_UPDATE: got %+v %d %q, %v", h, id, value, v)
	}
	h, _ = frameOf(t, func(f *xhttp2.Framer) error { return f.WriteContinuation(3, true, []byte("abc")) })
	if h.kind != frameContinuation || !h.has(flagEndHeaders) || h.stream != 3 {
		t.Errorf("CONTINUATION: got %+v", h)
	}
	h, p = frameOf(t, func(f *xhttp2.Framer) error { return f.WritePing(true, [8]byte{1: 2}) })
	if h != (frameHeader{8, framePing, flagAck, 0}) || p[1] != 2 {
		t.Errorf("PING: got %+v %x", h, p)
	}
	h, _ = frameOf(t, func(f *xhttp2.Framer) error { return f.WriteGoAway(5, xhttp2.ErrCodeNo, []byte("bye")) })
	if h != (frameHeader{length: 11, kind: frameGoAway}) {
		t.Errorf("GOAWAY: got %+v", h)
	}
}

func TestSettingsOfXNetAreRead(t *testing.T) {
	h, p := frameOf(t, func(f *xhttp2.Framer) error {
		return f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 5},
			xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: 0})
	})
	s := initialSettings
	if v := s.apply(p); h != (frameHeader{length: 12, kind: frameSettings}) || v != nil || s != (settings{5, true}) {
		t.Errorf("got %+v, %+v, %v", h, s, v)
	}
	if h, _ := frameOf(t, (*xhttp2.Framer).WriteSettingsAck); h != (frameHeader{kind: frameSettings, flags: flagAck}) {
		t.Errorf("got %+v", h)
	}
}
