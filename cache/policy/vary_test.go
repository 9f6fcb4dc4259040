package policy

import (
	"bytes"
	"strings"
	"testing"

	"sluice/message"
)

// RFC 9111 section 4.1: "The header fields from two requests are defined to
// match if and only if those in the first request can be transformed to those
// in the second request by" adding or removing white space, combining lines,
// and normalising values as their semantics allow. "If (after any
// normalization that might take place) a header field is absent from a
// request, it can only match another request if it is also absent there."
func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		want   bool
		vary   string
		first  []string
		second []string
	}{
		{true, "Foo", []string{"Foo: 1"}, []string{"Foo: 1"}},
		{true, "foo", []string{"FOO: 1"}, []string{"fOO: 1", "Other: 2"}},
		{false, "Foo", []string{"Foo: 1"}, []string{"Foo: 2"}},
		{false, "Foo", []string{"Foo: 1"}, []string{"Foo: 12"}},
		{false, "Foo", []string{"Foo: 12"}, []string{"Foo: 1"}},
		{false, "Foo", []string{"Foo: a"}, []string{"Foo: A"}},
		{false, "Foo", nil, []string{"Foo: 1"}},
		{false, "Foo", []string{"Foo: 1"}, nil},
		{true, "Foo", nil, nil},
		{false, "Foo", nil, []string{"Foo:"}},
		{false, "Foo", []string{"Foo:"}, nil},
		{true, "Foo", []string{"Foo:"}, []string{"Foo: "}},
		{true, "Foo", []string{"Foo: 1, 2"}, []string{"Foo: 1", "Bar: x", "Foo: 2"}},
		{true, "Foo", []string{"Foo: 1,2"}, []string{"Foo:  1 ,\t2 "}},
		{false, "Foo", []string{"Foo: 1,2"}, []string{"Foo: 2", "Foo: 1"}},
		{false, "Foo", []string{"Foo: 1,2"}, []string{"Foo: 1,,2"}},
		{false, "Foo", []string{"Foo: 1"}, []string{"Foo: 1,"}},
		{false, "Foo", []string{"Foo: 1"}, []string{"Foo: 1", "Foo:"}},
		{true, "Foo", []string{"Foo: ,1"}, []string{"Foo:", "Foo: 1"}},
		{false, "Foo", []string{`Foo: "a , b"`}, []string{`Foo: "a,b"`}},
		{true, "Foo", []string{`Foo: "a , b" , c`}, []string{`Foo: "a , b",c`}},
		{false, "Foo", []string{"Foo: a b"}, []string{"Foo: ab"}},
		{true, "Foo, Bar", []string{"Foo: 1", "Bar: abc"}, []string{"Bar: abc", "Foo: 1"}},
		{false, "Foo, Bar, Baz", []string{"Foo: 1", "Bar: a", "Baz: 7"}, []string{"Foo: 1", "Baz: 7", "Bar: b"}},
		{true, "Foo, Bar, Baz", []string{"Foo: 1", "Baz: 7"}, []string{"Foo: 1", "Baz: 7"}},
		{false, "Foo, Bar", []string{"Foo: 1"}, []string{"Foo: 1", "Bar:"}},
		{true, "Accept-Encoding", []string{"Accept-Encoding: gzip, BR"}, []string{"accept-encoding: GZIP,br"}},
		{false, "Accept-Encoding", []string{"Accept-Encoding: gzip"}, []string{"Accept-Encoding: br"}},
		{true, "Accept-Language", []string{"Accept-Language: en, de"}, []string{"Accept-Language:  eN ,   De"}},
		{false, "Accept-Language", []string{"Accept-Language: en, de"}, []string{"Accept-Language: de, en"}},
		{true, "Cookie", []string{"Cookie: a=1", "Cookie: b=2"}, []string{"Cookie: a=1;b=2"}},
		{false, "Cookie", []string{"Cookie: a=1", "Cookie: b=2"}, []string{"Cookie: a=1,b=2"}},
		{false, "Cookie", []string{"Cookie: a=1, 2"}, []string{"Cookie: a=1,2"}},
		{true, ", Foo,,", []string{"Foo: 1"}, []string{"Foo: 1"}},
		{true, "", []string{"Foo: 1"}, []string{"Foo: 2"}},
	} {
		resp := fields("Vary: " + tt.vary)
		key, ok := AppendVary([]byte("before"), get(tt.first...), resp)
		if !ok || !bytes.HasPrefix(key, []byte("before")) {
			t.Errorf("Vary %q of %q: %q, %v", tt.vary, tt.first, key, ok)
			continue
		}
		key = key[len("before"):]
		if got := Matches(key, get(tt.second...)); got != tt.want {
			t.Errorf("Vary %q: %q for %q: %v, want %v", tt.vary, tt.second, tt.first, got, tt.want)
		}
		other, _ := AppendVary(nil, get(tt.second...), resp)
		if bytes.Equal(key, other) != tt.want {
			t.Errorf("Vary %q: %q and %q: the same variant is %v, want %v", tt.vary, tt.first, tt.second, !tt.want, tt.want)
		}
	}
}

