package metrics

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

// shop is Metrics with one Site and more than one lane.
func shop() *Metrics {
	m := newMetrics("v1.2.3", 3)
	m.Sites([]string{"shop.example.com"})
	return m
}

func TestExchangesAreCountedBySiteProtocolAndClass(t *testing.T) {
	m := shop()
	for _, o := range []Observation{
		{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 200},
		{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 204},
		{Site: "shop.example.com", Protocol: "HTTP/2", Status: 304},
		{Site: "shop.example.com", Protocol: "HTTP/2", Status: 499},
		{Site: "", Protocol: "HTTP/2", Status: 421},
		{Site: "evil.example.com", Protocol: "HTTP/1.1", Status: 503},
		{Site: "shop.example.com", Protocol: "HTTP/9", Status: 0},
		{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 600},
	} {
		m.Exchange(&o)
	}
	page := scrape(t, m)
	for _, tt := range []struct {
		site, protocol, class string
		want                  float64
	}{
		{"shop.example.com", "HTTP/1.1", "2xx", 2},
		{"shop.example.com", "HTTP/2", "3xx", 1},
		{"shop.example.com", "HTTP/2", "4xx", 1},
		{"shop.example.com", "HTTP/2", "5xx", 0}, // there before the first, or rate() misses that
		{"", "HTTP/2", "4xx", 1},
		{"", "HTTP/1.1", "5xx", 1},
		{"shop.example.com", "other", "other", 1},
		{"shop.example.com", "HTTP/1.1", "other", 1},
	} {
		page.want(t, tt.want, "sluice_exchanges_total", "site", tt.site, "protocol", tt.protocol, "class", tt.class)
	}
	if page.find("sluice_exchanges_total", "site", "", "protocol", "other", "class", "2xx") != nil {
		t.Error("rare values are shown though there were none")
	}
}

func TestTotalsAreAddedUp(t *testing.T) {
	m := shop()
	m.Exchange(&Observation{Status: 502, Cause: "connection_refused", Degraded: "page", BytesIn: 100, BytesOut: 2000, Attempts: 2})
	m.Exchange(&Observation{Status: 504, Cause: "connection_refused", Degraded: "json", BytesIn: 11, BytesOut: 3, Attempts: 1})
	m.Exchange(&Observation{Status: 200, Cache: "hit", BytesIn: -1, BytesOut: -1, Attempts: -1}) // never back
	page := scrape(t, m)
	page.want(t, 3, "sluice_attempts_total")
	page.want(t, 111, "sluice_bytes_total", "direction", "in")
	page.want(t, 2003, "sluice_bytes_total", "direction", "out")
	page.want(t, 2, "sluice_failures_total", "cause", "connection_refused")
	page.want(t, 1, "sluice_degraded_total", "kind", "page")
	page.want(t, 1, "sluice_degraded_total", "kind", "json")
	page.want(t, 1, "sluice_cache_answers_total", "outcome", "hit")
	if n := len(page["sluice_failures_total"].GetMetric()); n != 1 {
		t.Errorf("%d causes, want 1", n)
	}
}

