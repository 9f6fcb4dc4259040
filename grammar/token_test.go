package grammar

import "testing"

// "token = 1*tchar" (RFC 9110 section 5.6.2).
func TestIsToken(t *testing.T) {
	for in, want := range map[string]bool{
		"GET": true, "m-search": true, "!#$%&'*+-.^_`|~09azAZ": true,
		"": false, "a b": false, "a/b": false, "a\x00": false, "a\x80": false, ":a": false,
	} {
		if got := IsToken([]byte(in)); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

// "OWS = *( SP / HTAB )" (RFC 9110 section 5.6.3).
func TestTrimSpace(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " \t ": "", "a": "a", " a b\t": "a b", "\x0ba\x0c": "\x0ba\x0c", "\u00a0a ": "\u00a0a",
	} {
		if got := string(TrimSpace([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// "Field names are case-insensitive" (RFC 9110 section 5.1), and consist of
// ASCII.
func TestEqualNames(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "", true},
		{"Shop.example:80", "sHOP.EXAMPLE:80", true},
		{"a", "ab", false},
		{"a", "b", false},
		{"k", "\u212a", false},
		{"@", "`", false}, // they differ in the bit that case is
		{"[", "{", false},
		{"\xc4", "\xe4", false},
	} {
		if got := EqualNames([]byte(tt.a), tt.b); got != tt.want {
			t.Errorf("%q, %q: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if got := EqualNames([]byte(tt.b), []byte(tt.a)); got != tt.want {
			t.Errorf("%q, %q: got %v, want %v", tt.b, tt.a, got, tt.want)
		}
	}
}
