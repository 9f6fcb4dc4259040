package http2

import "testing"

// What is done for each frame costs no memory in the steady state.
func TestFramesAllocateNothing(t *testing.T) {
	b := make([]byte, 0, 1024)
	s := initialSettings
	fields, date := typicalFields(), "Sat, 21 Nov 2026 05:30:00 GMT"
	headers := frameHeader{length: 12, kind: frameHeaders, flags: flagPadded | flagPriority, stream: 1}
	ours := appendSettings(nil, setting{settingWindow, 1}, setting{settingTableSize, 2})
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"header", func() { checkFrameHeader(parseFrameHeader(ours), maxFrame) }},
		{"refused header", func() { checkFrameHeader(frameHeader{kind: framePing, length: 7}, maxFrame) }},
		{"DATA", func() { dataPayload(headers, b[:12]) }},
		{"HEADERS", func() { headersPayload(headers, b[:12]) }},
		{"SETTINGS", func() { s.apply(ours[frameHeaderSize:]) }},
		{"PRIORITY_UPDATE", func() { priorityUpdatePayload(ours) }},
		{"append SETTINGS", func() { b = appendSettings(b[:0], setting{settingWindow, 1}, setting{settingMaxList, 2}) }},
		{"append the acknowledgment", func() { b = appendSettingsAck(b[:0]) }},
		{"append PING", func() { b = appendPing(b[:0], true, [8]byte{}) }},
		{"append GOAWAY", func() { b = appendGoAway(b[:0], 1, codeCalm, "calm") }},
		{"append RST_STREAM", func() { b = appendReset(b[:0], 1, codeCancel) }},
		{"append WINDOW_UPDATE", func() { b = appendWindowUpdate(b[:0], 1, 1) }},
		{"append head", func() { b = appendHead(b[:0], 1, 200, fields, 1234, date, maxFrame) }},
		{"append head and table update", func() {
			b = insertTableUpdate(appendHead(b[:0], 1, 418, fields, 1<<62, date, maxFrame), 0)
		}},
		{"append trailers", func() { b = appendTrailers(b[:0], 1, fields, maxFrame) }},
	} {
		if allocs := testing.AllocsPerRun(100, tt.run); allocs != 0 {
			t.Errorf("%s: %v allocations", tt.name, allocs)
		}
	}
	for _, in := range []string{"", "u=1, i", `x=("a" b;c=?0);d, y=:MQ==:, z=1.5, u=7`, `u=1, x="`} {
		value := []byte(in)
		if allocs := testing.AllocsPerRun(100, func() { parsePriority(value) }); allocs != 0 {
			t.Errorf("priority %q: %v allocations", in, allocs)
		}
	}
}
