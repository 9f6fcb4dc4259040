package config

import (
	"strings"
	"testing"
	"time"
)

func TestHosts(t *testing.T) {
	tests := []struct {
		text, want string // want is empty if it must be refused
	}{
		{"shop.example.com", "shop.example.com"},
		{"SHOP.Example.com", "shop.example.com"},
		{"*.example.com", "*.example.com"},
		{"localhost", "localhost"},
		{"my_app.internal", "my_app.internal"},
		{"xn--fiq228c.example", "xn--fiq228c.example"},
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "::1"},
		{"2001:DB8:0:0::1", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"1.example", "1.example"},
		{strings.Repeat("a", 63) + ".example", strings.Repeat("a", 63) + ".example"},
		{strings.Repeat("a", 64) + ".example", ""},
		{strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "a"},
		{strings.Repeat("a.", 127) + "a", ""},
		{"*.*.example.com", ""},
		{"*.", ""},
		{"a.*", ""},
		{"1.2.3", ""},
		{"1.2.3.4.5", ""},
		{"example.com-", ""},
		{"[::1]", ""},
		{"a\x00b", ""},
	}
	for _, tt := range tests {
		got, bad := parseHost(tt.text)
		if got != tt.want || (bad != nil) != (tt.want == "") {
			t.Errorf("%q: got %q, %v; want %q", tt.text, got, bad, tt.want)
		}
	}
}

func TestSizes(t *testing.T) {
	tests := []struct {
		text string
		want int64 // -1 if it must be refused
	}{
		{"32KiB", 32 << 10}, {"64KB", 64_000}, {"1MiB", 1 << 20}, {"2MB", 2_000_000},
		{"1GiB", 1 << 30}, {"1GB", 1e9}, {"4096", 4096}, {"10B", 10}, {"0", 0},
		{"9223372036854775807", 1<<63 - 1},
		{"9223372036854775808", -1}, {"8589934592GiB", -1},
		{"32k", -1}, {"32kib", -1}, {"32 KiB", -1}, {"-1", -1}, {"+1", -1}, {"1.5KiB", -1}, {"", -1}, {"KiB", -1}, {"B", -1},
	}
	for _, tt := range tests {
		got, bad := parseSize(tt.text)
		if bad != nil {
			got = -1
		}
		if got != tt.want {
			t.Errorf("%q: got %d, want %d", tt.text, got, tt.want)
		}
	}
}

func TestDurations(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration // 0 if it must be refused
	}{
		{"250ms", 250 * time.Millisecond}, {"1m30s", 90 * time.Second}, {"1.5s", 1500 * time.Millisecond},
		{"1s", time.Second}, {"1h", time.Hour},
		{"10 parsec", 0}, {"-1s", 0}, {"0s", 0}, {"10", 0}, {"", 0}, {"1d", 0}, {"1h1ms", 0}, {"9ms", 0},
		{"99999999999999h", 0},
	}
	parse := durationBetween(10*time.Millisecond, time.Hour)
	for _, tt := range tests {
		got, bad := parse(tt.text)
		if got != tt.want || (bad != nil) != (tt.want == 0) {
			t.Errorf("%q: got %v, %v; want %v", tt.text, got, bad, tt.want)
		}
	}
}

