package http2

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sluice/grammar"
	"sluice/message"
)

// FuzzEncodeFrames encodes a list of fields, which x/net must decode to the
// same list with the names in lower case: in one frame or many, with a table
// update in front and without, as a head and as trailers.
func FuzzEncodeFrames(f *testing.F) {
	f.Add([]byte("Server\x1fa\x1eX-B\x1f\x1eConnection\x1fc\x1eTE\x1ftrailers"), uint16(200), int64(-1), uint16(0), uint16(0))
	f.Add([]byte("content-type\x1fa/b\x1e!#$\x1f\xff\x1eDate\x1fd"), uint16(404), int64(1<<63-1), uint16(1), uint16(0))
	f.Add([]byte("A\x1f"+strings.Repeat("v", 200)+"\x1eHost\x1fh"), uint16(999), int64(0), uint16(1000), uint16(300))
	f.Add([]byte(""), uint16(103), int64(7), uint16(0), uint16(5))
	f.Fuzz(func(t *testing.T, in []byte, status uint16, length int64, more, times uint16) {
		n := 100 + int(status)%900
		most := maxFrame + int(more)
		fields, lines := fuzzFields(in, 1+int(times)%512)
		head := slices.Concat([]string{":status: " + strconv.Itoa(n)}, lengthLine(length), lines)
		prefix := bytes.Repeat([]byte("p"), int(more)%50)

		b := appendHead(bytes.Clone(prefix), 7, n, fields, length, "", most)
		wantSection(t, b, prefix, most, false, head)
		b = appendTrailers(bytes.Clone(prefix), 7, fields, most)
		wantSection(t, b, prefix, most, true, lines)
	})
}

// wantSection reads what stands behind the prefix, and again with a table
// update inserted.
func wantSection(t *testing.T, b, prefix []byte, largest int, endStream bool, want []string) {
	t.Helper()
	for _, most := range []int{largest - 1, largest} {
		if !bytes.HasPrefix(b, prefix) {
			t.Fatal("what stood in front is gone")
		}
		if got := sectionFrames(t, b[len(prefix):], most, endStream); !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		b = insertTableUpdate(b, len(prefix))
	}
}

func lengthLine(length int64) []string {
	if length < 0 {
		return nil
	}
	return []string{"content-length: " + strconv.FormatInt(length, 10)}
}

// fuzzFields makes fields that http1 would let through: the lines of a seed
// whose names are tokens and whose values have no control characters, as often
// as it says. It returns what has to be read of them, too.
func fuzzFields(seed []byte, times int) (fields message.Fields, lines []string) {
	for _, l := range sectionOf(seed) {
		value := grammar.TrimSpace([]byte(l.value))
		if !grammar.IsToken([]byte(l.name)) || grammar.ControlAt(value, 0) < len(value) {
			continue
		}
		f := message.Field{Name: []byte(l.name), Value: value, ID: message.NameOf([]byte(l.name))}
		fields = append(fields, f)
		if !f.ID.HopByHop() {
			lines = append(lines, strings.ToLower(l.name)+": "+string(value))
		}
	}
	times = min(times, 1+1<<18/(1+len(seed)))
	return slices.Repeat(fields, times), slices.Repeat(lines, times)
}
