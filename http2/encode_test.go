package http2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sluice/message"
)

func fieldsOf(pairs ...string) (f message.Fields) {
	for i := 0; i < len(pairs); i += 2 {
		name := []byte(pairs[i])
		f = append(f, message.Field{Name: name, Value: []byte(pairs[i+1]), ID: message.NameOf(name)})
	}
	return f
}

// decoded reads frames of one field section as a client does and returns
// "name: value" lines. It checks the flags.
func decoded(t testing.TB, b []byte, endStream bool) (lines []string) {
	t.Helper()
	f := http2.NewFramer(nil, bytes.NewReader(b))
	f.SetMaxReadFrameSize(1 << 24)
	d := hpack.NewDecoder(4096, func(h hpack.HeaderField) { lines = append(lines, h.Name+": "+h.Value) })
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("frames: %v", err)
		}
		var block []byte
		var end bool
		switch h := frame.(type) {
		case *http2.HeadersFrame:
			block, end = h.HeaderBlockFragment(), h.HeadersEnded()
			if h.StreamEnded() != endStream {
				t.Errorf("END_STREAM is %v", h.StreamEnded())
			}
		case *http2.ContinuationFrame:
			block, end = h.HeaderBlockFragment(), h.HeadersEnded()
		default:
			t.Fatalf("a frame %v", frame)
		}
		if frame.Header().StreamID != 5 {
			t.Errorf("stream %d, want 5", frame.Header().StreamID)
		}
		if _, err := d.Write(block); err != nil {
			t.Fatalf("HPACK: %v", err)
		}
		if end {
			break
		}
	}
	if err := d.Close(); err != nil {
		t.Fatalf("HPACK: %v", err)
	}
	return lines
}

func TestResponseHeadIsReadByOthers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		fields message.Fields
		length int64
		date   string
		want   []string
	}{
		{"bare", 200, nil, -1, "", []string{":status: 200"}},
		{"a status without an entry", 418, nil, 0, "", []string{":status: 418", "content-length: 0"}},
		{"interim", 103, fieldsOf("Link", "</a.css>"), -1, "", []string{":status: 103", "link: </a.css>"}},
		// RFC 9113 section 8.2: "Field names MUST be converted to lowercase
		// when constructing an HTTP/2 message."
		{"names", 404, fieldsOf("Content-Type", "text/html", "X-Mixed_CASE-1", "Stays As It Is", "server", "n"), 1234567890123, "Sat, 21 Nov 2026 00:00:00 GMT",
			[]string{":status: 404", "date: Sat, 21 Nov 2026 00:00:00 GMT", "content-length: 1234567890123",
				"content-type: text/html", "x-mixed_case-1: Stays As It Is", "server: n"}},
		// RFC 9113 section 8.2.2: "An endpoint MUST NOT generate an HTTP/2
		// message containing connection-specific header fields."
		{"of a connection", 200, fieldsOf("Connection", "close", "Keep-Alive", "5", "Transfer-Encoding", "chunked", "Upgrade", "x", "Proxy-Connection", "x", "a", "b"), -1, "",
			[]string{":status: 200", "a: b"}},
		{"empty and long values", 200, fieldsOf("a", "", "b", strings.Repeat("v", 127), "c", strings.Repeat("w", 20000)), -1, "",
			[]string{":status: 200", "a: ", "b: " + strings.Repeat("v", 127), "c: " + strings.Repeat("w", 20000)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := appendHead([]byte("before"), 5, tt.status, tt.fields, tt.length, tt.date, maxFrame)
			if !bytes.HasPrefix(b, []byte("before")) {
				t.Fatal("what was there is gone")
			}
			if got := decoded(t, b[6:], false); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			// RFC 7541 section 4.2: the size update "MUST occur at the
			// beginning of the first header block following the change".
			b = insertTableUpdate(b, 6)
			if b[6+frameHeaderSize] != patternTableUpdate {
				t.Error("the section does not begin with the update")
			}
			if got := decoded(t, b[6:], false); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("with a table update: got  %q", got)
			}
		})
	}
}

