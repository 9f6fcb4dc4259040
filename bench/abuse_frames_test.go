package main

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// octets are bytes written down in hex, spaced for the eye.
func octets(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFramesAreThoseOfRFC9113 compares with the layouts of its section 6.
func TestFramesAreThoseOfRFC9113(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(f *frames)
		want string
	}{
		"DATA":           {func(f *frames) { f.add(frameData, flagEndStream, 1, []byte{0xaa}) }, "000001 00 01 00000001 aa"},
		"empty DATA":     {func(f *frames) { f.add(frameData, 0, 5, nil) }, "000000 00 00 00000005"},
		"HEADERS":        {func(f *frames) { f.begin(flagEndStream|flagEndHeaders, []byte{0x82}) }, "000001 01 05 00000001 82"},
		"second HEADERS": {func(f *frames) { f.last = 1; f.begin(flagEndHeaders, []byte{0x82}) }, "000001 01 04 00000003 82"},
		"PRIORITY":       {func(f *frames) { f.priority(7) }, "000005 02 00 00000007 00000000 0f"},
		"RST_STREAM":     {func(f *frames) { f.cancel(1) }, "000004 03 00 00000001 00000008"},
		"SETTINGS":       {func(f *frames) { f.setting(settingInitialWindowSize, 0x10000) }, "000006 04 00 00000000 0004 00010000"},
		"SETTINGS ACK":   {func(f *frames) { f.add(frameSettings, flagAck, 0, nil) }, "000000 04 01 00000000"},
		"PING":           {ping, "000008 06 00 00000000 62656e6368212121"},
		"WINDOW_UPDATE":  {func(f *frames) { f.windowUpdate(3, mostWindow) }, "000004 08 00 00000003 7fffffff"},
		"CONTINUATION":   {func(f *frames) { f.last = 9; continuation([]byte{0x84})(f) }, "000001 09 00 00000009 84"},
		"length of three bytes": {func(f *frames) { f.add(frameData, 0, 1, make([]byte, 0x10203)) },
			"010203 00 00 00000001" + strings.Repeat("00", 0x10203)},
	} {
		t.Run(name, func(t *testing.T) {
			f := &frames{}
			tt.make(f)
			if want := octets(t, tt.want); !bytes.Equal(f.bytes, want) {
				t.Errorf("got %x, want %x", f.bytes, want)
			}
			if f.count != 1 {
				t.Errorf("counted %d frames, want 1", f.count)
			}
		})
	}
}

func TestResetKeepsTheStreams(t *testing.T) {
	f := &frames{}
	f.begin(0, nil)
	f.reset()
	if len(f.bytes) != 0 || f.count != 0 {
		t.Errorf("%d bytes and %d frames are left", len(f.bytes), f.count)
	}
	if stream := f.begin(0, nil); stream != 3 {
		t.Errorf("the next stream is %d, want 3", stream)
	}
}

func TestCodeNames(t *testing.T) {
	for code, want := range map[uint32]string{
		0x0: "NO_ERROR", 0x1: "PROTOCOL_ERROR", 0x7: "REFUSED_STREAM", 0x8: "CANCEL",
		0xb: "ENHANCE_YOUR_CALM", 0xd: "HTTP_1_1_REQUIRED", 0xe: "code 0xe",
	} {
		if got := codeName(code); got != want {
			t.Errorf("%#x: got %s, want %s", code, got, want)
		}
	}
}
