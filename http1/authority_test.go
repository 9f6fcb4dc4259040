package http1

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// "a server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1
// request message that [...] contains [...] a Host header field with an
// invalid field value" (RFC 9112 section 3.2).
func TestAuthority(t *testing.T) {
	long := make([]byte, 256)
	for i := range long {
		long[i] = 'a'
	}
	for _, tt := range []struct {
		in   string
		want fault
	}{
		{"shop.example.com", faultNone},
		{"SHOP.example.com.", faultNone},
		{"my_app-1~x", faultNone},
		{"shop.example.com:443", faultNone},
		{"localhost:65535", faultNone},
		{"localhost:0", faultNone},
		{"localhost:", faultNone}, // port = *DIGIT
		{"localhost:00080", faultNone},
		{"192.0.2.1:80", faultNone},
		{"[2001:db8::1]", faultNone},
		{"[::]:8443", faultNone},
		{"[::ffff:192.0.2.1]:80", faultNone},
		{string(long[:255]), faultNone},

		{"", faultHostEmpty},
		{":80", faultHostEmpty},
		{string(long), faultHostSize},
		{"localhost:65536", faultHostPort},
		{"localhost:-1", faultHostPort},
		{"localhost:80a", faultHostPort},
		{"localhost:80:80", faultHostPort},
		{"localhost:8 0", faultHostPort},
		{"::1", faultHostEmpty},
		{"user@localhost", faultHostUserinfo},
		{"user:pass@localhost", faultHostUserinfo},
		{"localhost:80@evil.example", faultHostUserinfo},
		{"local host", faultHostByte},
		{"localhost,evil.example", faultHostByte},
		{"localhost/evil", faultHostByte},
		{"localhost?evil", faultHostByte},
		{"localhost#evil", faultHostByte},
		{"local%68ost", faultHostByte},
		{"h\xc3\xb6st", faultHostByte},
		{"http://localhost", faultHostPort},
		{"<script>", faultHostByte},
		{"[::1", faultHostIP},
		{"[]", faultHostIP},
		{"[localhost]", faultHostIP},
		{"[192.0.2.1]", faultHostIP},
		{"[fe80::1%eth0]", faultHostIP},
		{"[fe80::1%25eth0]", faultHostIP},
		{"[v1.fe80::a+en1]", faultHostIP},
		{"[::1]evil", faultHostPort},
		{"[::1]:80a", faultHostPort},
		{"[::1]]", faultHostPort},
	} {
		if got := authorityFault([]byte(tt.in)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, faultRows[got].words, faultRows[tt.want].words)
		}
	}
}

func TestIPv6IsWhatNetipParses(t *testing.T) {
	for _, s := range []string{"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1::2::3", ":::", ":1", "1:", "1:2:3:4:5:6:1.2.3.4", "::1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.04",
		"::1.2.3.256", "::1.2.3", "::1.2.3.4.5", "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "12345::", "::g"} {
		checkIPv6(t, s)
	}
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{":", "::", "1", "ab", "ffff", "0", "1.2.3.4", ".", "255"}
	for range 200000 {
		s := ""
		for range 1 + random.IntN(16) {
			if piece := pieces[random.IntN(len(pieces))]; random.IntN(3) > 0 {
				s += piece
			} else {
				s += pieces[random.IntN(3)] + ":"
			}
		}
		checkIPv6(t, s)
	}
}

func checkIPv6(t *testing.T, s string) {
	t.Helper()
	ip, err := netip.ParseAddr(s)
	want := err == nil && ip.Is6() && ip.Zone() == ""
	if got := isIPv6([]byte(s)); got != want {
		t.Errorf("%q: got %v, want %v", s, got, want)
	}
}
