package http2

import (
	"strings"
	"testing"
)

// browserSection is what a browser sends for a page's XHR: 15 fields, of them
// three crumbs of a cookie.
var browserSection = []sectionLine{
	{":method", "GET"},
	{":authority", "shop.example.com"},
	{":scheme", "https"},
	{":path", "/api/v2/products/10425/reviews?page=2&sort=newest&_=1718000000000"},
	{"sec-ch-ua", `"Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="8"`},
	{"accept", "application/json, text/plain, */*"},
	{"sec-ch-ua-mobile", "?0"},
	{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"},
	{"sec-ch-ua-platform", `"Linux"`},
	{"sec-fetch-site", "same-origin"},
	{"sec-fetch-mode", "cors"},
	{"sec-fetch-dest", "empty"},
	{"referer", "https://shop.example.com/products/10425"},
	{"accept-encoding", "gzip, deflate, br, zstd"},
	{"accept-language", "en-US,en;q=0.9"},
	{"cookie", "session=9b2f6d3c1e8a47f0"},
	{"cookie", "theme=dark"},
	{"cookie", "consent=all"},
	{"priority", "u=1, i"},
}

// Reading and refusing cost no memory in the steady state.
func TestHeadAllocatesNothing(t *testing.T) {
	h := new(head)
	long := strings.Repeat("x", 2000)
	for _, tt := range []struct {
		name string
		all  []sectionLine
	}{
		{"browser section", browserSection},
		{"host and length", getWith(":authority", "host=h", "content-length=7", "te=trailers", "expect=100-continue")},
		{"tunnel", connectSection()},
		{"refused", getSection("expect=a")},
		{"malformed", getSection("A=b")},
		{"too large", getSection("a="+long, "b="+long, "c="+long)},
	} {
		limits := Limits{Head: 4000, Fields: 100}
		if allocs := testing.AllocsPerRun(100, func() { h.addAll(limits, tt.all); h.finishRequest(false) }); allocs != 0 {
			t.Errorf("%s: %v allocations", tt.name, allocs)
		}
	}
	trailers := section("grpc-status=0", "host=h", "te=trailers")
	if allocs := testing.AllocsPerRun(100, func() { h.addAll(headLimits, trailers); h.finishTrailers() }); allocs != 0 {
		t.Errorf("trailers: %v allocations", allocs)
	}
}

func BenchmarkHead(b *testing.B) {
	h := new(head)
	b.ReportAllocs()
	for b.Loop() {
		h.addAll(headLimits, browserSection)
		if f := h.finishRequest(true); f != nil {
			b.Fatal(f)
		}
	}
}

func BenchmarkHeadReset(b *testing.B) {
	h := new(head)
	for b.Loop() {
		h.reset(headLimits)
	}
}
