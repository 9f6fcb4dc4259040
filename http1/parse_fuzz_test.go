package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sluice/message"
)

// The fuzz targets hold the parsers against net/http. It is more lenient, so
// there is nothing to say about what it accepts and we refuse; but whatever
// both accept, both must read alike, to the byte where the next message
// begins.

// FuzzRequestHead parses a request and its body in both ways.
func FuzzRequestHead(f *testing.F) {
	for _, tt := range smuggling {
		f.Add([]byte(tt.in))
	}
	f.Add(browserHead)
	f.Fuzz(func(t *testing.T, in []byte) {
		var h requestHead
		end, f := scanWhole(t, in, scanHead)
		if end == 0 || f != nil {
			return
		}
		original := bytes.Clone(in)
		f = h.parse(in[:end], testLimits)
		if !bytes.Equal(in, original) {
			t.Fatal("parse changed its input")
		}
		if f != nil {
			return
		}
		checkHead(t, in[:end], h.fields)
		checkRequest(t, &h)
		compareRequest(t, in, end, &h)
	})
}

// FuzzResponseHead does so for an answer to GET.
func FuzzResponseHead(f *testing.F) {
	f.Add(appResponseHead)
	f.Fuzz(func(t *testing.T, in []byte) {
		var h responseHead
		end, f := scanWhole(t, in, scanResponseHead)
		if end == 0 || f != nil {
			return
		}
		if h.parse(in[:end], testLimits) != nil {
			return
		}
		checkHead(t, in[:end], h.fields)
		compareResponse(t, in, end, &h)
	})
}

// FuzzChunked decodes a body at once, in pieces of up to step bytes, and by
// net/http.
func FuzzChunked(f *testing.F) {
	for _, in := range chunkedSeeds() {
		f.Add([]byte(in), byte(1))
	}
	f.Fuzz(func(t *testing.T, in []byte, step byte) {
		var d, pieces chunked
		got := decode(&d, in, func() int { return len(in) })
		if again := decode(&pieces, in, func() int { return 1 + int(step) }); again != got {
			t.Fatalf("in pieces of %d: got %+v, at once %+v", 1+int(step), again, got)
		}
		head := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		r := bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(in)))
		theirs, err := http.ReadRequest(r)
		if err != nil {
			t.Fatal(err)
		}
		compareBody(t, theirs.Body, &theirs.Trailer, r, got, d.trailers, in)
	})
}

func chunkedSeeds() []string {
	return []string{
		"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\nGET", "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0;c\r\nA: b\r\nHost: h\r\n\r\n",
		"1\r\nx\r\n1\r\ny\r\n1\r\nz\r\n00\r\n\r\n", string(smallChunkedBody), "1\r\nxy", "1;a\nx", "5\r\nhelloX", "0\r\nA : b\r\n\r\n",
	}
}

// scanWhole looks for the head at once and byte by byte, which must agree.
func scanWhole(t *testing.T, in []byte, scan func([]byte, int) (int, int, *message.Failure)) (int, *message.Failure) {
	t.Helper()
	end, _, f := scan(in, 0)
	for cut, from := 0, 0; cut <= len(in); cut++ {
		e, next, g := scan(in[:cut], from)
		if e > 0 || g != nil || cut == len(in) {
			// A NUL may come before a bare LF that is only found later; both
			// are refused.
			if e != end || (g == nil) != (f == nil) {
				t.Fatalf("byte by byte: got %d, %v; at once %d, %v", e, g, end, f)
			}
			break
		}
		from = next
	}
	return end, f
}

var forbidden = []*regexp.Regexp{
	regexp.MustCompile(`(?s)(^|[^\r])\n`),                           // bare LF
	regexp.MustCompile(`\r([^\n]|$)`),                               // bare CR
	regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`),          // controls
	regexp.MustCompile(`\n[ \t]`),                                   // folding
	regexp.MustCompile(`\n[^:\r]*[ \t]+:`),                          // space before the colon
	regexp.MustCompile(`\n:`),                                       // no name
	regexp.MustCompile(`\n[^:\r]+\r`),                               // no colon
	regexp.MustCompile(`(?is)\nhost:.*\nhost:`),                     // two
	regexp.MustCompile(`(?is)\ncontent-length:.*\ncontent-length:`), // two
	regexp.MustCompile(`(?is)\ntransfer-encoding:.*\ntransfer-encoding:`),
	regexp.MustCompile(`(?is)\ncontent-length:.*\ntransfer-encoding:`),
	regexp.MustCompile(`(?is)\ntransfer-encoding:.*\ncontent-length:`),
	regexp.MustCompile(`(?i)\ncontent-length:[^\r]*[^\r0-9 \t]`),
	regexp.MustCompile(`(?i)\ncontent-length:[ \t]*\r`),
}

var onlyChunked = regexp.MustCompile(`(?i)\ntransfer-encoding:[ \t]*chunked[ \t]*\r`)

// checkHead looks for what must be in no head that was accepted. It knows
// nothing of how the parser works.
func checkHead(t *testing.T, head []byte, fields message.Fields) {
	t.Helper()
	text := strings.TrimPrefix(string(head), "\r\n")
	for _, pattern := range forbidden {
		if found := pattern.FindString(latin1(text)); found != "" {
			t.Fatalf("accepted with %s: %q", pattern, found)
		}
	}
	if strings.Contains(strings.ToLower(text), "\ntransfer-encoding:") && !onlyChunked.MatchString(text) {
		t.Fatal("accepted with a coding that is not chunked")
	}
	for _, f := range fields {
		if f.ID != message.NameOf(f.Name) || f.ID.HopByHop() || f.ID == message.ContentLength || f.ID == message.Host {
			t.Fatalf("field %q must not go on", f.Name)
		}
		if !bytes.Equal(f.Value, bytes.Trim(f.Value, " \t")) {
			t.Fatalf("white space around %q", f.Value)
		}
	}
}

// latin1 makes each byte a rune, so that patterns see bytes.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

var (
	goodMethod = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,32}$")
	goodTarget = regexp.MustCompile(`^/[!$-;=@-\[\]-~A-Z]*(\?[!"$-~]*)?$`)
	goodHost   = regexp.MustCompile(`^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?$`)
)

func checkRequest(t *testing.T, h *requestHead) {
	t.Helper()
	if m := string(h.method); !goodMethod.MatchString(m) || m == "CONNECT" || m == "TRACE" {
		t.Fatalf("method %q", m)
	}
	if !goodTarget.Match(h.target) && (string(h.target) != "*" || string(h.method) != "OPTIONS") {
		t.Fatalf("target %q", h.target)
	}
	if !goodHost.Match(h.authority) && (len(h.authority) > 0 || h.minor == 1) {
		t.Fatalf("authority %q", h.authority)
	}
}

// A corpus that was lost would pass as one that finds nothing.
func TestFuzzSeedsAreThere(t *testing.T) {
	for target, least := range map[string]int{"FuzzRequestHead": 80, "FuzzResponseHead": 30, "FuzzChunked": 40} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
		if err != nil || len(files) < least {
			t.Errorf("%s: %d seeds, want at least %d (%v)", target, len(files), least, err)
		}
		for _, file := range files {
			seed, err := os.ReadFile(file)
			if err != nil || !bytes.HasPrefix(seed, []byte("go test fuzz v1\n[]byte(")) {
				t.Errorf("%s is no seed: %v", file, err)
			}
		}
	}
}
