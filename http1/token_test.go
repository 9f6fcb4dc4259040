package http1

import (
	"strings"
	"testing"
)

// RFC 9110 section 5.6.2: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" /
// "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA.
//
// RFC 3986 section 2.3: unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~".
func TestCharClasses(t *testing.T) {
	const alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	visible := ""
	for c := '!'; c <= '~'; c++ {
		visible += string(c)
	}
	without := func(cut string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(cut, r) {
				return -1
			}
			return r
		}, visible)
	}
	for _, tt := range []struct {
		name  string
		class uint8
		want  string
	}{
		{"token", classToken, "!#$%&'*+-.^_`|~" + alnum},
		{"host", classHost, "-._~" + alnum},
		{"path", classPath, without(`#?"<>\`)},
		{"query", classQuery, without("#")},
	} {
		for c := range 256 {
			got := charClass[c]&tt.class != 0
			if want := c < 0x80 && strings.IndexByte(tt.want, byte(c)) >= 0; got != want {
				t.Errorf("%s %q: got %v, want %v", tt.name, rune(c), got, want)
			}
		}
	}
}

func TestNextItem(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"a":             "a",
		" a\t, b ":      "a|b",
		",a,,b,":        "|a||b|",
		"\x0ba,\u00a0b": "\x0ba|\u00a0b", // neither is OWS
	} {
		var got []string
		for list := []byte(in); len(list) > 0; {
			var item []byte
			item, list = nextItem(list)
			got = append(got, string(item))
			if list != nil && len(list) == 0 {
				got = append(got, "")
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
