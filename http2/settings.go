package http2

// The settings of RFC 9113 section 6.5.2, RFC 8441 and RFC 9218.
const (
	settingTableSize       = 0x1
	settingPush            = 0x2
	settingMaxStreams      = 0x3
	settingWindow          = 0x4
	settingMaxFrame        = 0x5
	settingMaxList         = 0x6
	settingConnectProtocol = 0x8
	settingNoPriorities    = 0x9
)

// settings is what a client has asked of us, as far as we act on it.
type settings struct {
	window        uint32 // the flow-control window that each stream begins with
	tableSizeSeen bool   // it has spoken of the size of HPACK's dynamic table
}

// initialSettings holds before the client has sent any.
var initialSettings = settings{window: 1<<16 - 1}

// apply takes the payload of a SETTINGS frame. All values are judged; of those
// that allow more than everybody must (larger frames, a larger table) no use
// is made, and a limit of the response's field section is advice only.
func (s *settings) apply(p []byte) *violation {
	for ; len(p) >= 6; p = p[6:] {
		id, value := uint16(p[0])<<8|uint16(p[1]), uint32At(p[2:])
		if v := checkSetting(id, value); v != nil {
			return v
		}
		switch id {
		case settingWindow:
			s.window = value
		case settingTableSize:
			s.tableSizeSeen = true
		}
	}
	return nil
}

// checkSetting judges a value. "An endpoint that receives a SETTINGS frame
// with any unknown or unsupported identifier MUST ignore that setting" (RFC
// 9113 section 6.5.2).
func checkSetting(id uint16, value uint32) *violation {
	switch {
	case id == settingPush && value > 1:
		return violationPushValue
	case id == settingWindow && value > 1<<31-1:
		return violationWindowValue
	case id == settingMaxFrame && (value < 1<<14 || value > 1<<24-1):
		return violationFrameValue
	case id == settingConnectProtocol && value > 1:
		return violationConnectValue
	case id == settingNoPriorities && value > 1:
		return violationNoRFC7540
	}
	return nil
}

// setting is one of our own.
type setting struct {
	id    uint16
	value uint32
}

// appendSettings appends a SETTINGS frame.
func appendSettings(b []byte, all ...setting) []byte {
	b = appendFrameHeader(b, frameHeader{length: 6 * len(all), kind: frameSettings})
	for _, s := range all {
		b = append(b, byte(s.id>>8), byte(s.id))
		b = appendUint32(b, s.value)
	}
	return b
}

// appendSettingsAck appends the acknowledgment of a SETTINGS frame.
func appendSettingsAck(b []byte) []byte {
	return appendFrameHeader(b, frameHeader{kind: frameSettings, flags: flagAck})
}
