package policy

import (
	"strings"
	"testing"
)

// RFC 9111 section 4.4: a cache must invalidate the target after a response
// that is no error, which is one of 2xx or 3xx, to a method that is unsafe, or
// of which nobody knows whether it is safe.
func TestInvalidates(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "get", "X"} {
		for status, want := range map[int]bool{200: true, 204: true, 303: true, 399: true, 400: false, 404: false, 500: false, 101: false, 0: false} {
			if Invalidates([]byte(method), status) != want {
				t.Errorf("%s %d: not %v", method, status, want)
			}
		}
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PROPFIND"} {
		if Invalidates([]byte(method), 200) {
			t.Errorf("%s is safe", method)
		}
	}
}

// "A cache MAY invalidate other URIs [...] In particular, the URI(s) in the
// Location and Content-Location response header fields (if present) are
// candidates", of the same origin only. RFC 3986 section 5.4 has the examples
// of resolution; the target here is /b/c/d;p?q.
func TestInvalidatedTargets(t *testing.T) {
	for ref, want := range map[string]string{
		"g": "/b/c/g", "./g": "/b/c/g", "g/": "/b/c/g/", "/g": "/g", "?y": "/b/c/d;p?y", "g?y": "/b/c/g?y",
		"#s": "", "g#s": "/b/c/g", "g?y#s": "/b/c/g?y", ";x": "/b/c/;x", "": "", ".": "/b/c/", "./": "/b/c/",
		"..": "/b/", "../": "/b/", "../g": "/b/g", "../..": "/", "../../g": "/g", "../../../g": "/g", "/./g": "/g", "/../g": "/g",
		"g.": "/b/c/g.", "..g": "/b/c/..g", "./../g": "/b/g", "./g/.": "/b/c/g/", "g/./h": "/b/c/g/h", "g/../h": "/b/c/h",
		"g?y/../x": "/b/c/g?y/../x", "/b/c/d;p?q": "", "//": "", "///": "",

		"http://shop.example/x":            "/x",
		"HTTPS://SHOP.example/x?y":         "/x?y",
		"http://shop.example:80/x":         "/x",
		"https://shop.example:443/x":       "/x",
		"https://shop.example":             "/",
		"https://shop.example?y":           "/?y",
		"//shop.example/x":                 "/x",
		"http://shop.example:/x":           "/x",
		"http://shop.example:443/x":        "",
		"https://shop.example:8443/x":      "",
		"http://other.example/x":           "",
		"//other.example/x":                "",
		"http://shop.example.evil/x":       "",
		"http://shop.example@evil/x":       "",
		"http://evil@shop.example/x":       "",
		"http:/x":                          "",
		"http:x":                           "",
		"ftp://shop.example/x":             "",
		"javascript:alert(1)":              "",
		"/x y":                             "",
		"/x\x80":                           "",
		"\\\\shop.example\\x":              "",
		"/" + strings.Repeat("x", 10<<10):  "",
		"/a:b":                             "/a:b",
		"g?x=http://other.example/":        "/b/c/g?x=http://other.example/",
		"/%2e%2e/x":                        "/%2e%2e/x", // a Site may tell them apart
		"http://shop.example/a/../b/./c/d": "/b/c/d",
	} {
		r := get()
		r.Target = []byte("/b/c/d;p?q")
		got := InvalidatedTargets(nil, r, fields("Location: "+ref))
		if want == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || string(got[0]) != want {
			t.Errorf("%q: got %q, want %q", ref, got, want)
		}
	}
}

func TestInvalidatedTargetsAreTwoAtMost(t *testing.T) {
	r := get()
	r.Authority = []byte("shop.example:443")
	got := InvalidatedTargets(nil, r, fields("Location: https://shop.example/x", "Content-Location: y", "X: z"))
	if len(got) != 2 || string(got[0]) != "/x" || string(got[1]) != "/a/y" {
		t.Errorf("got %q", got)
	}
	if got := InvalidatedTargets(nil, r, fields("Location: /x", "Location: /y", "Content-Location: ftp:")); len(got) != 0 {
		t.Errorf("two Locations: got %q", got)
	}
	r.Target = []byte("*")
	if got := InvalidatedTargets(nil, r, fields("Location: /x")); len(got) != 0 {
		t.Errorf("OPTIONS *: got %q", got)
	}
}