// A client must not get a coding that it can't read because an application has
// forgotten "Vary: Accept-Encoding".
func TestContentEncodingVaries(t *testing.T) {
	zip, plain := get("Accept-Encoding: gzip"), get()
	for _, lines := range [][]string{
		{"Content-Encoding: gzip"},
		{"Content-Encoding: gzip", "Vary: Foo"},
		{"Content-Encoding: gzip", "Vary: ACCEPT-encoding"},
	} {
		key, ok := AppendVary(nil, zip, fields(lines...))
		if !ok || !Matches(key, zip) || Matches(key, plain) {
			t.Errorf("%q: gzip is for everybody", lines)
		}
		if n := bytes.Count(key, []byte(acceptEncoding)); n != 1 {
			t.Errorf("%q: Accept-Encoding is there %d times", lines, n)
		}
	}
	if key, ok := AppendVary(nil, zip, fields("X: y")); !ok || len(key) != 0 {
		t.Errorf("without Content-Encoding and Vary: %q, %v", key, ok)
	}
}

// The wire takes Host out of the fields.
func TestVaryOnHost(t *testing.T) {
	r, other := get(), get()
	other.Authority = []byte("other.example")
	key, ok := AppendVary(nil, r, fields("Vary: Host"))
	if !ok || !Matches(key, r) || Matches(key, other) {
		t.Errorf("%q, %v", key, ok)
	}
}

func TestAppendVaryHasBounds(t *testing.T) {
	long := strings.Repeat("x", maxVaryBytes)
	for name, tt := range map[string]struct {
		r    *message.Request
		resp message.Fields
	}{
		"star":                       {get(), fields("Vary: *")},
		"star among others":          {get(), fields("Vary: a", "Vary: b, *")},
		"17 names":                   {get(), fields("Vary: " + strings.Repeat("a,", 17))},
		"no name":                    {get(), fields("Vary: a;b")},
		"a name too long":            {get(), fields("Vary: " + strings.Repeat("a", 256))},
		"a long value":               {get("Foo: " + long), fields("Vary: Foo")},
		"long names":                 {get(), fields("Vary: " + strings.Repeat(strings.Repeat("a", 250)+",", 9))},
		"a long value of the coding": {get("Accept-Encoding: " + long), fields("Content-Encoding: x")},
		"each client another":        {get(), fields("Vary: x-real-ip")},
	} {
		if key, ok := AppendVary([]byte("before"), tt.r, tt.resp); ok || string(key) != "before" {
			t.Errorf("%s: %d bytes, %v", name, len(key), ok)
		}
	}
}

// What Matches reads may be damaged; it must not be read beyond its end.
func TestMatchesOfDamagedBytes(t *testing.T) {
	r := get("Foo: 1, 2")
	key, _ := AppendVary(nil, r, fields("Vary: Foo, Bar"))
	for i := 1; i < len(key); i++ {
		for _, c := range []byte{0, 1, 255} {
			damaged := bytes.Clone(key)
			damaged[i] = c
			Matches(damaged, r)
		}
		if Matches(key[:i:i], r) && i != bytes.Index(key, []byte("\x03bar")) {
			t.Errorf("the first %d bytes match", i)
		}
	}
}
