package policy

import "testing"

// RFC 9110 section 14.1.2 for what ranges are, 14.2: "A server that supports
// range requests MAY ignore or reject a Range header field that contains" more
// than it likes, and section 15.5.17 for 416.
func TestRange(t *testing.T) {
	for _, tt := range []struct {
		line         string
		size         int64
		from, length int64
		o            RangeOutcome
	}{
		{"bytes=0-1", 11, 0, 2, Part},
		{"bytes=1-", 11, 1, 10, Part},
		{"bytes=-1", 11, 10, 1, Part},
		{"bytes=-99", 11, 0, 11, Part},
		{"bytes=10-10", 11, 10, 1, Part},
		{"bytes=0-99999999999999999999999999", 11, 0, 11, Part},
		{"bytes=-99999999999999999999999999", 11, 0, 11, Part},
		{"BYTES= 2-3 ", 11, 2, 2, Part},
		{"bytes=,2-3,", 11, 2, 2, Part},
		{"bytes=11-", 11, 0, 0, Unsatisfiable},
		{"bytes=11-12", 11, 0, 0, Unsatisfiable},
		{"bytes=-0", 11, 0, 0, Unsatisfiable},
		{"bytes=99999999999999999999999999-", 11, 0, 0, Unsatisfiable},
		{"bytes=0-", 0, 0, 0, Unsatisfiable},
		{"bytes=-1", 0, 0, 0, Whole},
		{"bytes=0-1,3-4", 11, 0, 11, Whole},
		{"bytes=99-,100-", 11, 0, 11, Whole},
		{"bytes=3-2", 11, 0, 11, Whole},
		{"bytes=99999999999999999999-5", 11, 0, 11, Whole},
		{"bytes=", 11, 0, 11, Whole},
		{"bytes=-", 11, 0, 11, Whole},
		{"bytes=a-b", 11, 0, 11, Whole},
		{"bytes=1", 11, 0, 11, Whole},
		{"bytes=--1", 11, 0, 11, Whole},
		{"bytes=1-2-3", 11, 0, 11, Whole},
		{"bytes=+1-2", 11, 0, 11, Whole},
		{"bytes=1 - 2", 11, 0, 11, Whole},
		{"bytes =1-2", 11, 0, 11, Whole},
		{"pages=1-2", 11, 0, 11, Whole},
		{"1-2", 11, 0, 11, Whole},
		{"", 11, 0, 11, Whole},
	} {
		from, length, o := Range(get("Range: "+tt.line), nil, tt.size)
		if from != tt.from || length != tt.length || o != tt.o {
			t.Errorf("%q of %d: got %d+%d, %d", tt.line, tt.size, from, length, o)
		}
	}
	if _, _, o := Range(get("Range: bytes=0-1", "Range: bytes=0-1"), nil, 11); o != Whole {
		t.Error("two Ranges are one")
	}
	if _, _, o := Range(get(), nil, 11); o != Whole {
		t.Error("a part without a Range")
	}
	head := get("Range: bytes=0-1")
	head.Method = []byte("HEAD")
	// "A server MUST ignore a Range header field received with a request
	// method [...] for which range handling is not defined."
	if _, _, o := Range(head, nil, 11); o != Whole {
		t.Error("a part of nothing, for HEAD")
	}
}

// RFC 9110 section 13.1.5: "A valid entity-tag can be distinguished from a
// valid HTTP-date by examining the first three characters"; the comparison of
// tags is strong, and "If the HTTP-date validator provided is not a strong
// validator in the sense defined by Section 8.8.2.2, the condition is false."
func TestIfRange(t *testing.T) {
	for _, tt := range []struct {
		want   RangeOutcome
		value  string
		stored []string
	}{
		{Part, `"a"`, []string{`ETag: "a"`}},
		{Whole, `"b"`, []string{`ETag: "a"`}},
		{Whole, `W/"a"`, []string{`ETag: W/"a"`}},
		{Whole, `"a"`, []string{`ETag: W/"a"`}},
		{Whole, `W/"a"`, []string{`ETag: "a"`}},
		{Whole, `"a", "b"`, []string{`ETag: "a"`}},
		{Whole, `"a"`, []string{`ETag: "a"`, `ETag: "b"`}},
		{Whole, `*`, []string{`ETag: "a"`}},
		{Whole, ``, []string{`ETag: "a"`}},
		{Part, "{-10}", []string{"Last-Modified: {-10}", "Date: {0}"}},
		{Part, "Wednesday, 04-Mar-26 11:59:50 GMT", []string{"Last-Modified: {-10}", "Date: {0}"}},
		{Part, "{-10}", []string{"Last-Modified: {-10}", "Date: {-9}"}},
		{Whole, "{-10}", []string{"Last-Modified: {-10}", "Date: {-10}"}},
		{Whole, "{-9}", []string{"Last-Modified: {-10}", "Date: {0}"}},
		{Whole, "{-10}", []string{"Last-Modified: {-10}"}},
		{Whole, "{-10}", []string{"Date: {0}"}},
	} {
		if _, _, o := Range(get("Range: bytes=0-1", "If-Range: "+tt.value), fields(tt.stored...), 11); o != tt.want {
			t.Errorf("If-Range %q with %q: %d, want %d", tt.value, tt.stored, o, tt.want)
		}
	}
	if _, _, o := Range(get("Range: bytes=0-1", `If-Range: "a"`, `If-Range: "a"`), fields(`ETag: "a"`), 11); o != Whole {
		t.Error("two conditions are one")
	}
}
