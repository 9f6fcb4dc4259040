package proxy

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"sluice/message"
)

var trustedNet = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

// begun returns an Exchange of r as Serve would begin it.
func begun(g *Generation, r *message.Request) *Exchange {
	x := exchanges.New().(*Exchange)
	x.begin(g, r, nil)
	return x
}

// forwarded returns the fields that an upstream gets, as "name: value" lines in
// their order, but for Request-Id.
func forwarded(r *message.Request) string {
	x := begun(&Generation{Trusted: trustedNet}, r)
	x.setForwarding()
	var lines []string
	for _, f := range r.Fields {
		if f.ID != message.NameOf(f.Name) {
			return fmt.Sprintf("%s has the ID of %q", f.Name, f.ID)
		}
		if f.ID != message.RequestID {
			lines = append(lines, strings.ToLower(string(f.Name))+": "+string(f.Value))
		}
	}
	return strings.Join(lines, "\n")
}

// "What an untrusted client says of that is dropped: an application that
// believes X-Forwarded-For must not be made to believe a stranger. What a
// trusted peer says is kept and added to (RFC 7239 section 4)."
func TestForwardingFields(t *testing.T) {
	const stranger, proxy, proxy6 = "203.0.113.7:5000", "10.0.0.1:5000", "[fd00::1]:5000"
	for _, tt := range []struct {
		name, client string
		secure       bool
		host         string // "-": none
		fields       []string
		want         []string
	}{
		{name: "plain", client: stranger, want: []string{
			"x-forwarded-for: 203.0.113.7",
			"x-forwarded-proto: http",
			`forwarded: for=203.0.113.7;host="shop.example.com";proto=http`,
			"x-real-ip: 203.0.113.7",
			"x-forwarded-host: shop.example.com"}},
		{name: "tls, a port, other fields in order", client: stranger, secure: true, host: "shop.example.com:8443",
			fields: []string{"Accept: */*", "Cookie: a=b", "X-Custom: 1"}, want: []string{
				"accept: */*", "cookie: a=b", "x-custom: 1",
				"x-forwarded-for: 203.0.113.7",
				"x-forwarded-proto: https",
				`forwarded: for=203.0.113.7;host="shop.example.com:8443";proto=https`,
				"x-real-ip: 203.0.113.7",
				"x-forwarded-host: shop.example.com:8443"}},
		// RFC 7239 section 6: "an IPv6 address is always enclosed in square
		// brackets", and so has to be quoted.
		{name: "IPv6", client: "[2001:db8::7]:5000", host: "[2001:db8::1]", want: []string{
			"x-forwarded-for: 2001:db8::7",
			"x-forwarded-proto: http",
			`forwarded: for="[2001:db8::7]";host="[2001:db8::1]";proto=http`,
			"x-real-ip: 2001:db8::7",
			"x-forwarded-host: [2001:db8::1]"}},
		{name: "IPv4 in IPv6 clothes", client: "[::ffff:203.0.113.7]:5000", want: []string{
			"x-forwarded-for: 203.0.113.7",
			"x-forwarded-proto: http",
			`forwarded: for=203.0.113.7;host="shop.example.com";proto=http`,
			"x-real-ip: 203.0.113.7",
			"x-forwarded-host: shop.example.com"}},
		{name: "HTTP/1.0 without Host", client: stranger, host: "-", want: []string{
			"x-forwarded-for: 203.0.113.7",
			"x-forwarded-proto: http",
			"forwarded: for=203.0.113.7;proto=http",
			"x-real-ip: 203.0.113.7"}},

		{name: "all that a stranger may say", client: stranger, fields: []string{
			"X-Forwarded-For: 1.1.1.1", "X-FORWARDED-FOR: 2.2.2.2", "x-forwarded-host: evil.test",
			"X-Forwarded-Proto: https", "X-Forwarded-Port: 443", "X-Real-IP: 1.1.1.1", "Forwarded: for=1.1.1.1",
			"X-Forwarded-Ssl: on", "X-Forwarded-Scheme: https", "X-Forwarded-Prefix: /evil", "X-Forwarded-User: root",
			"x-forwarded-: 1"},
			want: []string{
				"x-forwarded-for: 203.0.113.7",
				"x-forwarded-proto: http",
				`forwarded: for=203.0.113.7;host="shop.example.com";proto=http`,
				"x-real-ip: 203.0.113.7",
				"x-forwarded-host: shop.example.com"}},
		// "CGI and its heirs turn "X_Forwarded_For" and "X-Forwarded-For" into
		// the same variable."
		{name: "a stranger's underscores", client: stranger, fields: []string{
			"X_Forwarded_For: 1.1.1.1", "X-Forwarded_Host: evil.test", "x_real-ip: 1.1.1.1", "X_FORWARDED_PROTO: https",
			"X_Forwarded_Ssl: on", "X-Forwarded_Port: 1", "X_Custom: stays", "X-Forwarder: stays", "X_Forwarder_For: stays"},
			want: []string{
				"x_custom: stays", "x-forwarder: stays", "x_forwarder_for: stays",
				"x-forwarded-for: 203.0.113.7",
				"x-forwarded-proto: http",
				`forwarded: for=203.0.113.7;host="shop.example.com";proto=http`,
				"x-real-ip: 203.0.113.7",
				"x-forwarded-host: shop.example.com"}},

		{name: "a trusted peer's", client: proxy, fields: []string{
			"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: www.example.com",
			"Forwarded: for=198.51.100.1", "X-Forwarded-Ssl: on", "X-Real-IP: 9.9.9.9"},
			want: []string{
				"x-forwarded-ssl: on",
				"x-forwarded-for: 198.51.100.1, 10.0.0.1",
				"x-forwarded-proto: https",
				`forwarded: for=198.51.100.1, for=10.0.0.1;host="shop.example.com";proto=https`,
				"x-real-ip: 198.51.100.1",
				"x-forwarded-host: www.example.com"}},
		// RFC 9110 section 5.3: several lines of a list "can be combined into
		// one [...] in order, separated by a comma".
		{name: "a trusted peer's in several lines", client: proxy, fields: []string{
			"X-Forwarded-For: 1.1.1.1, 198.51.100.1", "X-Forwarded-For: 10.9.9.9", "X-Forwarded-Host: a.test", "X-Forwarded-Host: b.test",
			"Forwarded: for=1.1.1.1", "forwarded: for=198.51.100.1"},
			want: []string{
				"x-forwarded-for: 1.1.1.1, 198.51.100.1, 10.9.9.9, 10.0.0.1",
				"x-forwarded-proto: http",
				`forwarded: for=1.1.1.1, for=198.51.100.1, for=10.0.0.1;host="shop.example.com";proto=http`,
				"x-real-ip: 198.51.100.1",
				"x-forwarded-host: shop.example.com"}}, // two hosts are none
		{name: "a trusted peer's empty ones", client: proxy, fields: []string{
			"X-Forwarded-For: ", "X-Forwarded-Host: ", "Forwarded: ", "X-Forwarded-Proto: "},
			want: []string{
				"x-forwarded-for: 10.0.0.1",
				"x-forwarded-proto: http",
				`forwarded: for=10.0.0.1;host="shop.example.com";proto=http`,
				"x-real-ip: 10.0.0.1",
				"x-forwarded-host: shop.example.com"}},
		{name: "a trusted peer passes on a stranger's underscores", client: proxy6, secure: true, fields: []string{
			"X_Forwarded_For: 1.1.1.1", "X_Real_IP: 1.1.1.1"},
			want: []string{
				"x-forwarded-for: fd00::1",
				"x-forwarded-proto: https",
				`forwarded: for="[fd00::1]";host="shop.example.com";proto=https`,
				"x-real-ip: fd00::1",
				"x-forwarded-host: shop.example.com"}},
		{name: "a trusted peer that was spoken to in plain, by us in TLS", client: proxy, secure: true,
			fields: []string{"X-Forwarded-Proto: http"}, want: []string{
				"x-forwarded-for: 10.0.0.1",
				"x-forwarded-proto: http",
				`forwarded: for=10.0.0.1;host="shop.example.com";proto=http`,
				"x-real-ip: 10.0.0.1",
				"x-forwarded-host: shop.example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request("GET", "/", tt.fields...)
			r.Client = clientAt(tt.client)
			r.Client.Secure = tt.secure
			switch tt.host {
			case "":
			case "-":
				r.Authority = nil
			default:
				r.Authority = []byte(tt.host)
			}
			if got, want := forwarded(r), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// "an IPv4 address is not ::ffff:… in any list": a peer in IPv6 clothes is
// trusted by its IPv4 network.
func TestTrustSeesThroughIPv6Clothes(t *testing.T) {
	g := &Generation{Trusted: trustedNet}
	for address, want := range map[string]bool{
		"10.1.2.3:1": true, "[::ffff:10.1.2.3]:1": true, "[fd12::1]:1": true,
		"11.0.0.1:1": false, "[2001:db8::1]:1": false, "[::ffff:11.0.0.1]:1": false,
	} {
		r := request("GET", "/")
		r.Client = clientAt(address)
		if x := begun(g, r); x.trusted != want {
			t.Errorf("%s trusted: %v, want %v", address, x.trusted, want)
		}
	}
}

// A PROXY header of a trusted balancer names a stranger: who is believed is
// the client it names, not the balancer.
func TestAnnouncedClientsAreNotTrusted(t *testing.T) {
	r := request("GET", "/", "X-Forwarded-For: 1.1.1.1")
	r.Client = clientAt("203.0.113.7:5000")
	r.Client.Peer = netip.MustParseAddrPort("10.0.0.1:7")
	if got := forwarded(r); !strings.HasPrefix(got, "x-forwarded-for: 203.0.113.7\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestForwardingFieldsAllocateNothing(t *testing.T) {
	x := exchanges.New().(*Exchange)
	g := &Generation{Trusted: trustedNet}
	r := request("GET", "/", "Accept: */*", "X-Forwarded-For: 1.1.1.1", "X_Custom: 1", "Cookie: a=b")
	fields := r.Fields
	n := testing.AllocsPerRun(100, func() {
		r.Fields = fields
		x.begin(g, r, nil)
		x.setForwarding()
		x.scratch, x.decided = x.scratch[:0], decided{}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
