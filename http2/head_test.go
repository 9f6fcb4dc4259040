package http2

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"sluice/message"
)

var headLimits = Limits{Head: 32 << 10, Fields: 100}

// sectionLine is one field line of a section in a test.
type sectionLine struct{ name, value string }

// section makes field lines of "name=value".
func section(text ...string) (all []sectionLine) {
	for _, s := range text {
		name, value, _ := strings.Cut(s, "=")
		all = append(all, sectionLine{name, value})
	}
	return all
}

// getSection is a request for https://h/a with the given lines behind its
// pseudo-fields.
func getSection(text ...string) []sectionLine {
	return append(section(":method=GET", ":scheme=https", ":authority=h", ":path=/a"), section(text...)...)
}

// getWith is getSection with the value of one of its lines replaced, or
// without that line when there is no "=".
func getWith(text string, more ...string) (all []sectionLine) {
	name, value, sent := strings.Cut(text, "=")
	for _, l := range getSection(more...) {
		switch {
		case l.name != name:
			all = append(all, l)
		case sent:
			all = append(all, sectionLine{name, value})
		}
	}
	return all
}

// connectSection is an extended CONNECT to wss://h/a.
func connectSection(text ...string) []sectionLine {
	return append(section(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=h", ":path=/a"), section(text...)...)
}

// addAll fills h, which is reset before.
func (h *head) addAll(limits Limits, all []sectionLine) {
	h.reset(limits)
	for _, l := range all {
		h.add(l.name, l.value)
	}
}

func (f headFault) String() string { return fmt.Sprintf("%d %s", uint8(f), headFaultRows[f].words) }

// headFaultOf returns which row of a table f is.
func headFaultOf(t *testing.T, all *[headFaults]*message.Failure, f *message.Failure) headFault {
	t.Helper()
	for i := range all {
		if all[i] == f {
			return headFault(i)
		}
	}
	t.Fatalf("%v is none of the failures", f)
	return headFaultNone
}

// meaning writes what a section says so that tables can say what it must be.
func (h *head) meaning() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s length %d", h.method, h.target, h.authority, h.length)
	if h.upgrade != nil || h.connect {
		fmt.Fprintf(&b, " upgrade %s %v", h.upgrade, h.connect)
	}
	if h.trailers {
		b.WriteString(" trailers")
	}
	if h.urgency != headUrgency {
		fmt.Fprintf(&b, " urgency %d", h.urgency)
	}
	if h.malformed {
		b.WriteString(" malformed")
	}
	return b.String() + fieldText(h.fields)
}

func fieldText(fields message.Fields) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "|%s=%s", f.Name, f.Value)
	}
	return b.String()
}

