package policy

import (
	"testing"

	"sluice/message"
)

// page is what an application's page looks like to a cache, and browser what
// asks for it.
func page() *message.Response {
	return answer(200, "Date: {-1}", "Content-Type: text/html; charset=utf-8", "Server: app",
		"Cache-Control: public, max-age=60, stale-while-revalidate=30", `ETag: "5d8c72a5edda8"`, "Last-Modified: {-86400}",
		"Vary: Accept-Encoding, Accept-Language", "Content-Encoding: gzip", "X-Frame-Options: DENY", "Content-Language: de",
		"X-Content-Type-Options: nosniff", "Strict-Transport-Security: max-age=31536000")
}

func browser(more ...string) *message.Request {
	return get(append([]string{
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:137.0) Gecko/20100101 Firefox/137.0", "Accept: text/html,*/*;q=0.8",
		"Accept-Language: de,en-US;q=0.7,en;q=0.3", "Accept-Encoding: gzip, deflate, br, zstd", "Referer: https://shop.example/",
		"Cookie: _ga=GA1.2.3; Hm_lvt_1=1,2", "Upgrade-Insecure-Requests: 1", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate",
	}, more...)...)
}

func TestHotFunctionsAllocateNothing(t *testing.T) {
	resp := page()
	r := browser("Cache-Control: max-age=5", `If-None-Match: "a", "b"`, "Range: bytes=5-9", `If-Range: "5d8c72a5edda8"`)
	since := browser("If-Modified-Since: {0}")
	ignored := []string{"_ga*", "Hm_lvt_*"}
	a := Ask(r)
	m, why := Judge(r, a, resp, noon, noon, Rules{})
	key, ok := AppendVary(nil, r, resp.Fields)
	if why != WhyNone || !ok || !Matches(key, r) || !Anonymous(r.Fields, ignored) || Poisonable(r.Fields) {
		t.Fatal("the page is not one that is cached")
	}
	scratch := make(message.Fields, 0, 64)
	bytes := make([]byte, 0, 4096)
	for name, run := range map[string]func(){
		"Ask":                func() { Ask(r) },
		"Judge":              func() { Judge(r, a, resp, noon, noon, Rules{}) },
		"Judge, last good":   func() { Judge(r, a, resp, noon, noon, Rules{LastGood: true}) },
		"Use":                func() { m.Use(a, noon); m.OnError(noon) },
		"Matches":            func() { Matches(key, r) },
		"AppendVary":         func() { AppendVary(bytes, r, resp.Fields) },
		"NotModified":        func() { NotModified(r, &m, resp.Fields); NotModified(since, &m, resp.Fields) },
		"Range":              func() { Range(r, resp.Fields, 1000) },
		"Validators":         func() { Validators(resp.Fields) },
		"StoredFields":       func() { StoredFields(scratch, resp) },
		"Freshen":            func() { Freshen(scratch, resp.Fields, resp.Fields) },
		"NotModifiedFields":  func() { NotModifiedFields(scratch, resp.Fields) },
		"Poisonable":         func() { Poisonable(r.Fields) },
		"Anonymous":          func() { Anonymous(r.Fields, ignored) },
		"CacheStatus.Append": func() { CacheStatus{Hit: true, HasTTL: true, TTL: 5, Detail: "no freshness"}.Append(bytes) },
	} {
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkAsk(b *testing.B) {
	r := browser()
	b.ReportAllocs()
	for b.Loop() {
		Ask(r)
	}
}

func BenchmarkJudge(b *testing.B) {
	r, resp := browser(), page()
	a := Ask(r)
	b.ReportAllocs()
	for b.Loop() {
		Judge(r, a, resp, noon, noon, Rules{})
	}
}

func BenchmarkUse(b *testing.B) {
	r := browser()
	a := Ask(r)
	m, _ := Judge(r, a, page(), noon, noon, Rules{})
	b.ReportAllocs()
	for b.Loop() {
		m.Use(a, noon)
	}
}

func BenchmarkMatches(b *testing.B) {
	r := browser()
	key, _ := AppendVary(nil, r, page().Fields)
	b.ReportAllocs()
	for b.Loop() {
		Matches(key, r)
	}
}

func BenchmarkAdmissible(b *testing.B) {
	r := browser()
	ignored := []string{"_ga*", "Hm_lvt_*"}
	b.ReportAllocs()
	for b.Loop() {
		Poisonable(r.Fields)
		Anonymous(r.Fields, ignored)
	}
}
