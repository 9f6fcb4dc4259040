package http1

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"sluice/message"
)

// decoded is what a chunked body amounts to.
type decoded struct {
	data string
	used int
	done bool
	bad  *message.Failure
}

// decode gives d all of in, growing the input by what cut says at a time.
func decode(d *chunked, in []byte, cut func() int) (r decoded) {
	var data []byte
	for have := 0; ; {
		piece, n, done, f := d.next(in[r.used:have])
		data = append(data, piece...)
		r.used += n
		r.done, r.bad = done, f
		if done || f != nil || len(piece) == 0 && n == 0 && have == len(in) {
			r.data = string(data)
			return r
		}
		if len(piece) == 0 && r.used != have {
			panic("next left bytes that it did not want")
		}
		have = min(len(in), have+cut())
	}
}

func decodeAtOnce(in string) decoded {
	var d chunked
	return decode(&d, []byte(in), func() int { return len(in) })
}

func TestChunkedReads(t *testing.T) {
	for _, tt := range []struct{ in, data string }{
		{"0\r\n\r\n", ""},
		{"5\r\nhello\r\n0\r\n\r\n", "hello"},
		{"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
		{"a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789"},
		{"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello"},
		{"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
		// "chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS
		// chunk-ext-val ] )" (RFC 9112 section 7.1.1).
		{"1;a\r\nx\r\n0\r\n\r\n", "x"},
		{"1;a=b;c=\"d;\\\"\\\\=\x80\t\" ; e = f\r\nx\r\n0; g\r\n\r\n", "x"},
		// The trailer section.
		{"1\r\nx\r\n0\r\nA: b\r\nC:d\r\n\r\n", "x"},
	} {
		if got := decodeAtOnce(tt.in + "NEXT"); got != (decoded{tt.data, len(tt.in), true, nil}) {
			t.Errorf("%q: got %+v", tt.in, got)
		}
	}
}

func TestChunkedRefuses(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want fault
	}{
		// "chunk-size = 1*HEXDIG" (RFC 9112 section 7.1).
		{"\r\n", faultChunkSizeForm},
		{" 1\r\nx", faultChunkSizeForm},
		{"1 \r\nx", faultChunkSizeForm},
		{"1\t;a\r\nx", faultChunkSizeForm},
		{"+1\r\nx", faultChunkSizeForm},
		{"-1\r\nx", faultChunkSizeForm},
		{"0x1\r\nx", faultChunkSizeForm},
		{"1h\r\nx", faultChunkSizeForm},
		{"1_0\r\nx", faultChunkSizeForm},
		{";a\r\nx", faultChunkSizeForm},
		{"1,1\r\nx", faultChunkSizeForm},
		{"\x001\r\nx", faultChunkSizeForm},
		{"00000000000000001\r\nx", faultChunkSizeForm}, // 17 digits
		// "recipients MUST anticipate potentially large hexadecimal numerals
		// and prevent parsing errors due to integer conversion overflows".
		{"4000000000000000\r\nx", faultChunkSizeRange},
		{"7fffffffffffffff\r\nx", faultChunkSizeRange},
		{"8000000000000000\r\nx", faultChunkSizeRange},
		{"ffffffffffffffff\r\nx", faultChunkSizeRange},
		{"10000000000000001\r\nx", faultChunkSizeForm},

		// Line ends.
		{"1\nx\r\n", faultBareLF},
		{"1\rx\r\n", faultBareCR},
		{"1\r\rx\r\n", faultBareCR},
		{"1\r\nx\n", faultChunkDataEnd},
		{"1\r\nx\r0", faultChunkDataEnd},
		{"1\r\nxy\r\n", faultChunkDataEnd},
		{"1\r\nx0\r\n\r\n", faultChunkDataEnd},
		{"0\n\n", faultBareLF},
		{"0\r\n\n", faultBareLF},
		{"0\r\n\r\r\n", faultBareCR},

		// Extensions in which line ends hide (TERM.EXT and EXT.TERM).
		{"1;\nx\r\n", faultBareLF},
		{"1;a\nx\r\n", faultBareLF},
		{"1;a\rb\r\nx", faultBareCR},
		{"1;a=\"\r\nx", faultChunkExtension},
		{"1;a=\"\nx\r\n", faultBareLF},
		{"1;a=\"\\\r\nx", faultChunkExtension},
		{"1;\r\nx", faultChunkExtension},
		{"1;a=\r\nx", faultChunkExtension},
		{"1;=b\r\nx", faultChunkExtension},
		{"1;a b\r\nx", faultChunkExtension},
		{"1;a=b c\r\nx", faultChunkExtension},
		{"1;a;\r\nx", faultChunkExtension},
		{"1;;a\r\nx", faultChunkExtension},
		{"1;a=b=c\r\nx", faultChunkExtension},
		{"1;a=\"b\"c\r\nx", faultChunkExtension},
		{"1;a,b\r\nx", faultChunkExtension},
		{"1;a\x00\r\nx", faultChunkExtension},
		{"1;a=\"\x01\"\r\nx", faultChunkExtension},
		{"1;a=\"\\\x7f\"\r\nx", faultChunkExtension},
		{"1;\x80\r\nx", faultChunkExtension},
		{"1;" + strings.Repeat("a", 256) + "\r\nx", faultChunkExtensionSize},
		{strings.Repeat("1;"+strings.Repeat("a", 250)+"\r\nx\r\n", 100), faultChunkExtensionTotal},

		// Trailer lines are field lines.
		{"0\r\nA : b\r\n\r\n", faultFieldNameSpace},
		{"0\r\nA: b\n\r\n", faultBareLF},
		{"0\r\nA: b\rc\r\n\r\n", faultBareCR},
		{"0\r\n A: b\r\n\r\n", faultFold},
		{"0\r\nA: b\r\n c\r\n\r\n", faultFold},
		{"0\r\nA\r\n\r\n", faultFieldNoColon},
		{"0\r\nA: \x00\r\n\r\n", faultControl},
		{"0\r\nGET / HTTP/1.1\r\n\r\n", faultFieldNameSpace},
		{"0\r\n" + strings.Repeat("A: b\r\n", 33) + "\r\n", faultTrailerCount},
		{"0\r\nA: " + strings.Repeat("b", 9000) + "\r\n\r\n", faultTrailerSize},
	} {
		got := decodeAtOnce(tt.in)
		if got.done || got.bad != requestBodyFailures[tt.want] {
			t.Errorf("%.60q: got %+v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestChunkedIsUnfinishedUntilItsEnd(t *testing.T) {
	for _, in := range []string{"5\r\nhello\r\n0\r\n\r\n", "1;a=\"b\"\r\nx\r\n0;c\r\nA: b\r\n\r\n"} {
		for n := range in {
			if got := decodeAtOnce(in[:n]); got.done || got.bad != nil || got.used != n {
				t.Errorf("%q: got %+v", in[:n], got)
			}
		}
	}
}

func TestChunkedInPiecesIsChunkedAtOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, in := range chunkedSeeds() {
		want := decodeAtOnce(in)
		for range 50 {
			var d chunked
			most := 1 + random.IntN(len(in)+1)
			if got := decode(&d, []byte(in), func() int { return 1 + random.IntN(most) }); got != want {
				t.Errorf("%.80q in pieces of up to %d: got %+v, want %+v", in, most, got, want)
			}
		}
	}
}

func TestChunkedBlamesWhoSent(t *testing.T) {
	d := chunked{party: message.PartyUpstream}
	for range 2 {
		if _, _, _, f := d.next([]byte("x")); f == nil || f.Party != message.PartyUpstream || f.Cause != message.CauseResponseBodyInvalid {
			t.Errorf("got %v", f)
		}
		d.reset()
	}
}

// What came before a fault is good and is given out; the fault stays.
func TestChunkedFaultComesAfterTheData(t *testing.T) {
	var d chunked
	in := []byte("5\r\nhelloX")
	data, n, done, f := d.next(in)
	if string(data) != "hello" || n != 8 || done || f != nil {
		t.Fatalf("got %q, %d, %v, %v", data, n, done, f)
	}
	for range 2 {
		if data, n, done, f = d.next(in[n:]); data != nil || n != 0 || done || f != requestBodyFailures[faultChunkDataEnd] {
			t.Fatalf("got %q, %d, %v, %v", data, n, done, f)
		}
	}
	d.reset()
	if data, _, done, f = d.next([]byte("1\r\nx\r\n0\r\n\r\n")); string(data) != "x" || !done || f != nil {
		t.Fatalf("after reset: got %q, %v, %v", data, done, f)
	}
	if data, n, done, f = d.next([]byte("1\r\n")); data != nil || n != 0 || !done || f != nil {
		t.Fatalf("after done: got %q, %d, %v, %v", data, n, done, f)
	}
}

// "a sender MUST NOT generate a trailer that contains a field necessary for
// message framing (e.g., Transfer-Encoding and Content-Length), routing
// (e.g., Host), request modifiers [...], authentication (e.g., see [RFC7235]
// and [RFC6265]), response control data [...], or determining how to process
// the payload (e.g., Content-Encoding, Content-Type, Content-Range, and
// Trailer)" (RFC 7230 section 4.1.2, kept in spirit by RFC 9110 6.5.1).
func TestForbiddenTrailersAreDropped(t *testing.T) {
	names := []string{"Grpc-Status", "Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "TE", "Upgrade",
		"Keep-Alive", "Proxy-Connection", "Authorization", "Proxy-Authorization", "WWW-Authenticate", "Cookie", "Set-Cookie",
		"Content-Type", "Content-Encoding", "Content-Range", "Cache-Control", "Expect", "Max-Forwards", "Pragma", "Range",
		"If-None-Match", "Age", "Date", "Location", "Retry-After", "Vary"}
	forwarding := []string{"Digest", "X-Forwarded-For", "x-forwarded-foo", "X-Real-IP", "Forwarded", "Request-Id", "Proxy-Status", "ETag"}
	for want, list := range map[string][]string{"Grpc-Status,": names, "Digest,Proxy-Status,ETag,": forwarding} {
		var d chunked
		in := "0\r\n" + strings.Join(list, ": v\r\n") + ": v\r\n\r\n"
		if _, _, done, f := d.next([]byte(in)); !done || f != nil {
			t.Fatalf("%q: %v, %v", in, done, f)
		}
		got := ""
		for _, f := range d.trailers {
			got += string(f.Name) + ","
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNominatedTrailersAreDropped(t *testing.T) {
	var h requestHead
	if bad := requestFault(t, &h, request("Connection: b, close", "Transfer-Encoding: chunked")); bad != faultNone {
		t.Fatal(bad)
	}
	d := chunked{nominates: &h.section.connection}
	if _, _, done, f := d.next([]byte("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n")); !done || f != nil {
		t.Fatal(done, f)
	}
	if len(d.trailers) != 2 || string(d.trailers[1].Name) != "C" {
		t.Errorf("got %q", d.trailers)
	}
}

func TestTrailersOutliveTheInput(t *testing.T) {
	var d chunked
	in := []byte("0\r\nA: b\r\n\r\n")
	d.next(in)
	clear(in)
	if len(d.trailers) != 1 || string(d.trailers[0].Name) != "A" || string(d.trailers[0].Value) != "b" {
		t.Errorf("got %q", d.trailers)
	}
}

// A size is believed only as far as data has come.
func TestNothingIsAllocatedByASize(t *testing.T) {
	in := []byte(fmt.Sprintf("%x\r\nx", int64(1)<<61))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var d chunked
	data, n, done, f := d.next(in)
	runtime.ReadMemStats(&after)
	if !bytes.Equal(data, []byte("x")) || n != len(in) || done || f != nil {
		t.Errorf("got %q, %d, %v, %v", data, n, done, f)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<16 {
		t.Errorf("%d bytes allocated", grown)
	}
}
