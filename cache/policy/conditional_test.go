package policy

import "testing"

// RFC 9110 section 13.1.2: If-None-Match is false, and for GET and HEAD the
// answer 304, if a listed tag matches the stored one by weak comparison, or for
// "*". Section 13.1.3: If-Modified-Since counts only without If-None-Match, only
// if it is one valid HTTP-date, and only for GET and HEAD.
func TestNotModified(t *testing.T) {
	tagged := []string{`ETag: "abc"`, "Last-Modified: {-5000}", "Date: {0}"}
	weak := []string{`ETag: W/"abc"`, "Date: {0}"}
	dated := []string{"Last-Modified: {-3000}", "Date: {0}"}
	bare := []string{"Date: {-10}"}
	for _, tt := range []struct {
		want   bool
		stored []string
		asked  []string
	}{
		{false, tagged, nil},
		{true, tagged, []string{`If-None-Match: "abc"`}},
		{true, tagged, []string{`If-None-Match: W/"abc"`}},
		{true, weak, []string{`If-None-Match: "abc"`}},
		{true, weak, []string{`If-None-Match: W/"abc"`}},
		{true, tagged, []string{`If-None-Match: "abc", "d", "e"`}},
		{true, tagged, []string{`If-None-Match: "d", "abc", "e"`}},
		{true, tagged, []string{`If-None-Match: "d" , "e",W/"abc"`}},
		{true, tagged, []string{`If-None-Match: "d"`, `If-None-Match: "abc"`}},
		{true, tagged, []string{`If-None-Match: ,, "abc",`}},
		{true, tagged, []string{`If-None-Match: bad, "abc"`}},
		{true, []string{`ETag: "a,b"`}, []string{`If-None-Match: "x,y","a,b"`}},
		{true, []string{"ETag: \"abc\u00fc\""}, []string{"If-None-Match: \"abc\u00fc\""}},
		{true, tagged, []string{"If-None-Match: *"}},
		{true, bare, []string{"If-None-Match: *"}},
		{false, tagged, []string{`If-None-Match: *, "x"`}},
		{false, tagged, []string{"If-None-Match: *", "If-None-Match: *"}},
		{false, tagged, []string{`If-None-Match: "ABC"`}},
		{false, tagged, []string{`If-None-Match: "abcd"`}},
		{false, tagged, []string{`If-None-Match: abc`}},
		{false, tagged, []string{`If-None-Match: w/"abc"`}},
		{false, tagged, []string{`If-None-Match: "abc"x`}},
		{false, tagged, []string{`If-None-Match: "abc`}},
		{false, tagged, []string{`If-None-Match:`}},
		{false, []string{"ETag: abc"}, []string{"If-None-Match: abc"}},
		{false, []string{`ETag: "a"`, `ETag: "b"`}, []string{`If-None-Match: "a"`}},
		{false, bare, []string{`If-None-Match: ""`}},

		{false, tagged, []string{`If-None-Match: "x"`, "If-Modified-Since: {0}"}},
		{true, tagged, []string{`If-None-Match: "abc"`, "If-Modified-Since: {-9000}"}},

		{true, dated, []string{"If-Modified-Since: {-3000}"}},
		{true, dated, []string{"If-Modified-Since: {-2000}"}},
		{false, dated, []string{"If-Modified-Since: {-3001}"}},
		{false, dated, []string{"If-Modified-Since: {0}", "If-Modified-Since: {0}"}},
		{false, dated, []string{"If-Modified-Since: soon"}},
		{true, dated, []string{"If-Modified-Since: Wednesday, 04-Mar-26 12:00:00 GMT"}},
		{true, bare, []string{"If-Modified-Since: {-10}"}},
		{false, bare, []string{"If-Modified-Since: {-11}"}},
		{true, nil, []string{"If-Modified-Since: {0}"}},
		{false, nil, []string{"If-Modified-Since: {-1}"}},
	} {
		m := Meta{Status: 200, Received: noon.UnixNano()}
		for _, method := range []string{"GET", "HEAD", "POST"} {
			r := get(tt.asked...)
			r.Method = []byte(method)
			if got := NotModified(r, &m, fields(tt.stored...)); got != (tt.want && method != "POST") {
				t.Errorf("%s %q with %q: %v", method, tt.asked, tt.stored, got)
			}
		}
		m.Status = 404
		if NotModified(get(tt.asked...), &m, fields(tt.stored...)) {
			t.Errorf("%q: 304 for a 404", tt.asked)
		}
	}
}

// RFC 9110 section 15.4.5: a 304 must have those of Content-Location, Date,
// ETag, Vary, Cache-Control and Expires that the 200 would have had.
func TestNotModifiedFields(t *testing.T) {
	all := fields("Content-Type: a/b", "Cache-Control: max-age=1", "cache-control: public", "Content-Location: /x",
		"Date: {0}", `ETag: "e"`, "Expires: {0}", "Vary: A", "Last-Modified: {0}", "X: y", "CDN-Cache-Control: max-age=1")
	want := text(fields("Cache-Control: max-age=1", "cache-control: public", "Content-Location: /x",
		"Date: {0}", `ETag: "e"`, "Expires: {0}", "Vary: A", "CDN-Cache-Control: max-age=1"))
	if got := text(NotModifiedFields(nil, all)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := text(NotModifiedFields(fields("Age: 1"), fields("Last-Modified: {0}", "Server: s"))); got != text(fields("Age: 1", "Last-Modified: {0}")) {
		t.Errorf("without an ETag: got\n%s", got)
	}
}

// RFC 9111 section 4.3.1: our own revalidation sends the stored validators.
func TestValidators(t *testing.T) {
	for _, tt := range []struct {
		lines          []string
		etag, modified string
	}{
		{nil, "", ""},
		{[]string{`ETag: "a"`, "Last-Modified: {0}"}, `"a"`, httpDate(noon)},
		{[]string{`ETag: W/"a"`, "Last-Modified: soon"}, `W/"a"`, ""},
		{[]string{`ETag: W/"a"`, `ETag: W/"a"`}, `W/"a"`, ""},
		{[]string{`ETag: "a"`, `ETag: "b"`, "Last-Modified: {0}", "Last-Modified: {1}"}, "", ""},
		{[]string{"ETag: a"}, "", ""},
		{[]string{`ETag: "a", "b"`}, "", ""},
		{[]string{`ETag: "a b"`}, "", ""},
		{[]string{"Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT"}, "", "Sunday, 06-Nov-94 08:49:37 GMT"},
	} {
		etag, modified := Validators(fields(tt.lines...))
		if string(etag) != tt.etag || string(modified) != tt.modified || (etag == nil) != (tt.etag == "") || (modified == nil) != (tt.modified == "") {
			t.Errorf("%q: got %q and %q", tt.lines, etag, modified)
		}
	}
}
