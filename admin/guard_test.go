package admin

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
)

// "Host must be a loopback name or IP or the configured address."
func TestHosts(t *testing.T) {
	r := run(t, Options{IP: netip.MustParseAddr("::ffff:192.0.2.7")})
	for _, tt := range []struct {
		host   string
		status int
	}{
		{"localhost", 200},
		{"LocalHost:9180", 200},
		{"localhost:19180", 200}, // through ssh -L
		{"127.0.0.1", 200},
		{"127.0.0.1:9180", 200},
		{"127.255.255.254:9180", 200},
		{"[::1]", 200},
		{"[::1]:9180", 200},
		{"[::ffff:127.0.0.1]:9180", 200},
		{"192.0.2.7:9180", 200},

		{"", 403},
		{"192.0.2.8:9180", 403},
		{"0.0.0.0:9180", 403},
		{"10.0.0.1", 403},
		{"[::]:9180", 403},
		{"[::1%25lo]:9180", 403},
		{"localhost.", 403},
		{"localhost.evil.example.com", 403},
		{"evil.example.com:9180", 403},
		{"127.0.0.1.evil.example.com", 403},
		{"127.1", 403},
		{"localhost:x", 403},
		{"localhost:9180.evil.example.com", 403},
		{"2130706433", 403},
	} {
		response, body := r.ask("GET /metrics", "Host: "+tt.host)
		if got := response.StatusCode; got != tt.status {
			t.Errorf("%q: %d %q, want %d", tt.host, got, body, tt.status)
		}
	}
}

// The authority of an absolute target is what counts (RFC 9112 section 3.2.2).
func TestAnAbsoluteTargetIsAHostToo(t *testing.T) {
	r := run(t, Options{})
	if response, _ := r.ask("GET http://evil.example.com/metrics", "Host: localhost"); response.StatusCode != 403 {
		t.Errorf("%d, want 403", response.StatusCode)
	}
}

// RFC 6454: an origin is scheme, host and port.
func TestOrigins(t *testing.T) {
	r := run(t, Options{})
	const host = "Host: localhost:9180"
	for _, tt := range []struct {
		fields []string
		status int
	}{
		{[]string{host}, 200},
		{[]string{host, "Origin: http://localhost:9180"}, 200},
		{[]string{host, "Origin: https://localhost:9180"}, 403},
		{[]string{host, "Origin: http://localhost:3000"}, 403},
		{[]string{host, "Origin: http://localhost"}, 403},
		{[]string{host, "Origin: http://127.0.0.1:9180"}, 403},
		{[]string{host, "Origin: https://evil.example.com"}, 403},
		{[]string{host, "Origin: null"}, 403},
		{[]string{host, "Origin: "}, 403},
		{[]string{host, "Origin: http://localhost:9180", "Origin: https://evil.example.com"}, 403},
		{[]string{"Host: evil.example.com", "Origin: http://evil.example.com"}, 403},
	} {
		response, _ := r.ask("GET /metrics", tt.fields...)
		if response.StatusCode != tt.status {
			t.Errorf("%q: %d, want %d", tt.fields, response.StatusCode, tt.status)
		}
	}
}

// RFC 9110 section 15.5.6: a 405 has Allow.
func TestOnlyLooking(t *testing.T) {
	r := run(t, Options{})
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"} {
		response, _ := r.ask(method+" /metrics", "Host: localhost", "Content-Length: 0")
		if response.StatusCode != 405 || response.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d, Allow %q", method, response.StatusCode, response.Header.Get("Allow"))
		}
	}
	for _, method := range []string{"POST", "OPTIONS"} {
		for _, target := range []string{"/metrics", "*"} {
			if response, _ := r.ask(method+" "+target, "Host: evil.example.com"); response.StatusCode != 403 {
				t.Errorf("%s %s of a foreign Host: %d", method, target, response.StatusCode)
			}
		}
	}
}

// Fetch Metadata: "Sec-Fetch-Site ... cross-site, same-origin, same-site, none". A
// picture of another's page sends no Origin, and would be answered otherwise; a
// link is followed by a person.
func TestFetchMetadata(t *testing.T) {
	r := run(t, Options{})
	const host, link, page = "Host: localhost", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"
	for _, tt := range []struct {
		line   string
		fields []string
		status int
	}{
		{"GET /metrics", []string{"Sec-Fetch-Site: same-origin"}, 200},
		{"GET /metrics", []string{"Sec-Fetch-Site: none", link, page}, 200},
		{"GET /metrics", []string{"Sec-Fetch-Site: cross-site", link, page}, 200},
		{"GET /metrics", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, 403},
		{"GET /metrics", []string{"Sec-Fetch-Site: cross-site", link, "Sec-Fetch-Dest: iframe"}, 403},
		{"GET /metrics", []string{"Sec-Fetch-Site: same-site"}, 403}, // another port of this machine
		{"GET /debug/pprof/profile", []string{"Sec-Fetch-Site: cross-site", link, page}, 403},
		{"GET /debug/pprof/profile", []string{"Sec-Fetch-Site: none", link, page}, 404}, // they are off
		{"POST /reload", []string{"Sec-Fetch-Site: cross-site", link, page, byACommand}, 403},
	} {
		if response, _ := r.ask(tt.line, append(tt.fields, host, "Content-Length: 0")...); response.StatusCode != tt.status {
			t.Errorf("%s %q: %d, want %d", tt.line, tt.fields, response.StatusCode, tt.status)
		}
	}
}

// "oversized bodies": they are not read, whatever the action does with a body.
func TestLargeBodiesAreRefused(t *testing.T) {
	r := run(t, Options{Reload: func(context.Context) (any, error) { return "done", nil }})
	large := fmt.Sprint("Content-Length: ", int64(1)<<60)
	response, _ := r.ask("POST /reload", "Host: localhost", byACommand, large, "Expect: 100-continue")
	if response.StatusCode != 413 || !response.Close {
		t.Errorf("%d, and the connection ends: %v", response.StatusCode, response.Close)
	}
	if response, _ := r.ask("POST /reload", "Host: localhost", large); response.StatusCode != 403 {
		t.Errorf("not an action: %d", response.StatusCode)
	}
}

// A name that a page can have is one of the DNS, which has a dot.
func TestWords(t *testing.T) {
	for _, tt := range []struct {
		name string
		want bool
	}{
		{"", true}, {"sluice", true}, {"admin-1", true}, {"my_host", true},
		{"evil.example.com", false}, {"sluice.", false}, {".", false}, {"2130706433", false}, {"0x7f000001", false},
		{"a:b", false}, {"a/b", false}, {"a@b", false}, {"ä", false}, {"::1", false}, {"-", false},
	} {
		if got := isWord(tt.name); got != tt.want {
			t.Errorf("%q: %v", tt.name, got)
		}
	}
}
