package message

import (
	"strings"
	"testing"
)

// RFC 9110 section 5.1: "Field names are case-insensitive".
func TestNameOfKnowsEachNameInAnyCase(t *testing.T) {
	for n := OtherName + 1; n < names; n++ {
		word := n.String()
		for _, spelt := range []string{word, strings.ToUpper(word), title(word), alternating(word)} {
			if got := NameOf([]byte(spelt)); got != n {
				t.Errorf("NameOf(%q) = %d (%s), want %d", spelt, got, got, n)
			}
		}
	}
}

func TestNameOfKnowsNothingThatIsOnlyNearAName(t *testing.T) {
	for n := OtherName + 1; n < names; n++ {
		word := n.String()
		for _, near := range []string{
			word + "s", word + " ", " " + word, "x" + word, word[1:], word[:len(word)-1],
			word[:len(word)-1] + "\x00", "\x00" + word[1:], word + "\x00",
		} {
			mustBeOther(t, near)
		}
		for i := range word {
			// One byte replaced by one that folding bit 5 away would make equal.
			mustBeOther(t, word[:i]+string([]byte{word[i] ^ 0x80})+word[i+1:])
			if word[i] == '-' {
				mustBeOther(t, word[:i]+"_"+word[i+1:])
				mustBeOther(t, word[:i]+"\x0d"+word[i+1:])
			}
		}
	}
	for _, other := range []string{"", "-", "x", "cookies", "x-forwarded-fo", "x-forwarded-porto", "x-request-id",
		"content_length", "transfer–encoding", "ho\u017ft", "\u212aeep-alive"} {
		mustBeOther(t, other)
	}
}

// mustBeOther fails unless name is none that Sluice decides on.
func mustBeOther(t *testing.T, name string) {
	t.Helper()
	for n := OtherName + 1; n < names; n++ {
		if strings.ToLower(name) == n.String() && isASCII(name) {
			return // a byte less or more has made another name of it
		}
	}
	if got := NameOf([]byte(name)); got != OtherName {
		t.Errorf("NameOf(%q) = %s, want none", name, got)
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// RFC 9110 section 7.6.1: "Intermediaries MUST parse a received Connection
// header field before a message is forwarded", and "SHOULD remove or replace
// fields that are known to require removal before forwarding".
func TestHopByHopNames(t *testing.T) {
	want := map[Name]bool{Connection: true, KeepAlive: true, ProxyConnection: true, TE: true,
		Trailer: true, TransferEncoding: true, Upgrade: true}
	for n := OtherName; n < names; n++ {
		if n.HopByHop() != want[n] {
			t.Errorf("%q.HopByHop() = %v, want %v", n, n.HopByHop(), want[n])
		}
	}
}

// U+212A KELVIN SIGN folds to k in Unicode, U+017F to s. In a field name they
// are only bytes.
func TestEqualFoldFoldsASCIIOnly(t *testing.T) {
	for _, tt := range []struct {
		b, lower string
		want     bool
	}{
		{"", "", true},
		{"Keep-Alive", "keep-alive", true},
		{"KEEP-ALIVE", "keep-alive", true},
		{"\u212aeep-alive", "keep-alive", false},
		{"ho\u017ft", "host", false},
		{"host", "hosts", false},
		{"[host", "{host", false},
		{"@", "`", false},
	} {
		if got := EqualFold([]byte(tt.b), tt.lower); got != tt.want {
			t.Errorf("EqualFold(%q, %q) = %v, want %v", tt.b, tt.lower, got, tt.want)
		}
	}
}

func title(word string) string {
	parts := strings.Split(word, "-")
	for i, p := range parts {
		parts[i] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, "-")
}

func alternating(word string) string {
	b := []byte(word)
	for i := 1; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}
