package http2

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"sluice/message"
)

// FuzzHeadAgainstNet reads a section in four ways: as a request by head and by
// the server of golang.org/x/net/http2, as the head of HTTP/1.1 that it turns
// into by net/http, and as a trailer section.
//
// The others are more lenient, so there is nothing to say about what they
// accept and we refuse; but whatever we accept they must accept as well, and
// read alike.
func FuzzHeadAgainstNet(f *testing.F) {
	for _, tt := range headRefusals {
		f.Add(sectionSeed(tt.in), false)
	}
	for _, tt := range headReadings {
		f.Add(sectionSeed(tt.in), tt.end)
	}
	f.Add(sectionSeed(browserSection), true)
	f.Fuzz(func(t *testing.T, in []byte, endStream bool) {
		checkSection(t, sectionOf(in), endStream)
	})
}

// A seed has the lines of a section with lineEnd behind each, and valueStart
// before its value.
const (
	lineEnd    = "\x1e"
	valueStart = "\x1f"
)

func sectionSeed(all []sectionLine) []byte {
	var b []byte
	for _, l := range all {
		b = append(b, l.name+valueStart+l.value+lineEnd...)
	}
	return b
}

func sectionOf(seed []byte) (all []sectionLine) {
	for text := range strings.SplitSeq(strings.TrimSuffix(string(seed), lineEnd), lineEnd) {
		name, value, _ := strings.Cut(text, valueStart)
		all = append(all, sectionLine{name, value})
	}
	return all
}

// checkSection holds our reading of a section against all others.
func checkSection(t *testing.T, all []sectionLine, endStream bool) {
	t.Helper()
	var h head
	h.reset(headLimits)
	decodeSection(t, encodeSection(all), h.add)
	f := h.finishRequest(endStream)
	if f == nil {
		checkHead(t, &h)
		compareXNet(t, &h, all, endStream)
		compareDowngraded(t, &h)
	}
	if (f == nil) && h.malformed || f != nil && !h.malformed != headFaultRows[h.bad].refused {
		t.Fatalf("%v, malformed %v", f, h.malformed)
	}
	h.reset(headLimits)
	decodeSection(t, encodeSection(all), h.add)
	if h.finishTrailers() == nil {
		checkFields(t, h.fields)
		compareTrailers(t, h.fields)
	}
}

func encodeSection(all []sectionLine) []byte {
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, l := range all {
		enc.WriteField(hpack.HeaderField{Name: l.name, Value: l.value})
	}
	return block.Bytes()
}

func decodeSection(t *testing.T, block []byte, add func(name, value string)) {
	t.Helper()
	dec := hpack.NewDecoder(4096, func(f hpack.HeaderField) { add(f.Name, f.Value) })
	if _, err := dec.Write(block); err != nil {
		t.Fatal(err)
	}
	if err := dec.Close(); err != nil {
		t.Fatal(err)
	}
}

var (
	goodMethod = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9A-Za-z]{1,32}$")
	goodTarget = regexp.MustCompile(`^/[!$-;=@-\[\]-~A-Z]*(\?[!"$-~]*)?$`)
	goodHost   = regexp.MustCompile(`^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?$`)
	goodName   = regexp.MustCompile("^[!#$%&'*+\\-.^_`|~0-9a-z]+$")
	goodValue  = regexp.MustCompile(`^([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?$`)
)

// checkHead looks for what no request that was accepted may have. It knows
// nothing of how it was read.
func checkHead(t *testing.T, h *head) {
	t.Helper()
	if m := string(h.method); !goodMethod.MatchString(m) || m == "CONNECT" || m == "TRACE" {
		t.Fatalf("method %q", m)
	}
	if !goodTarget.Match(h.target) && (string(h.target) != "*" || string(h.method) != "OPTIONS") {
		t.Fatalf("target %q", h.target)
	}
	if !goodHost.Match(h.authority) {
		t.Fatalf("authority %q", h.authority)
	}
	if h.connect != (h.upgrade != nil) || h.connect && (h.length != 0 || !strings.EqualFold(string(h.upgrade), "websocket")) {
		t.Fatalf("connect %v, upgrade %q, length %d", h.connect, h.upgrade, h.length)
	}
	if h.length < -1 || h.urgency > 7 {
		t.Fatalf("length %d, urgency %d", h.length, h.urgency)
	}
	checkFields(t, h.fields)
	if h.fields.Count(message.Cookie) > 1 {
		t.Fatal("more than one cookie")
	}
}

func checkFields(t *testing.T, fields message.Fields) {
	t.Helper()
	for _, f := range fields {
		if f.ID != message.NameOf(f.Name) || f.ID.HopByHop() || f.ID == message.ContentLength || f.ID == message.Host {
			t.Fatalf("field %q must not go on", f.Name)
		}
		if !goodName.Match(f.Name) || !goodValue.MatchString(latin1(f.Value)) {
			t.Fatalf("field %q: %q", f.Name, f.Value)
		}
	}
}

// latin1 makes each byte a rune, so that patterns see bytes.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// Fuzzing seldom finds its way to sections that are right but for one thing.
// These are made of pieces that are.
func TestRandomSectionsAreReadAsOthersReadThem(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	methods := []string{"GET", "POST", "OPTIONS", "CONNECT", "get", "G T"}
	schemes := []string{"https", "http", "HTTP", "ftp"}
	paths := []string{"/", "/a?b=c", "*", "//a", "/%zz", "/a b", "", "/?%", "/a;b"}
	hosts := []string{"h", "H", "h:443", "[::1]:80", "a@b", "", "shop.example.com"}
	names := []string{"a", "cookie", "host", "te", "content-length", "expect", "priority", "trailer", "x-forwarded-for", "A",
		"connection", "if-match", "pragma", "cache-control", "content-type", ":path", "accept-encoding"}
	values := []string{"", "b", "h", "trailers", "0", "7", "100-continue", "u=1", "no-cache", " c", "d ", "e\tf", "\x80", "a, b", ";"}
	accepted := 0
	for range 4000 {
		all := []sectionLine{{":method", pick(methods[:3+random.IntN(4)])}, {":scheme", pick(schemes[:2+random.IntN(3)])},
			{":path", pick(paths[:3+random.IntN(7)])}}
		if random.IntN(8) > 0 {
			all = append(all, sectionLine{":authority", pick(hosts[:3+random.IntN(5)])})
		}
		if random.IntN(8) == 0 {
			all = append(all, sectionLine{":protocol", "websocket"})
		}
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for range random.IntN(6) {
			all = append(all, sectionLine{pick(names[:9+random.IntN(9)]), pick(values[:9+random.IntN(7)])})
		}
		endStream := random.IntN(2) == 0
		checkSection(t, all, endStream)
		var h head
		h.addAll(headLimits, all)
		if h.finishRequest(endStream) == nil {
			accepted++
		}
	}
	if accepted < 200 {
		t.Errorf("only %d were accepted", accepted)
	}
}

// A corpus that was lost would pass as one that finds nothing.
func TestHeadFuzzSeedsAreThere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "fuzz", "FuzzHeadAgainstNet", "*"))
	if err != nil || len(files) < 60 {
		t.Errorf("%d seeds, want at least 60 (%v)", len(files), err)
	}
	for _, file := range files {
		seed, err := os.ReadFile(file)
		if err != nil || !bytes.HasPrefix(seed, []byte("go test fuzz v1\n[]byte(")) {
			t.Errorf("%s is no seed: %v", file, err)
		}
	}
}