// A bucket has all up to and with its bound (Prometheus, "Histogram": le).
func TestDurationsAreInTheirBuckets(t *testing.T) {
	m := shop()
	for _, d := range []time.Duration{-time.Second, 0, time.Millisecond, time.Millisecond + 1, 30 * time.Millisecond,
		10 * time.Second, 60 * time.Second, time.Hour} {
		m.Exchange(&Observation{Site: "shop.example.com", Status: 200, Total: d})
	}
	h := scrape(t, m).find("sluice_exchange_duration_seconds", "site", "shop.example.com").GetHistogram()
	if h.GetSampleCount() != 8 || math.Abs(h.GetSampleSum()-3670.032) > 1e-6 {
		t.Errorf("count %d, sum %v", h.GetSampleCount(), h.GetSampleSum())
	}
	want := map[float64]uint64{0.001: 3, 0.0025: 4, 0.005: 4, 0.01: 4, 0.025: 4, 0.05: 5, 0.1: 5, 0.25: 5, 0.5: 5,
		1: 5, 2.5: 5, 5: 5, 10: 6, 30: 6, 60: 7, math.Inf(1): 8}
	for _, b := range h.GetBucket() {
		if b.GetCumulativeCount() != want[b.GetUpperBound()] {
			t.Errorf("up to %v: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want[b.GetUpperBound()])
		}
		delete(want, b.GetUpperBound())
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestATunnelIsAnExchangeWithoutADuration(t *testing.T) {
	m := shop()
	m.Exchange(&Observation{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 101, Total: 3 * time.Hour})
	page := scrape(t, m)
	page.want(t, 1, "sluice_exchanges_total", "site", "shop.example.com", "protocol", "HTTP/1.1", "class", "1xx")
	if h := page.find("sluice_exchange_duration_seconds", "site", "shop.example.com").GetHistogram(); h.GetSampleCount() != 0 {
		t.Errorf("%d durations", h.GetSampleCount())
	}
}

// Whatever comes, there are no more series than the config and the bounds say,
// and nothing is lost.
func TestSeriesAreBounded(t *testing.T) {
	m := shop()
	for i := range 1000 {
		m.Exchange(&Observation{Site: fmt.Sprint("s", i), Protocol: fmt.Sprint("p", i), Status: i,
			Cause: fmt.Sprint("c", i), Degraded: fmt.Sprint("k", i)})
	}
	m.Exchange(&Observation{Cause: "\xff", Degraded: "\xff"})
	page := scrape(t, m)
	for _, tt := range []struct {
		family string
		most   int
		sum    float64
	}{
		{"sluice_exchanges_total", 2 * 3 * 6, 1001},
		{"sluice_exchange_duration_seconds", 2, 0},
		{"sluice_failures_total", 64 + 1, 1001},
		{"sluice_degraded_total", 16 + 1, 1001},
	} {
		all, sum := page[tt.family].GetMetric(), 0.0
		for _, one := range all {
			sum += one.GetCounter().GetValue()
		}
		if len(all) > tt.most || sum != tt.sum {
			t.Errorf("%s: %d series of at most %d, sum %v, want %v", tt.family, len(all), tt.most, sum, tt.sum)
		}
	}
	page.want(t, 1, "sluice_failures_total", "cause", "c0")
	page.want(t, 1, "sluice_failures_total", "cause", "c63")
	page.want(t, 1000-64+1, "sluice_failures_total", "cause", "other")
}

// The word for the rest is no special case to who counts it.
func TestOtherIsAWordLikeOthers(t *testing.T) {
	m := shop()
	m.Exchange(&Observation{Cause: "other"})
	scrape(t, m).want(t, 1, "sluice_failures_total", "cause", "other")
}

func TestSitesAreReplaced(t *testing.T) {
	m := shop()
	count := func(site string) { m.Exchange(&Observation{Site: site, Protocol: "HTTP/2", Status: 200}) }
	count("shop.example.com")
	m.Sites([]string{"api.example.com", "shop.example.com", "", "shop.example.com"})
	count("shop.example.com")
	count("api.example.com")
	count("")
	labels := func(site string) []string { return []string{"site", site, "protocol", "HTTP/2", "class", "2xx"} }
	page := scrape(t, m)
	page.want(t, 2, "sluice_exchanges_total", labels("shop.example.com")...)
	page.want(t, 1, "sluice_exchanges_total", labels("api.example.com")...)
	page.want(t, 1, "sluice_exchanges_total", labels("")...)

	m.Sites([]string{"api.example.com"})
	count("shop.example.com")
	page = scrape(t, m)
	page.want(t, 2, "sluice_exchanges_total", labels("")...)
	if page.find("sluice_exchanges_total", labels("shop.example.com")...) != nil {
		t.Error("a Site that is gone is shown")
	}
}

func TestVersionRuntimeAndProcessAreShown(t *testing.T) {
	page := scrape(t, shop())
	for _, l := range page["sluice_build_info"].GetMetric()[0].GetLabel() {
		if l.GetName() == "version" && l.GetValue() != "v1.2.3" {
			t.Errorf("version %q", l.GetValue())
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_resident_memory_bytes"} {
		if page[name] == nil {
			t.Errorf("no %s", name)
		}
	}
}

func TestOthersNumbersAreReadAtTheScrape(t *testing.T) {
	m, n := shop(), 0.0
	m.Register(func(p *Page) {
		n++
		p.Counter("sluice_test_total", "A test.", "kind").Value(n, "a")
		p.Gauge("sluice_test", "A test.").Value(-n)
	})
	for want := 1.0; want <= 2; want++ {
		page := scrape(t, m)
		page.want(t, want, "sluice_test_total", "kind", "a")
		page.want(t, -want, "sluice_test")
	}
}

// A mistake in one number costs that number only, and is told.
func TestABadNumberLeavesTheOthers(t *testing.T) {
	for name, report := range map[string]func(*Page){
		"labels": func(p *Page) { p.Gauge("sluice_test", "A test.", "a").Value(1) },
		"utf8":   func(p *Page) { p.Gauge("sluice_test", "A test.", "a").Value(1, "\xff") },
		"name":   func(p *Page) { p.Gauge("", "A test.").Value(1) },
		"twice": func(p *Page) {
			p.Gauge("sluice_test", "A test.").Value(1)
			p.Gauge("sluice_test", "A test.").Value(2)
		},
		"panic": func(*Page) { panic("oops") },
	} {
		t.Run(name, func(t *testing.T) {
			m := shop()
			var told error
			m.Failed = func(err error) { told = errors.Join(told, err) }
			m.Register(report)
			m.Exchange(&Observation{Attempts: 7})
			scrape(t, m).want(t, 7, "sluice_attempts_total")
			if told == nil || name == "panic" && !strings.Contains(told.Error(), "oops") {
				t.Errorf("told %v", told)
			}
		})
	}
}

// Counting, scraping, learning words and new Sites at the same time lose
// nothing.
func TestNothingIsLostByCountingTogether(t *testing.T) {
	m := shop()
	const cores, each = 8, 2000
	var counting sync.WaitGroup
	for core := range cores {
		counting.Go(func() {
			for i := range each {
				m.Exchange(&Observation{Site: "shop.example.com", Protocol: "HTTP/1.1", Status: 200, Attempts: 1,
					Cause: fmt.Sprint("c", (i+core)%100)})
			}
		})
	}
	for range 20 {
		m.Sites([]string{"shop.example.com"})
		scrape(t, m)
	}
	counting.Wait()
	page := scrape(t, m)
	page.want(t, cores*each, "sluice_attempts_total")
	page.want(t, cores*each, "sluice_exchanges_total", "site", "shop.example.com", "protocol", "HTTP/1.1", "class", "2xx")
	sum := 0.0
	for _, c := range page["sluice_failures_total"].GetMetric() {
		sum += c.GetCounter().GetValue()
	}
	if sum != cores*each {
		t.Errorf("%v failures, want %d", sum, cores*each)
	}
}
