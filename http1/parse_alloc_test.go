package http1

import (
	"bytes"
	"testing"
)

// Parsing and refusing cost no memory once the backing arrays have grown.
func TestParsingAllocatesNothing(t *testing.T) {
	var (
		request  requestHead
		response responseHead
		body     chunked
		refused  = bytes.Replace(browserHead, []byte("Cookie:"), []byte("Cookie :"), 1)
		absolute = []byte("GET http://[::1]?q HTTP/1.1\r\nHost: [::1]\r\nConnection: a, b, c\r\nA: b\r\n\r\n")
		trailers = []byte("0\r\nA: b\r\nC: d\r\n\r\n")
	)
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"scanHead", func() { scanHead(browserHead, 0) }},
		{"browser head", func() { request.parse(browserHead, testLimits) }},
		{"absolute target", func() { request.parse(absolute, testLimits) }},
		{"refused head", func() { request.parse(refused, testLimits) }},
		{"too large a head", func() { request.parse(browserHead, Limits{}) }},
		{"response head", func() { response.parse(appResponseHead, testLimits) }},
		{"chunked", func() { body.reset(); body.next(smallChunkedBody) }},
		{"trailers", func() { body.reset(); body.next(trailers) }},
		{"refused chunk", func() { body.reset(); body.next([]byte("g")) }},
	} {
		if allocs := testing.AllocsPerRun(100, tt.run); allocs != 0 {
			t.Errorf("%s: %v allocations", tt.name, allocs)
		}
	}
}
