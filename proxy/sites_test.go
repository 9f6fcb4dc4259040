package proxy

import (
	"strings"
	"testing"
)

// "finds the Site for a host name: the exact name, else a wildcard for its
// parent ("*.example.com" stands for one label), else the default Site."
func TestAHostFindsItsSite(t *testing.T) {
	sites := NewSites(&Site{Name: "default"})
	for _, host := range []string{"shop.example.com", "*.shop.example.com", "*.example.com", "www.shop.example.com",
		"127.0.0.1", "::1", "2001:db8::7", "localhost"} {
		sites.Add(host, &Site{Name: host})
	}
	for _, tt := range []struct{ authority, want string }{
		{"shop.example.com", "shop.example.com"},
		{"shop.example.com:443", "shop.example.com"},
		{"shop.example.com:", "shop.example.com"},
		{"shop.example.com.", "shop.example.com"}, // fully qualified
		{"shop.example.com.:8443", "shop.example.com"},
		{"SHOP.Example.COM", "shop.example.com"},
		{"SHOP.EXAMPLE.COM.:80", "shop.example.com"},

		{"www.shop.example.com", "www.shop.example.com"}, // exact before wildcard
		{"a.shop.example.com", "*.shop.example.com"},
		{"A.SHOP.example.com:1", "*.shop.example.com"},
		{"a.b.shop.example.com", "default"}, // one label
		{"b.example.com", "*.example.com"},
		{"example.com", "default"},
		{".example.com", "default"}, // no empty label
		{"shop.example.com.evil.test", "default"},
		{"evilshop.example.com", "*.example.com"},
		{"shop.example.com..", "default"},
		{"xshop.example.com", "*.example.com"},

		{"127.0.0.1", "127.0.0.1"},
		{"127.0.0.1:8080", "127.0.0.1"},
		{"[::1]", "::1"},
		{"[::1]:8443", "::1"},
		{"[2001:DB8::7]", "2001:db8::7"},
		{"[::2]", "default"},
		{"[::1", "default"},
		{"[]", "default"},
		{"[", "default"},
		{"localhost:8080", "localhost"},

		{"", "default"},
		{":80", "default"},
		{".", "default"},
		{strings.Repeat("a", 300) + ".example.com", "default"},
		{strings.Repeat("a", 255-len(".example.com")) + ".example.com", "*.example.com"},
	} {
		if got := sites.find([]byte(tt.authority)).Name; got != tt.want {
			t.Errorf("%q finds %q, want %q", tt.authority, got, tt.want)
		}
	}
}

func TestAHostOfNoSiteFindsNoneWithoutADefault(t *testing.T) {
	sites := NewSites(nil)
	sites.Add("*.example.com", &Site{})
	for _, authority := range []string{"", "other.test", "example.com", "a.b.example.com"} {
		if sites.find([]byte(authority)) != nil {
			t.Errorf("%q finds a Site", authority)
		}
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	sites := NewSites(nil)
	sites.Add("*.example.com", &Site{})
	host := []byte("Shop.Example.com:443")
	if n := testing.AllocsPerRun(100, func() { sites.find(host) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// ""/api/" is for everything that begins with it; "/api" for itself and what
// is below "/api/", so that it is not for "/apiary"."
func TestTheLongestRouteWins(t *testing.T) {
	s := &Site{Routes: []Route{{Prefix: "/"}, {Prefix: "/api"}, {Prefix: "/api/v1/"}, {Prefix: "/api/v1/orders"}}}
	SortRoutes(s.Routes)
	for _, tt := range []struct{ path, want string }{
		{"/", "/"},
		{"/index.html", "/"},
		{"/api", "/api"},
		{"/api/", "/api"},
		{"/api/x", "/api"},
		{"/apiary", "/"},
		{"/API", "/"}, // RFC 3986 section 6.2.2.1: only scheme and host are case-insensitive
		{"/api/v1", "/api"},
		{"/api/v1/", "/api/v1/"},
		{"/api/v1/ordersX", "/api/v1/"},
		{"/api/v1/orders", "/api/v1/orders"},
		{"/api/v1/orders/7", "/api/v1/orders"},
		{"//api", "/"},
		// RFC 9110 section 9.3.7: OPTIONS * "applies to the server in general".
		{"*", "/"},
	} {
		r := s.route([]byte(tt.path))
		if r == nil {
			t.Errorf("%q has no Route, want %q", tt.path, tt.want)
		} else if r.Prefix != tt.want {
			t.Errorf("%q goes to %q, want %q", tt.path, r.Prefix, tt.want)
		}
	}
}
