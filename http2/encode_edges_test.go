package http2

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sluice/message"
)

// sectionFrames reads the frames of the one section that b is, checks their
// form and returns the field lines. Of the payloads none may be larger than
// most.
func sectionFrames(t *testing.T, b []byte, most int, endStream bool) (lines []string) {
	t.Helper()
	var block []byte
	framer := xhttp2.NewFramer(nil, bytes.NewReader(b)) // it checks the order of frames
	for ended := false; !ended; {
		f, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("behind %d bytes of the section: %v", len(block), err)
		}
		h := theirHeader(f.Header())
		want := frameHeader{h.length, frameHeaders, h.flags & flagEndHeaders, 7}
		var fragment []byte
		switch f := f.(type) {
		case *xhttp2.HeadersFrame:
			if fragment = f.HeaderBlockFragment(); endStream {
				want.flags |= flagEndStream
			}
		case *xhttp2.ContinuationFrame:
			fragment, want.kind = f.HeaderBlockFragment(), frameContinuation
		}
		if h != want || h.length > most {
			t.Fatalf("got %+v, want %+v of at most %d bytes", h, want, most)
		}
		block = append(block, fragment...)
		ended = h.has(flagEndHeaders)
		b = b[frameHeaderSize+h.length:]
	}
	if len(b) > 0 {
		t.Fatalf("%d bytes behind the section", len(b))
	}
	all, err := hpack.NewDecoder(0, nil).DecodeFull(block) // 0: nothing may be added to a dynamic table
	if err != nil {
		t.Fatalf("%q: %v", block, err)
	}
	for _, f := range all {
		lines = append(lines, f.Name+": "+f.Value)
	}
	return lines
}

// Every status is encoded, those of the static table in one byte (RFC 7541
// appendix A).
func TestEveryStatusIsEncoded(t *testing.T) {
	short := []int{200, 204, 206, 304, 400, 404, 500}
	for status := 100; status <= 999; status++ {
		b := appendHead(nil, 7, status, nil, -1, "", maxFrame)
		if got := sectionFrames(t, b, maxFrame-1, false); !slices.Equal(got, []string{":status: " + strconv.Itoa(status)}) {
			t.Errorf("%d: got %q", status, got)
		}
		if got := len(b) - frameHeaderSize; (got == 1) != slices.Contains(short, status) {
			t.Errorf("%d takes %d bytes", status, got)
		}
	}
}

// Whatever name we recognise and RFC 7541 appendix A has is written by its
// index.
func TestNoStaticIndexIsLeftOut(t *testing.T) {
	for index := uint8(1); index <= 61; index++ {
		all, err := hpack.NewDecoder(0, nil).DecodeFull(append(appendName(nil, index), 0))
		if err != nil {
			t.Fatalf("index %d: %v", index, err)
		}
		id := message.NameOf([]byte(all[0].Name))
		if id != message.OtherName && !id.HopByHop() && staticIndex[id] != index {
			t.Errorf("%s: got index %d, want %d", id, staticIndex[id], index)
		}
	}
}

// Integers of any size (RFC 7541 section 5.1), at the edges of each byte.
func TestStringsOfAnySizeAreEncoded(t *testing.T) {
	for _, n := range []int{0, 1, 126, 127, 128, 254, 255, 256, 127 + 1<<7 - 1, 127 + 1<<7, 127 + 1<<14 - 1, 127 + 1<<14, 70000} {
		b := appendString(appendName(nil, indexDate), strings.Repeat("v", n))
		b = append(b, patternLiteral)
		b = appendString(appendString(b, strings.Repeat("n", max(n, 1))), "w")
		all, err := hpack.NewDecoder(0, nil).DecodeFull(b)
		if err != nil || len(all) != 2 || len(all[0].Value) != n || len(all[1].Name) != max(n, 1) || all[1].Value != "w" {
			t.Errorf("size %d: got %d lines, %v", n, len(all), err)
		}
	}
}

// None of it goes into a dynamic table, and none is marked as never to be
// indexed: "literal header field without indexing" (RFC 7541 section 6.2.2).
func TestNothingIsIndexed(t *testing.T) {
	dec := hpack.NewDecoder(4096, nil)
	b := appendHead(nil, 7, 200, typicalFields(), 1, "", maxFrame)
	all, err := dec.DecodeFull(b[frameHeaderSize:])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Sensitive {
			t.Errorf("%v is never to be indexed", f)
		}
	}
	if all, err := dec.DecodeFull([]byte{patternIndexed | 62}); err == nil {
		t.Errorf("the dynamic table has %v", all)
	}
}