func TestDurationsAreShownShort(t *testing.T) {
	for _, want := range []string{"0s", "10ms", "1m", "10m", "1h", "20h", "1h30m", "1h0m5s"} {
		d, err := time.ParseDuration(want)
		if got := showDuration(d); err != nil || got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestListenAddresses(t *testing.T) {
	for _, want := range []string{"", ":80", "127.0.0.1:0", "0.0.0.0:443", "[::]:443", "[::1]:8443", "[fe80::1%eth0]:80"} {
		a, bad := parseAddress(want)
		if bad != nil || a.String() != want || a.On != (want != "") {
			t.Errorf("%q: got %q, %v", want, a, bad)
		}
	}
	for _, text := range []string{"80", "localhost:80", ":http", ":-1", ":65536", "::1:80", "10.0.0.1", "http://:80", ":"} {
		if a, bad := parseAddress(text); bad == nil {
			t.Errorf("%q: got %q, want a flaw", text, a)
		}
	}
}

func TestListenAddressesOverlap(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{":80", ":443", false},
		{":80", ":80", true},
		{":80", "127.0.0.1:80", true},
		{"[::]:80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "127.0.0.1:80", true},
		{"0.0.0.0:80", "[::1]:80", false},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
		{"", "", false},
	}
	for _, tt := range tests {
		a, _ := parseAddress(tt.a)
		b, _ := parseAddress(tt.b)
		if a.overlaps(b) != tt.want || b.overlaps(a) != tt.want {
			t.Errorf("%q and %q: want %v", tt.a, tt.b, tt.want)
		}
	}
}

func TestServers(t *testing.T) {
	tests := []struct {
		text string
		want serverRange // zero if it must be refused
	}{
		{"127.0.0.1:8080", serverRange{host: "127.0.0.1", first: 8080, last: 8080, weight: 1}},
		{"10.0.0.2:3001-3100", serverRange{host: "10.0.0.2", first: 3001, last: 3100, weight: 1}},
		{"10.0.0.2:3001-3001", serverRange{host: "10.0.0.2", first: 3001, last: 3001, weight: 1}},
		{" 10.0.0.3:3000  weight=2 ", serverRange{host: "10.0.0.3", first: 3000, last: 3000, weight: 2}},
		{"10.0.0.3:1-65535 weight=1000", serverRange{host: "10.0.0.3", first: 1, last: 65535, weight: 1000}},
		{"10.0.0.3:3000 drain=true weight=2", serverRange{host: "10.0.0.3", first: 3000, last: 3000, weight: 2, drain: true}},
		{"10.0.0.3:3000 drain=false", serverRange{host: "10.0.0.3", first: 3000, last: 3000, weight: 1}},
		{"10.0.0.3:3000 drain", serverRange{}},
		{"_HTTP._tcp.App.internal. weight=3", serverRange{host: "_http._tcp.app.internal", weight: 3, service: true}},
		{"_http._udp.app.internal", serverRange{}},
		{"_http.app.internal", serverRange{}},
		{"_http._tcp.app.internal:80", serverRange{}},
		{"App.internal:80", serverRange{host: "app.internal", first: 80, last: 80, weight: 1}},
		{"[FD00::2]:80", serverRange{host: "fd00::2", first: 80, last: 80, weight: 1}},
		{"10.0.0.2:80-", serverRange{}},
		{"10.0.0.2:-80", serverRange{}},
		{"10.0.0.2:80-90-100", serverRange{}},
		{"10.0.0.2:80 weight", serverRange{}},
		{"10.0.0.2:80 weight=1.5", serverRange{}},
		{"a b:80", serverRange{}},
		{"unix:/run/app.sock", serverRange{}},
		{"a:80/path", serverRange{}},
		{"[::]:80", serverRange{}},
	}
	for _, tt := range tests {
		got, bad := parseServer(tt.text)
		if bad != nil {
			got = serverRange{}
		}
		if got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func TestUpstreamAddressCanBeDialled(t *testing.T) {
	if got := (Upstream{Host: "fd00::2", Port: 80}).Address(); got != "[fd00::2]:80" {
		t.Errorf("got %s", got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"hosts", "upstream", "http", "https", "b"}
	tests := []struct{ word, want string }{
		{"hots", "hosts"},
		{"Hosts", "hosts"},
		{"upstraem", "upstream"},
		{"upstreams", "upstream"},
		{"htp", "http"},
		{"colour", ""},
		{"x", ""}, // every one-letter word is one edit away
		{"", ""},
		{strings.Repeat("h", 10_000), ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.word, known); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3},
	}
	for _, tt := range tests {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
