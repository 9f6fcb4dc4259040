package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	regexp.MustCompile(`(?s)(^|[^\r])\n`),                          // bare LF
	regexp.MustCompile(`\r([^\n]|$)`),                              // bare CR
	regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`),         // controls
	regexp.MustCompile(`\n[ \t]`),                                  // folding
	regexp.MustCompile(`\n[^:\r]*[ \t]+:`),                         // space before the colon
	regexp.MustCompile(`\n:`),                                      // no name
	regexp.MustCompile(`\n[^:\r]+\r`),                              // no colon
	regexp.MustCompile(`(?is)\nhost:.*\nhost:`),                    // two
	regexp.MustCompile(`(?is)\ncontent-length:.*\ncontent-length`), // two
	regexp.MustCompile(`(?is)\ntransfer-encoding:.*\ntransfer-encoding`),
	regexp.MustCompile(`(?is)\ncontent-length:.*\ntransfer-encoding`),
	regexp.MustCompile(`(?is)\ntransfer-encoding:.*\ncontent-length`),
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

func compareRequest(t *testing.T, in []byte, end int, h *requestHead) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(in))
	theirs, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if string(h.method) != theirs.Method || h.minor != min(theirs.ProtoMinor, 1) || theirs.ProtoMajor != 1 {
		t.Fatalf("got %s 1.%d, net/http %s %s", h.method, h.minor, theirs.Method, theirs.Proto)
	}
	if !strings.EqualFold(string(h.authority), theirs.Host) {
		t.Fatalf("got host %q, net/http %q", h.authority, theirs.Host)
	}
	if want := originForm(theirs.Method, theirs.RequestURI); string(h.target) != want {
		t.Fatalf("got target %q, want %q of %q", h.target, want, theirs.RequestURI)
	}
	if h.length != theirs.ContentLength {
		t.Fatalf("got length %d, net/http %d", h.length, theirs.ContentLength)
	}
	if h.close != theirs.Close {
		t.Fatalf("got close %v, net/http %v", h.close, theirs.Close)
	}
	if h.minor == 0 {
		theirs.Header.Del("Expect")
	}
	compareFields(t, in[:end], h.fields, theirs.Header)
	body := in[end:]
	var d chunked
	got := sized(body, h.length)
	if h.length < 0 {
		got = decode(&d, body, func() int { return len(body) })
	}
	compareBody(t, theirs.Body, &theirs.Trailer, r, got, d.trailers, body)
}

// originForm reduces an absolute target by looking for slashes only.
func originForm(method, target string) string {
	if target[0] == '/' || target == "*" {
		return target
	}
	_, rest, _ := strings.Cut(target, "://")
	if i := strings.IndexAny(rest, "/?"); i < 0 {
		rest = ""
	} else {
		rest = rest[i:]
	}
	switch {
	case rest == "" && method == "OPTIONS":
		return "*"
	case rest == "" || rest[0] == '?':
		return "/" + rest
	}
	return rest
}

func compareResponse(t *testing.T, in []byte, end int, h *responseHead) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(in))
	theirs, err := http.ReadResponse(r, &http.Request{Method: "GET"})
	if err != nil {
		return
	}
	if h.status != theirs.StatusCode || h.minor != min(theirs.ProtoMinor, 1) || theirs.ProtoMajor != 1 {
		t.Fatalf("got 1.%d %d, net/http %s %d", h.minor, h.status, theirs.Proto, theirs.StatusCode)
	}
	_, reason, _ := strings.Cut(theirs.Status, " ")
	if strings.TrimSpace(string(h.reason)) != strings.TrimSpace(reason) {
		t.Fatalf("got reason %q, net/http %q", h.reason, theirs.Status)
	}
	compareFields(t, in[:end], h.fields, theirs.Header)
	if h.status < 200 || h.status == 204 || h.status == 304 {
		return
	}
	if h.length != theirs.ContentLength || h.chunked != (theirs.TransferEncoding != nil) {
		t.Fatalf("got length %d, chunked %v; net/http %d, %v", h.length, h.chunked, theirs.ContentLength, theirs.TransferEncoding)
	}
	body := in[end:]
	var d chunked
	got := sized(body, h.length)
	switch {
	case h.chunked:
		got = decode(&d, body, func() int { return len(body) })
	case h.length < 0:
		got = decoded{string(body), len(body), true, nil}
	}
	compareBody(t, theirs.Body, &theirs.Trailer, r, got, d.trailers, body)
}

// sized is a body of n bytes at the beginning of in.
func sized(in []byte, n int64) decoded {
	used := int(min(max(n, 0), int64(len(in))))
	return decoded{string(in[:used]), used, int64(used) == n, nil}
}

// compareBody holds got, read from in, against a body of net/http on r.
func compareBody(t *testing.T, body io.Reader, trailer *http.Header, r *bufio.Reader, got decoded, trailers message.Fields, in []byte) {
	t.Helper()
	data, err := io.ReadAll(body)
	if !got.done || err != nil {
		// One of them wants more, or refuses; what was read so far agrees.
		n := min(len(data), len(got.data))
		if string(data[:n]) != got.data[:n] {
			t.Fatalf("got body %q, net/http %q", got.data, data)
		}
		if got.bad == nil && !got.done && err == nil {
			t.Fatalf("net/http sees the end of the body, we do not: %+v", got)
		}
		return
	}
	if string(data) != got.data {
		t.Fatalf("got body %q, net/http %q", got.data, data)
	}
	rest, _ := io.ReadAll(r)
	if string(rest) != string(in[got.used:]) {
		t.Fatalf("got the next message at %q, net/http at %q", in[got.used:], rest)
	}
	ours := header(trailers)
	for name, values := range *trailer {
		if mayTrail(message.Field{Name: []byte(name), ID: message.NameOf([]byte(name))}) && !slices.Equal(values, ours[name]) {
			t.Fatalf("trailer %s: got %q, net/http %q", name, ours[name], values)
		}
	}
	for name := range ours {
		if _, ok := (*trailer)[name]; !ok {
			t.Fatalf("trailer %s is unknown to net/http", name)
		}
	}
}

// compareFields holds the end-to-end fields against all that net/http saw.
func compareFields(t *testing.T, head []byte, fields message.Fields, theirs http.Header) {
	t.Helper()
	ours := header(fields)
	// net/http adds this one by itself.
	if theirs.Get("Pragma") == "no-cache" && ours["Cache-Control"] == nil {
		delete(theirs, "Cache-Control")
	}
	nominated := map[string]bool{}
	for line := range strings.SplitSeq(string(head), "\r\n") { // net/http may have deleted the field
		name, list, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Connection") {
			continue
		}
		for option := range strings.SplitSeq(list, ",") {
			nominated[textproto.CanonicalMIMEHeaderKey(strings.Trim(option, " \t"))] = true
		}
	}
	for name, values := range theirs {
		id := message.NameOf([]byte(name))
		if id.HopByHop() || id == message.ContentLength || id == message.Host || nominated[name] {
			if ours[name] != nil {
				t.Fatalf("field %s must not go on", name)
			}
			continue
		}
		if !slices.Equal(ours[name], values) {
			t.Fatalf("field %s: got %q, net/http %q", name, ours[name], values)
		}
	}
	for name := range ours {
		if _, ok := theirs[name]; !ok {
			t.Fatalf("field %s is unknown to net/http", name)
		}
	}
}

// header makes of fields what net/http would.
func header(fields message.Fields) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h.Add(string(f.Name), string(f.Value))
	}
	return h
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