// An empty field section is one too: the stream has to end.
func TestTrailersWithoutFieldsEndTheStream(t *testing.T) {
	b := appendTrailers(nil, 7, fieldsOf("Connection", "x"), maxFrame)
	if got := sectionFrames(t, b, maxFrame-1, true); got != nil || len(b) != frameHeaderSize {
		t.Errorf("got %q", got)
	}
}

// bigFields makes a section of exactly size bytes, :status 200 included.
func bigFields(t *testing.T, size int) message.Fields {
	all := fieldsOf("Server", strings.Repeat("v", size))
	excess := len(appendHead(nil, 7, 200, all, -1, "", 1<<20)) - frameHeaderSize - size
	all[0].Value = all[0].Value[excess:]
	if got := len(appendHead(nil, 7, 200, all, -1, "", 1<<20)) - frameHeaderSize; got != size {
		t.Fatalf("made %d bytes instead of %d", got, size)
	}
	return all
}

// "[...] one or more CONTINUATION frames, where the last CONTINUATION frame has
// the END_HEADERS flag set" (RFC 9113 section 4.3). In the first there is room
// for insertTableUpdate.
func TestSectionsAreCutToTheByte(t *testing.T) {
	const most = maxFrame - 1
	for _, tt := range []struct{ size, frames int }{
		{most - 1, 1}, {most, 1}, {most + 1, 2}, {maxFrame + 1, 2}, {2 * most, 2}, {2*most + 1, 3}, {5*most + 7, 6},
	} {
		all := bigFields(t, tt.size)
		want := []string{":status: 200", "server: " + string(all[0].Value)}
		for name, b := range map[string][]byte{
			"new":  appendHead([]byte("before"), 7, 200, all, -1, "", maxFrame),
			"warm": appendHead(append(make([]byte, 0, 1<<18), "before"...), 7, 200, all, -1, "", maxFrame),
		} {
			if string(b[:6]) != "before" || len(b) != 6+tt.size+tt.frames*frameHeaderSize {
				t.Errorf("%s buffer, %d bytes: %d bytes appended", name, tt.size, len(b)-6)
			}
			if got := sectionFrames(t, b[6:], most, false); !slices.Equal(got, want) {
				t.Errorf("%s buffer, %d bytes are not read as they were", name, tt.size)
			}
			b = insertTableUpdate(b, 6)
			if got := sectionFrames(t, b[6:], maxFrame, false); string(b[:6]) != "before" || !slices.Equal(got, want) {
				t.Errorf("%s buffer, %d bytes and a table update are not read as they were", name, tt.size)
			}
			b[6+flagsAt] |= flagEndStream
			sectionFrames(t, b[6:], maxFrame, true)
		}
	}
	// END_STREAM stays on the first frame: "a HEADERS frame with the
	// END_STREAM flag set can be followed by CONTINUATION frames on the same
	// stream" (section 6.2).
	b := appendTrailers(nil, 7, bigFields(t, 3*most), maxFrame)
	sectionFrames(t, b, most, true)
}

// "This dynamic table size update MUST occur at the beginning of the first
// header block following the change to the dynamic table size" (RFC 7541
// section 4.2).
func TestTableUpdateIsInsertedInFront(t *testing.T) {
	b := appendPing(nil, false, [8]byte{})
	start := len(b)
	b = appendHead(b, 7, 200, typicalFields(), 5, "", maxFrame)
	plain := bytes.Clone(b)
	b = insertTableUpdate(b, start)
	want := slices.Insert(plain, start+frameHeaderSize, 0x20)
	want[start+2]++
	if !bytes.Equal(b, want) {
		t.Errorf("got %x, want %x", b, want)
	}
	dec := hpack.NewDecoder(4096, nil)
	for _, block := range [][]byte{{0x40, 1, 'a', 1, 'b'}, {patternIndexed | 62}, b[start+frameHeaderSize:]} {
		if _, err := dec.DecodeFull(block); err != nil { // the first makes an entry, the second uses it
			t.Fatal(err)
		}
	}
	if all, err := dec.DecodeFull([]byte{patternIndexed | 62}); err == nil {
		t.Errorf("the client's table still has %v", all)
	}
}

// Names are lowered in the buffer, not where they came from.
func TestFieldsAreNotChanged(t *testing.T) {
	fields := typicalFields()
	appendHead(make([]byte, 0, 4096), 7, 200, fields, -1, "", maxFrame)
	if got, want := fieldText(fields), fieldText(typicalFields()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
