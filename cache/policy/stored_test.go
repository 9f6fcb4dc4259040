package policy

import (
	"strings"
	"testing"

	"sluice/message"
)

// RFC 9111 section 3.1: "Caches MUST include all received response header
// fields -- including unrecognized ones -- when storing a response", with the
// exceptions that follow there; sections 5.2.2.4 and 5.2.2.7 for fields that
// no-cache and private name.
func TestStoredFields(t *testing.T) {
	resp := answer(200,
		"Date: {0}", "Age: 5", "Connection: a", "Keep-Alive: 5", "TE: x", "Trailer: x", "Upgrade: x", "Transfer-Encoding: x",
		"Proxy-Authenticate: x", "Proxy-Authentication-Info: x", "proxy-CONNECTION: x", "Proxy-Status: x", "Proxy-X: x",
		"Set-Cookie: a=b", "Set-Cookie2: a=b", "Request-Id: 1", "Cache-Status: far; hit", "Proxying: stays",
		`Cache-Control: no-cache="x-a, X-B", max-age=5`, `Cache-Control: private=X-C`, `CDN-Cache-Control: private="x-d"`,
		`Cache-Control: ext="no-cache=x-e", private="vary"`, "X-A: 1", "x-b: 1", "x-c: 1", "x-d: 1", "X-E: 1", "Vary: q", "X-A: 2", "ETag: x")
	want := text(fields("Kept: yes", "Date: {0}", "Set-Cookie2: a=b", "Proxying: stays",
		`Cache-Control: no-cache="x-a, X-B", max-age=5`, `Cache-Control: private=X-C`, `CDN-Cache-Control: private="x-d"`,
		`Cache-Control: ext="no-cache=x-e", private="vary"`, "X-E: 1", "Vary: q", "ETag: x"))
	if got := text(StoredFields(fields("Kept: yes"), resp)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestStoredFieldsWithMoreNamesThanFit(t *testing.T) {
	resp := answer(200, `Cache-Control: private="`+strings.Repeat("x-a,", 100)+`x-b"`, "X-A: 1", "X-B: 1")
	if got := text(StoredFields(nil, resp)); strings.Contains(got, "X-A") {
		t.Errorf("got\n%s", got)
	}
	if _, why := judged(resp, Rules{}); why != WhyPrivate {
		t.Errorf("and judged %q", why)
	}
}

// RFC 9111 section 3.2: "the cache MUST add each header field in the provided
// response to the stored response, replacing field values that are already
// present, with the following exceptions".
func TestFreshen(t *testing.T) {
	stored := fields("Date: {-60}", "X-A: old", "X-A: older", "x-keep: yes", "Content-Type: text/plain", "Content-Encoding: gzip",
		"Cache-Control: max-age=1", `ETag: "v"`, "Content-Range: r")
	update := fields("Date: {0}", "x-a: new", "X-New: 1", "X-New: 2", "Content-Type: text/html", "Content-Encoding: br", "Content-Range: s",
		"Content-Length: 9", "cache-control: max-age=9", "Set-Cookie: a=b", "Connection: x", "Proxy-Status: p", "Request-Id: 7",
		"Cache-Status: c", "Age: 4")
	want := text(fields("Kept: yes", "x-keep: yes", "Content-Encoding: gzip", `ETag: "v"`, "Content-Range: r",
		"Date: {0}", "x-a: new", "X-New: 1", "X-New: 2", "Content-Type: text/html", "cache-control: max-age=9", "Age: 4"))
	got := Freshen(fields("Kept: yes"), stored, update)
	if text(got) != want {
		t.Errorf("got\n%swant\n%s", text(got), want)
	}
	if got := text(Freshen(nil, stored[:2], fields("ETag: x"))); got != text(fields("X-A: old", "ETag: x")) {
		t.Errorf("by a 304 without a Date: got\n%s", got)
	}
	m, why := judged(&message.Response{Status: 200, Fields: got}, Rules{})
	if why != WhyNone || m.Left(noon).Seconds() != 5 {
		t.Errorf("judged again: %v left (%s), want 5 s", m.Left(noon), why)
	}
}

// RFC 9111 section 4.3.4: a 304 with a strong validator updates the stored
// responses with the same one, and no others.
func TestUpdates(t *testing.T) {
	for _, tt := range []struct {
		want           bool
		stored, update []string
	}{
		{true, []string{`ETag: "a"`}, []string{`ETag: "a"`}},
		{false, []string{`ETag: "a"`}, []string{`ETag: "b"`}},
		{true, []string{`ETag: W/"a"`}, []string{`ETag: W/"a"`}},
		{true, []string{`ETag: W/"a"`}, []string{`ETag: "a"`}},
		{false, []string{`ETag: W/"a"`}, []string{`ETag: W/"b"`}},
		{false, []string{"Last-Modified: {0}"}, []string{`ETag: "a"`}},
		{false, []string{`ETag: "a"`}, []string{`ETag: "a"`, `ETag: "b"`}},
		{false, []string{`ETag: "a"`}, []string{"ETag: a"}},
		{true, []string{"Last-Modified: {0}"}, []string{"Last-Modified: {0}"}},
		{false, []string{"Last-Modified: {0}"}, []string{"Last-Modified: {1}"}},
		{true, []string{`ETag: "a"`}, []string{"Last-Modified: {1}"}},
		{true, []string{`ETag: "a"`, "Last-Modified: {0}"}, nil},
	} {
		if got := Updates(fields(tt.stored...), fields(tt.update...)); got != tt.want {
			t.Errorf("%q by %q: %v", tt.stored, tt.update, got)
		}
	}
}

// RFC 9111 section 4.3.5: a 200 to HEAD updates what is stored if "any
// validator fields" and Content-Length match it, else it is to be considered
// stale.
func TestHeadUpdates(t *testing.T) {
	stored := fields(`ETag: "a"`, "Last-Modified: {0}")
	for _, tt := range []struct {
		want   bool
		status int
		length int64
		lines  []string
	}{
		{true, 200, 10, []string{`ETag: "a"`, "Last-Modified: {0}"}},
		{true, 200, -1, []string{`ETag: "a"`}},
		{true, 200, 10, nil},
		{false, 200, 11, nil},
		{false, 404, 10, nil},
		{false, 200, 10, []string{`ETag: "b"`}},
		{false, 200, 10, []string{`ETag: "a"`, "Last-Modified: {1}"}},
		{false, 200, 10, []string{`ETag: "a"`, `ETag: "b"`}},
	} {
		head := answer(tt.status, tt.lines...)
		head.Length = tt.length
		if got := HeadUpdates(stored, 10, head); got != tt.want {
			t.Errorf("%d, %d bytes, %q: %v", tt.status, tt.length, tt.lines, got)
		}
	}
	if head := answer(200, `ETag: "a"`); HeadUpdates(nil, 0, head) {
		t.Error("a new validator is not the stored one")
	}
}
