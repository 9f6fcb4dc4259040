package grammar

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
		want HostFault
	}{
		{"shop.example.com", HostOK},
		{"SHOP.example.com.", HostOK},
		{"my_app-1~x", HostOK},
		{"shop.example.com:443", HostOK},
		{"localhost:65535", HostOK},
		{"localhost:0", HostOK},
		{"localhost:", HostOK}, // port = *DIGIT
		{"localhost:00080", HostOK},
		{"192.0.2.1:80", HostOK},
		{"[2001:db8::1]", HostOK},
		{"[::]:8443", HostOK},
		{"[::ffff:192.0.2.1]:80", HostOK},
		{string(long[:255]), HostOK},

		{"", HostEmpty},
		{":80", HostEmpty},
		{string(long), HostSize},
		{"localhost:65536", HostPort},
		{"localhost:-1", HostPort},
		{"localhost:80a", HostPort},
		{"localhost:80:80", HostPort},
		{"localhost:8 0", HostPort},
		{"::1", HostEmpty},
		{"user@localhost", HostUserinfo},
		{"user:pass@localhost", HostUserinfo},
		{"localhost:80@evil.example", HostUserinfo},
		{"local host", HostByte},
		{"localhost,evil.example", HostByte},
		{"localhost/evil", HostByte},
		{"localhost?evil", HostByte},
		{"localhost#evil", HostByte},
		{"local%68ost", HostByte},
		{"h\xc3\xb6st", HostByte},
		{"http://localhost", HostPort},
		{"<script>", HostByte},
		{"[::1", HostIP},
		{"[]", HostIP},
		{"[localhost]", HostIP},
		{"[192.0.2.1]", HostIP},
		{"[fe80::1%eth0]", HostIP},
		{"[fe80::1%25eth0]", HostIP},
		{"[v1.fe80::a+en1]", HostIP},
		{"[::1]evil", HostPort},
		{"[::1]:80a", HostPort},
		{"[::1]]", HostPort},
	} {
		if got := CheckAuthority([]byte(tt.in)); got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.in, got, tt.want)
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