// RFC 7541 appendix A: each index that we use must be that of the name.
func TestStaticIndexesAreThoseOfTheTable(t *testing.T) {
	n := 0
	for id, index := range staticIndex {
		if index == 0 {
			continue
		}
		n++
		var got string
		d := hpack.NewDecoder(0, func(h hpack.HeaderField) { got = h.Name })
		if _, err := d.Write(append(appendName(nil, index), 0)); err != nil || got != message.Name(id).String() {
			t.Errorf("index %d is %q, %v; want %q", index, got, err, message.Name(id))
		}
	}
	if n < 10 {
		t.Errorf("only %d names have an index", n)
	}
}

func TestTrailersEndTheStream(t *testing.T) {
	b := appendTrailers(nil, 5, fieldsOf("Grpc-Status", "0", "grpc-message", "ok"), maxFrame)
	if got := decoded(t, b, true); fmt.Sprint(got) != "[grpc-status: 0 grpc-message: ok]" {
		t.Errorf("got %q", got)
	}
}

// RFC 9113 section 4.2: no frame may be larger than SETTINGS_MAX_FRAME_SIZE,
// which nobody may set below 2^14.
func TestLargeSectionsAreCutIntoFrames(t *testing.T) {
	var want []string
	var fields message.Fields
	for i := range 70 {
		name, value := fmt.Sprintf("f%d", i), strings.Repeat(string(rune('a'+i%26)), 1000)
		fields = append(fields, fieldsOf(name, value)...)
		want = append(want, name+": "+value)
	}
	b := insertTableUpdate(appendHead(nil, 5, 200, fields, -1, "", maxFrame), 0)
	if got := decoded(t, b, false); fmt.Sprint(got[1:]) != fmt.Sprint(want) {
		t.Error("the section is not the same")
	}
	for frames := 0; len(b) > 0; frames++ {
		h := parseFrameHeader(b)
		if h.length > maxFrame {
			t.Errorf("a frame of %d bytes", h.length)
		}
		if kind := h.kind; frames == 0 && kind != frameHeaders || frames > 0 && kind != frameContinuation {
			t.Errorf("frame %d is %s", frames, kind)
		}
		b = b[frameHeaderSize+h.length:]
	}
}

// FuzzEncode: whatever field section we are given, a client reads it back.
func FuzzEncode(f *testing.F) {
	f.Add(200, "content-type", "text/html", "X-Y", "z", int64(5), uint16(0))
	f.Add(599, "a", "", "b", "c", int64(-1), uint16(40000))
	f.Fuzz(func(t *testing.T, status int, n1, v1, n2, v2 string, length int64, more uint16) {
		if status < 100 || status > 999 || length < -1 {
			return
		}
		fields := fieldsOf(n1, v1, n2, v2, "filler", strings.Repeat("x", int(more)))
		want := []string{fmt.Sprintf(":status: %d", status)}
		if length >= 0 {
			want = append(want, fmt.Sprintf("content-length: %d", length))
		}
		for i, field := range fields {
			if !isASCIIName(field.Name) {
				return // http1 lets only tokens through
			}
			if !field.ID.HopByHop() {
				want = append(want, strings.ToLower(string(field.Name))+": "+string(fields[i].Value))
			}
		}
		b := appendHead(nil, 5, status, fields, length, "", maxFrame)
		if got := decoded(t, b, false); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func isASCIIName(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(b) > 0
}

func TestEncodingAllocatesNothing(t *testing.T) {
	fields := typicalFields()
	b := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { b = appendHead(b[:0], 5, 200, fields, 614, "", maxFrame) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func typicalFields() message.Fields {
	return fieldsOf("Server", "nginx/1.22.1", "Date", "Sat, 21 Nov 2026 00:00:00 GMT", "Content-Type", "application/json",
		"Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT", "ETag", `"6740-266"`, "Accept-Ranges", "bytes",
		"Cache-Control", "max-age=60", "Vary", "Accept-Encoding", "X-Powered-By", "us", "Request-Id", "s2cm9wdf7j2k72gm6med")
}

func BenchmarkAppendHead(b *testing.B) {
	fields := typicalFields()
	buf := make([]byte, 0, 4096)
	for b.Loop() {
		buf = appendHead(buf[:0], 5, 200, fields, 614, "", maxFrame)
	}
}
