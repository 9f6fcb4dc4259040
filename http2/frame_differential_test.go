package http2

import (
	"bytes"
	"slices"
	"testing"

	xhttp2 "golang.org/x/net/http2"
)

// FuzzFrameAgainstXNet reads one frame as we do and as golang.org/x/net/http2's Framer
// does. What one refuses the other must refuse, and what both take they must
// read alike. We differ from it on purpose where RFC 9113 is stricter than the
// Framer alone (its server judges some of this later, or not at all):
//
//   - PUSH_PROMISE is refused: it comes from a client.
//   - HEADERS and PRIORITY of a stream that depends on itself are refused,
//     and the fragment is read all the same.
//   - Every value in SETTINGS is judged; it judges the first window only.
func FuzzFrameAgainstXNet(f *testing.F) {
	for _, in := range frameSeeds() {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) < frameHeaderSize {
			return
		}
		p := in[frameHeaderSize:]
		h := parseFrameHeader(in)
		h.length = len(p)
		frame := append(appendFrameHeader(nil, h), p...)
		ours, v := readFrame(t, h, frame[frameHeaderSize:])
		theirs, err := readFrameByXNet(frame)
		if stricter(h, v) {
			return
		}
		if (v == nil) != (err == nil) {
			t.Fatalf("%v %+v %q: got %v, x/net %v", h.kind, h, p, v, err)
		}
		if v == nil && !ours.equal(theirs) {
			t.Fatalf("%v %+v %q: got %+v, x/net %+v", h.kind, h, p, ours, theirs)
		}
	})
}

func stricter(h frameHeader, v *violation) bool {
	switch v {
	case violationPush, violationDependsOnSelf:
		return true
	}
	return v != nil && h.kind == frameSettings && h.length%6 == 0 && h.stream == 0 && !h.has(flagAck)
}

// frameReading is what a frame says.
type frameReading struct {
	h       frameHeader
	id      uint32 // increment, error code or prioritized stream
	payload []byte // data, fragment or value
	all     []setting
}

func (a frameReading) equal(b frameReading) bool {
	return a.h == b.h && a.id == b.id && bytes.Equal(a.payload, b.payload) && slices.Equal(a.all, b.all)
}

// readFrame reads a frame as the connection does.
func readFrame(t *testing.T, h frameHeader, p []byte) (r frameReading, v *violation) {
	if v = checkFrameHeader(h, maxFrame); v != nil {
		return r, v
	}
	r.h = h
	switch h.kind {
	case frameData:
		r.payload, v = dataPayload(h, p)
	case frameHeaders:
		if r.payload, v = headersPayload(h, p); v != nil && v.stream && r.payload == nil {
			t.Fatal("a stream error took the fragment away")
		}
	case framePriority:
		v = priorityPayload(h, p)
	case frameReset:
		r.id = uint32(resetCode(p))
	case frameSettings:
		s := initialSettings
		v = s.apply(p)
		for ; len(p) > 0; p = p[6:] {
			r.all = append(r.all, setting{uint16(p[0])<<8 | uint16(p[1]), uint32At(p[2:])})
		}
		return r, v
	case frameWindowUpdate:
		r.id, v = windowIncrement(h, p)
	case framePriorityUpdate:
		r.id, r.payload, v = priorityUpdatePayload(p)
		parsePriority(r.payload)
	case frameContinuation:
		r.payload = p
	}
	if v != nil && !v.stream && len(r.payload) > 0 {
		t.Fatalf("%v with a payload of %d bytes", v, len(r.payload))
	}
	wantWithin(t, p, r.payload)
	return r, v
}

// wantWithin reports a result that does not lie in the payload.
func wantWithin(t *testing.T, p, part []byte) {
	if part == nil {
		return
	}
	offset := cap(p) - cap(part)
	if offset < 0 || offset+len(part) > len(p) || len(part) > 0 && &p[offset] != &part[0] {
		t.Fatalf("%d bytes at %d of a payload of %d", len(part), offset, len(p))
	}
}

func readFrameByXNet(b []byte) (r frameReading, err error) {
	framer := xhttp2.NewFramer(nil, bytes.NewReader(b))
	framer.SetMaxReadFrameSize(maxFrame)
	framer.AllowIllegalReads = true // the order of frames is not of concern here
	f, err := framer.ReadFrame()
	if err != nil {
		return r, err
	}
	r.h = theirHeader(f.Header())
	switch f := f.(type) {
	case *xhttp2.DataFrame:
		r.payload = f.Data()
	case *xhttp2.HeadersFrame:
		r.payload = f.HeaderBlockFragment()
	case *xhttp2.RSTStreamFrame:
		r.id = uint32(f.ErrCode)
	case *xhttp2.SettingsFrame:
		f.ForeachSetting(func(s xhttp2.Setting) error {
			r.all = append(r.all, setting{uint16(s.ID), s.Val})
			return nil
		})
	case *xhttp2.WindowUpdateFrame:
		r.id = f.Increment
	case *xhttp2.PriorityUpdateFrame:
		r.id, r.payload = f.PrioritizedStreamID, []byte(f.Priority)
	case *xhttp2.ContinuationFrame:
		r.payload = f.HeaderBlockFragment()
	}
	return r, nil
}

// frameSeeds has frames of every type in order, and near misses.
func frameSeeds() (all [][]byte) {
	for kind := frameData; kind <= framePriorityUpdate; kind++ {
		for _, flags := range []uint8{0, flagAck, flagPadded, flagPriority, flagPadded | flagPriority} {
			for _, p := range []string{"", "\x00", "\x00\x00\x00\x01", "\x00\x00\x00\x00\x10", "\x02\x00\x00\x00\x03\x10abc",
				"\xff\x00\x00\x00", "\x00\x04\x7f\xff\xff\xff", "\x00\x00\x00\x05u=1, i"} {
				for stream := range uint32(2) {
					all = append(all, append(appendFrameHeader(nil, frameHeader{kind: kind, flags: flags, stream: stream}), p...))
				}
			}
		}
	}
	return all
}

func theirHeader(h xhttp2.FrameHeader) frameHeader {
	return frameHeader{int(h.Length), frameType(h.Type), uint8(h.Flags), h.StreamID}
}
