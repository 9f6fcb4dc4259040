package grammar

import (
	"strings"
	"testing"
)

// RFC 9110 section 5.6.2: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" /
// "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA.
//
// RFC 9113 section 8.2.1: "A field name MUST NOT contain characters in the
// ranges 0x00-0x20, 0x41-0x5a, or 0x7f-0xff (all ranges inclusive)."
//
// RFC 3986 section 2.3: unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~".
func TestCharClasses(t *testing.T) {
	const lower = "0123456789abcdefghijklmnopqrstuvwxyz"
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lower
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
		class Class
		want  string
	}{
		{"token", Token, "!#$%&'*+-.^_`|~" + alnum},
		{"lower token", LowerToken, "!#$%&'*+-.^_`|~" + lower},
		{"host", HostName, "-._~" + alnum},
		{"path", Path, without(`#?"<>\`)},
		{"query", Query, without("#")},
	} {
		for c := range 256 {
			got := tt.class.Has(byte(c))
			if want := c < 0x80 && strings.IndexByte(tt.want, byte(c)) >= 0; got != want {
				t.Errorf("%s %q: got %v, want %v", tt.name, rune(c), got, want)
			}
		}
	}
}
