package http1

import (
	"bytes"
	"strings"
	"testing"
)

var testLimits = Limits{Head: 32 << 10, Line: 8 << 10, Fields: 100}

// browserHead is what a browser sends for a page's XHR: 12 fields.
var browserHead = lines(
	"GET /api/v2/products/10425/reviews?page=2&sort=newest&_=1718000000000 HTTP/1.1",
	"Host: shop.example.com",
	"Connection: keep-alive",
	`sec-ch-ua: "Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="8"`,
	"Accept: application/json, text/plain, */*",
	"sec-ch-ua-mobile: ?0",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
	"Sec-Fetch-Site: same-origin",
	"Sec-Fetch-Mode: cors",
	"Referer: https://shop.example.com/products/10425",
	"Accept-Encoding: gzip, deflate, br, zstd",
	"Accept-Language: en-US,en;q=0.9",
	"Cookie: session=9b2f6d3c1e8a47f0; theme=dark",
)

var appResponseHead = lines(
	"HTTP/1.1 200 OK",
	"Server: nginx",
	"Date: Mon, 10 Jun 2024 06:13:20 GMT",
	"Content-Type: application/json; charset=utf-8",
	"Content-Length: 612",
	"Connection: keep-alive",
	"Vary: Accept-Encoding",
	"Cache-Control: no-store",
	`ETag: W/"264-2b8f0c1"`,
)

var smallChunkedBody = []byte("1a\r\nabcdefghijklmnopqrstuvwxyz\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n")

func lines(l ...string) []byte {
	return []byte(strings.Join(l, "\r\n") + "\r\n\r\n")
}

func BenchmarkScanHead(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(browserHead)))
	for b.Loop() {
		if end, _, _ := scanHead(browserHead, 0); end == 0 {
			b.Fatal("no end")
		}
	}
}

func BenchmarkRequestHead(b *testing.B) {
	var h requestHead
	b.ReportAllocs()
	b.SetBytes(int64(len(browserHead)))
	for b.Loop() {
		if f := h.parse(browserHead, testLimits); f != nil {
			b.Fatal(f)
		}
	}
}

func BenchmarkResponseHead(b *testing.B) {
	var h responseHead
	b.ReportAllocs()
	b.SetBytes(int64(len(appResponseHead)))
	for b.Loop() {
		if f := h.parse(appResponseHead, testLimits); f != nil {
			b.Fatal(f)
		}
	}
}

func BenchmarkRefusedRequestHead(b *testing.B) {
	head := bytes.Replace(browserHead, []byte("Cookie:"), []byte("Cookie :"), 1)
	var h requestHead
	b.ReportAllocs()
	for b.Loop() {
		if h.parse(head, testLimits) == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkChunkedSmall(b *testing.B) {
	benchmarkChunked(b, smallChunkedBody)
}

func BenchmarkChunkedLarge(b *testing.B) {
	chunk := "4000\r\n" + strings.Repeat("x", 0x4000) + "\r\n"
	benchmarkChunked(b, []byte(strings.Repeat(chunk, 8)+"0\r\n\r\n"))
}

func benchmarkChunked(b *testing.B, body []byte) {
	var d chunked
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		d.reset()
		for buf := body; ; {
			_, n, done, f := d.next(buf)
			if f != nil || n == 0 && !done {
				b.Fatal("stuck", f)
			}
			buf = buf[n:]
			if done {
				break
			}
		}
	}
}
