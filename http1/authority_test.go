package http1

import (
	"strings"
	"testing"
)

// "a server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
// request message that [...] contains [...] a Host header field with an
// invalid field value" (RFC 9112 section 3.2). What is invalid is tested in
// grammar; here, that each kind of it has its own words.
func TestAuthority(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want fault
	}{
		{"shop.example.com:443", faultNone},
		{"[2001:db8::1]:443", faultNone},
		{"", faultHostEmpty},
		{"user@localhost", faultHostUserinfo},
		{"local host", faultHostByte},
		{"[::1", faultHostIP},
		{strings.Repeat("a", 256), faultHostSize},
		{"localhost:65536", faultHostPort},
	} {
		if got := authorityFault([]byte(tt.in)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, faultRows[got].words, faultRows[tt.want].words)
		}
	}
}