// headReadings is what finishRequest accepts, and what it means.
var headReadings = []struct {
	in   []sectionLine
	end  bool // END_STREAM
	want string
}{
	{getSection(), true, "GET /a h length 0"},
	{getSection("a=b", "c=d=e", "f=", "g=\x80\xff \t~", "a=2"), true, "GET /a h length 0|a=b|c=d=e|f=|g=\x80\xff \t~|a=2"},
	{getSection("!#$%&'*+-.^_`|~09az=b"), true, "GET /a h length 0|!#$%&'*+-.^_`|~09az=b"},
	{section(":path=/", ":authority=h", ":scheme=http", ":method=HEAD"), true, "HEAD / h length 0"},

	// "The method token is case-sensitive" (RFC 9110 section 9.1).
	{getWith(":method=get"), true, "get /a h length 0"},
	{getWith(":method=M-SEARCH"), true, "M-SEARCH /a h length 0"},
	{getWith(":method=" + strings.Repeat("M", 32)), true, strings.Repeat("M", 32) + " /a h length 0"},

	// "An implementation should accept uppercase letters as equivalent to
	// lowercase in scheme names (e.g., allow "HTTP" as well as "http") for
	// the sake of robustness" (RFC 3986 section 3.1).
	{getWith(":scheme=HTTPS"), true, "GET /a h length 0"},

	// "The ":path" pseudo-header field includes the path and query parts
	// of the target URI" and "A request in asterisk form (for OPTIONS)
	// includes the value '*' for the ":path" pseudo-header field" (RFC
	// 9113 section 8.3.1). The bytes are those of http1.
	{getWith(":path=/a;b=c/%7e/:@!$&'()*+,;=|[]{}^`%?/?:@\"<>\\|{}[]^`%"), true,
		"GET /a;b=c/%7e/:@!$&'()*+,;=|[]{}^`%?/?:@\"<>\\|{}[]^`% h length 0"},
	{getWith(":path=//a/../b"), true, "GET //a/../b h length 0"},
	{section(":method=OPTIONS", ":scheme=https", ":authority=h", ":path=*"), true, "OPTIONS * h length 0"},

	// "The recipient of an HTTP/2 request MUST NOT use the Host header
	// field to determine the target URI if ":authority" is present" (RFC
	// 9113 section 8.3.1): without it, it may.
	{getWith(":authority", "host=G:80"), true, "GET /a G:80 length 0"},
	{getSection("host=h"), true, "GET /a h length 0"},
	{getWith(":authority=Shop.example:8443", "host=sHOP.example:8443"), true, "GET /a Shop.example:8443 length 0"},
	{getWith(":authority=[2001:db8::1]:443"), true, "GET /a [2001:db8::1]:443 length 0"},

	// "Any Content-Length field value greater than or equal to zero is
	// valid" (RFC 9110 section 8.6).
	{getSection(), false, "GET /a h length -1"},
	{getSection("content-length=12"), false, "GET /a h length 12"},
	{getSection("content-length=0012"), false, "GET /a h length 12"},
	{getSection("content-length=0"), false, "GET /a h length 0"},
	{getSection("content-length=0"), true, "GET /a h length 0"},

	// "TE [...] MUST NOT contain any value other than "trailers"" (RFC
	// 9113 section 8.2.2).
	{getSection("a=1", "te=trailers", "b=2"), true, "GET /a h length 0 trailers|a=1|b=2"},
	// Trailer is of each hop, as on HTTP/1.1.
	{getSection("trailer=a", "b=2"), false, "GET /a h length -1|b=2"},

	// "A server that receives an Expect field value containing a member
	// other than 100-continue MAY respond with a 417" (RFC 9110 section
	// 10.1.1).
	{getSection("expect=100-Continue"), false, "GET /a h length -1|expect=100-Continue"},

	// RFC 9218 section 4.1: "The default is 3."
	{getSection("priority=u=1, i"), true, "GET /a h length 0 urgency 1|priority=u=1, i"},
	{getSection("priority=u=1", "priority=u=5"), true, "GET /a h length 0 urgency 5|priority=u=1|priority=u=5"},
	{getSection("priority=i"), true, "GET /a h length 0|priority=i"},

	// "these MUST be concatenated into a single octet string using the
	// two-octet delimiter of 0x3b, 0x20 (the ASCII string "; ")" (RFC 9113
	// section 8.2.3).
	{getSection("cookie=a=b"), true, "GET /a h length 0|cookie=a=b"},
	{getSection("cookie=a=b", "cookie=c=d", "cookie=e=f"), true, "GET /a h length 0|cookie=a=b; c=d; e=f"},
	{getSection("x=1", "cookie=a=b", "y=2", "host=h", "cookie=c=d", "z=3", "cookie=e=f"), true,
		"GET /a h length 0|x=1|cookie=a=b; c=d; e=f|y=2|z=3"},
	{getSection("te=trailers", "cookie=a", "cookie=b", "x=1"), true, "GET /a h length 0 trailers|cookie=a; b|x=1"},
	{getSection("cookie=a;", "cookie=b"), true, "GET /a h length 0|cookie=a;; b"},
	// Empty crumbs are left out; see cookie.
	{getSection("cookie="), true, "GET /a h length 0|cookie="},
	{getSection("cookie=", "cookie="), true, "GET /a h length 0|cookie="},
	{getSection("cookie=", "x=1", "cookie=a", "cookie=", "cookie=b", "cookie="), true, "GET /a h length 0|cookie=a; b|x=1"},

	// "On requests that contain the :protocol pseudo-header field, the
	// :scheme and :path pseudo-header fields of the target URI [...] MUST
	// also be included" (RFC 8441 section 4). "A CONNECT request message does
	// not have content" (RFC 9110 section 9.3.6).
	{connectSection(), false, "GET /a h length 0 upgrade websocket true"},
	{connectSection("host=H", "content-length=0", "sec-websocket-version=13"), false,
		"GET /a h length 0 upgrade websocket true|sec-websocket-version=13"},
	{section(":path=/", ":authority=h", ":scheme=http", ":protocol=WebSocket", ":method=CONNECT"), true,
		"GET / h length 0 upgrade WebSocket true"},
}

