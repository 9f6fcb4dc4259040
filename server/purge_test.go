package server

import (
	"net/http"
	"strings"
	"testing"
)

// shelf is a cache that notes what it is to forget.
type shelf struct {
	host, target string
	prefix       bool
}

func (s *shelf) Purge(host, target string, prefix bool) int {
	s.host, s.target, s.prefix = host, target, prefix
	return 3
}

func (s *shelf) CacheStats() any { return map[string]int{"hits": 7} }

// "url" and "prefix" as the cache is told of them: path and query stand as they
// do in a request.
func TestPurgeTakesURLsApart(t *testing.T) {
	s := named(t, "shop.example.com *.shop.example.com", "2001:db8::1")
	for _, tt := range []struct {
		url          string
		prefix       bool
		host, target string // empty: it must be refused
	}{
		{"https://shop.example.com/a/b?c=d", false, "shop.example.com", "/a/b?c=d"},
		{"http://shop.example.com/a/b?c=d", false, "shop.example.com", "/a/b?c=d"},
		{"https://SHOP.example.com:8443/News/", true, "shop.example.com", "/News/"},
		{"https://shop.example.com", true, "shop.example.com", "/"},
		{"https://shop.example.com./?", false, "shop.example.com", "/?"},
		{"https://a.shop.example.com/#part", false, "a.shop.example.com", "/"},
		{"https://shop.example.com/a%2Fb/%E4%BD%A0?q=%20", false, "shop.example.com", "/a%2Fb/%E4%BD%A0?q=%20"},
		{"https://shop.example.com/你", false, "shop.example.com", "/%E4%BD%A0"},
		{"https://[2001:DB8::1]:443/x", false, "2001:db8::1", "/x"},

		{"https://other.example.com/", false, "", ""},
		{"https://b.a.shop.example.com/", false, "", ""},
		{"shop.example.com/a", false, "", ""},
		{"/a", false, "", ""},
		{"", false, "", ""},
		{"ftp://shop.example.com/a", false, "", ""},
		{"https:shop.example.com", false, "", ""},
		{"https:///a", false, "", ""},
		{"https://me@shop.example.com/", false, "", ""},
		{"https://shop.example.com/%zz", false, "", ""},
		{"https://shop.example.com/a\nb", false, "", ""},
		{"https://shop.example.com/" + strings.Repeat("x", longestURL), false, "", ""},
	} {
		cache := &shelf{}
		s.purger = cache
		n, err := s.Purge(tt.url, tt.prefix)
		if got := *cache; got != (shelf{tt.host, tt.target, tt.prefix}) {
			t.Errorf("%.60q: %+v, want %q %q", tt.url, got, tt.host, tt.target)
		}
		if (err != nil) != (tt.host == "") || err == nil && n != 3 {
			t.Errorf("%.60q: %d, %v", tt.url, n, err)
		}
	}
}

// "nil until I wire it (then the admin API answers 501/"the cache is off")".
func TestAdminWithAndWithoutACache(t *testing.T) {
	for _, cache := range []purger{nil, &shelf{}} {
		s := listening(t, "", plainSite("127.0.0.1:1"))
		s.purger = cache
		s.run()
		base := "http://" + s.Admin().String()
		wantStatus, wantStats, wantPurged := 501, "the cache is off\n", "the cache is off\n"
		if cache != nil {
			wantStatus, wantStats, wantPurged = 200, "{\n  \"hits\": 7\n}\n", "{\n  \"purged\": 3\n}\n"
		}
		if status, _, body := fetch(t, http.DefaultClient, base+"/cache"); status != wantStatus || body != wantStats {
			t.Errorf("/cache: %d %q", status, body)
		}
		if status, body := act(t, base+"/cache/purge", `{"url":"http://shop.example.com/a","prefix":true}`); status != wantStatus || body != wantPurged {
			t.Errorf("purge: %d %q", status, body)
		}
		if got, ok := cache.(*shelf); ok && *got != (shelf{"shop.example.com", "/a", true}) {
			t.Errorf("purged %+v", got)
		}
		s.stop()
	}
}
