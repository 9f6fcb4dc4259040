package grammar

import "testing"

// "origin-form = absolute-path [ "?" query ]" (RFC 9112 section 3.2.1). What
// may stand in it raw is written at Path and Query.
func TestTargetEndsAtTheFirstByteThatItCannotHave(t *testing.T) {
	for in, want := range map[string]string{
		"":                 "",
		"/a?b HTTP/1.1":    "/a?b",
		"/a#b":             "/a",
		"/a?b#c":           "/a?b",
		"/a\\b":            "/a",
		"/a?\\\"<>?":       "/a?\\\"<>?",
		"/\"":              "/",
		"/{}|[]^`%?{}\x7f": "/{}|[]^`%?{}",
		"/\x80":            "/",
		"/?\x80":           "/?",
		"*":                "*",
		"/a\tb":            "/a",
		"/a\r\n":           "/a",
		"?":                "?",
	} {
		if got := in[:TargetEnd([]byte(in), 0)]; got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := TargetEnd([]byte("#/a b"), 1); got != 3 {
		t.Errorf("from 1: got %d, want 3", got)
	}
}
