package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"sluice/message"
)

// compareRequest holds h, parsed from in[:end], against net/http on in.
func compareRequest(t *testing.T, in []byte, end int, h *requestHead) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(in))
	theirs, err := http.ReadRequest(r)
	if err != nil {
		return
	}
	if string(h.method) != theirs.Method || h.minor != min(theirs.ProtoMinor, 1) || theirs.ProtoMajor != 1 {
		t.Fatalf("got %s 1.%d, net/http %s %s", h.method, h.minor, theirs.Method, theirs.Proto)
	}
	if !strings.EqualFold(string(h.authority), theirs.Host) {
		t.Fatalf("got host %q, net/http %q", h.authority, theirs.Host)
	}
	if want := originForm(theirs.Method, theirs.RequestURI); string(h.target) != want {
		t.Fatalf("got target %q, want %q of %q", h.target, want, theirs.RequestURI)
	}
	if h.length != theirs.ContentLength {
		t.Fatalf("got length %d, net/http %d", h.length, theirs.ContentLength)
	}
	if h.close != theirs.Close {
		t.Fatalf("got close %v, net/http %v", h.close, theirs.Close)
	}
	if h.minor == 0 {
		theirs.Header.Del("Expect")
	}
	compareFields(t, in[:end], h.fields, theirs.Header)
	body := in[end:]
	var d chunked
	got := sized(body, h.length)
	if h.length < 0 {
		got = decode(&d, body, func() int { return len(body) })
	}
	compareBody(t, theirs.Body, &theirs.Trailer, r, got, d.trailers, body)
}

// originForm reduces an absolute target by looking for slashes only.
func originForm(method, target string) string {
	if target[0] == '/' || target == "*" {
		return target
	}
	_, rest, _ := strings.Cut(target, "://")
	if i := strings.IndexAny(rest, "/?"); i < 0 {
		rest = ""
	} else {
		rest = rest[i:]
	}
	switch {
	case rest == "" && method == "OPTIONS":
		return "*"
	case rest == "" || rest[0] == '?':
		return "/" + rest
	}
	return rest
}

// compareResponse does so for an answer to GET.
func compareResponse(t *testing.T, in []byte, end int, h *responseHead) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(in))
	theirs, err := http.ReadResponse(r, &http.Request{Method: "GET"})
	if err != nil {
		return
	}
	if h.status != theirs.StatusCode || h.minor != min(theirs.ProtoMinor, 1) || theirs.ProtoMajor != 1 {
		t.Fatalf("got 1.%d %d, net/http %s %d", h.minor, h.status, theirs.Proto, theirs.StatusCode)
	}
	_, reason, _ := strings.Cut(theirs.Status, " ")
	if strings.TrimSpace(string(h.reason)) != strings.TrimSpace(reason) {
		t.Fatalf("got reason %q, net/http %q", h.reason, theirs.Status)
	}
	compareFields(t, in[:end], h.fields, theirs.Header)
	if h.status < 200 || h.status == 204 || h.status == 304 {
		return
	}
	if h.length != theirs.ContentLength || h.chunked != (theirs.TransferEncoding != nil) {
		t.Fatalf("got length %d, chunked %v; net/http %d, %v", h.length, h.chunked, theirs.ContentLength, theirs.TransferEncoding)
	}
	body := in[end:]
	var d chunked
	got := sized(body, h.length)
	switch {
	case h.chunked:
		got = decode(&d, body, func() int { return len(body) })
	case h.length < 0:
		got = decoded{string(body), len(body), true, nil}
	}
	compareBody(t, theirs.Body, &theirs.Trailer, r, got, d.trailers, body)
}

// sized is a body of n bytes at the beginning of in.
func sized(in []byte, n int64) decoded {
	used := int(min(max(n, 0), int64(len(in))))
	return decoded{string(in[:used]), used, int64(used) == n, nil}
}

// compareBody holds got, read from in, against a body of net/http on r.
func compareBody(t *testing.T, body io.Reader, trailer *http.Header, r *bufio.Reader, got decoded, trailers message.Fields, in []byte) {
	t.Helper()
	data, err := io.ReadAll(body)
	if !got.done || err != nil {
		// One of them wants more, or refuses; what was read so far agrees.
		n := min(len(data), len(got.data))
		if string(data[:n]) != got.data[:n] {
			t.Fatalf("got body %q, net/http %q", got.data, data)
		}
		if got.bad == nil && !got.done && err == nil {
			t.Fatalf("net/http sees the end of the body, we do not: %+v", got)
		}
		return
	}
	if string(data) != got.data {
		t.Fatalf("got body %q, net/http %q", got.data, data)
	}
	rest, _ := io.ReadAll(r)
	if string(rest) != string(in[got.used:]) {
		t.Fatalf("got the next message at %q, net/http at %q", in[got.used:], rest)
	}
	ours := header(trailers)
	for name, values := range *trailer {
		if mayTrail(message.Field{Name: []byte(name), ID: message.NameOf([]byte(name))}) && !slices.Equal(values, ours[name]) {
			t.Fatalf("trailer %s: got %q, net/http %q", name, ours[name], values)
		}
	}
	for name := range ours {
		if _, ok := (*trailer)[name]; !ok {
			t.Fatalf("trailer %s is unknown to net/http", name)
		}
	}
}

// compareFields holds the end-to-end fields against all that net/http saw.
func compareFields(t *testing.T, head []byte, fields message.Fields, theirs http.Header) {
	t.Helper()
	ours := header(fields)
	// net/http adds this one by itself.
	if theirs.Get("Pragma") == "no-cache" && ours["Cache-Control"] == nil {
		delete(theirs, "Cache-Control")
	}
	nominated := map[string]bool{}
	for line := range strings.SplitSeq(string(head), "\r\n") { // net/http may have deleted the field
		name, list, _ := strings.Cut(line, ":")
		if !strings.EqualFold(name, "Connection") {
			continue
		}
		for option := range strings.SplitSeq(list, ",") {
			nominated[textproto.CanonicalMIMEHeaderKey(strings.Trim(option, " \t"))] = true
		}
	}
	for name, values := range theirs {
		id := message.NameOf([]byte(name))
		if id.HopByHop() || id == message.ContentLength || id == message.Host || nominated[name] {
			if ours[name] != nil {
				t.Fatalf("field %s must not go on", name)
			}
			continue
		}
		if !slices.Equal(ours[name], values) {
			t.Fatalf("field %s: got %q, net/http %q", name, ours[name], values)
		}
	}
	for name := range ours {
		if _, ok := theirs[name]; !ok {
			t.Fatalf("field %s is unknown to net/http", name)
		}
	}
}

// header makes of fields what net/http would.
func header(fields message.Fields) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h.Add(string(f.Name), string(f.Value))
	}
	return h
}