func TestHeadReads(t *testing.T) {
	var h head
	for _, tt := range headReadings {
		h.addAll(headLimits, tt.in)
		if f := h.finishRequest(tt.end); f != nil {
			t.Errorf("%q: refused: %v", tt.in, f)
		} else if got := h.meaning(); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.in, got, tt.want)
		}
		for _, f := range h.fields {
			if f.ID != message.NameOf(f.Name) {
				t.Errorf("%q: field %s has ID %s", tt.in, f.Name, f.ID)
			}
		}
	}
}

// A section is read into the place of the one before: nothing may be left.
func TestHeadForgetsTheOneBefore(t *testing.T) {
	var used head
	first := connectSection("te=trailers", "priority=u=0", "cookie=a", "cookie=b", "host=h", "content-length=0", "expect=x",
		"a="+strings.Repeat("b", 5000))
	for _, second := range [][]sectionLine{
		getSection("b=c"), getWith(":authority", "host=g", "content-length=7"), connectSection(), getSection("cookie=c", "cookie=d"),
		getSection("A=b"), getSection("x=", "expect=100-continue"),
	} {
		var fresh head
		used.addAll(headLimits, first)
		used.finishRequest(false)
		used.addAll(headLimits, second)
		fresh.addAll(headLimits, second)
		if got, want := used.finishRequest(false), fresh.finishRequest(false); got != want {
			t.Errorf("%q: got %v, want %v", second, got, want)
		}
		if got, want := used.meaning(), fresh.meaning(); got != want || used.size() != fresh.size() {
			t.Errorf("%q:\n got %s, %d\nwant %s, %d", second, got, used.size(), want, fresh.size())
		}
	}
}

// The strings that HPACK gives out may lie in memory that it uses again, and a
// section may have more than the struct has place for.
func TestHeadKeepsWhatItWasGivenWhateverItsSize(t *testing.T) {
	var h head
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		h.reset(Limits{Head: 1 << 20, Fields: 1000})
		h.add(":method", "GET")
		h.add(":scheme", "https")
		h.add(":authority", "h")
		path := "/" + strings.Repeat("p", random.IntN(1<<random.IntN(15)))
		h.add(":path", path)
		want := ""
		for i := range random.IntN(150) {
			name := fmt.Sprintf("n%d", i)
			value := strings.Repeat(string(rune('a'+i%26)), random.IntN(1<<random.IntN(13)))
			h.add(name, value)
			want += "|" + name + "=" + value
		}
		f := h.finishRequest(true)
		if got := fieldText(h.fields); f != nil || got != want || string(h.target) != path {
			t.Fatalf("%v\n got %s\nwant %s", f, got, want)
		}
	}
	h.reset(headLimits)
	if cap(h.text) != headText || cap(h.fields) != headFields || h.target != nil {
		t.Error("reset keeps what a large section needed")
	}
	for _, f := range h.fixedFields {
		if f.Name != nil || f.Value != nil {
			t.Fatal("reset keeps slices of what a large section needed")
		}
	}
}

// Each result is cut off at its end: appending to one must not write over
// another.
func TestHeadGivesOutSlicesWithoutRoom(t *testing.T) {
	var h head
	h.addAll(headLimits, connectSection("a=b", "cookie=c", "cookie=d"))
	if f := h.finishRequest(false); f != nil {
		t.Fatal(f)
	}
	all := [][]byte{h.authority, h.target, h.upgrade}
	for _, f := range h.fields {
		all = append(all, f.Name, f.Value)
	}
	for _, b := range all {
		if len(b) != cap(b) {
			t.Errorf("%q has room for %d more", b, cap(b)-len(b))
		}
	}
}
