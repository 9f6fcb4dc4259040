package policy

import (
	"testing"
	"time"
)

// RFC 9111 section 4.2: "response_is_fresh = (freshness_lifetime >
// current_age)". Section 5.2.1 for what requests ask, RFC 5861 section 3 for
// stale-while-revalidate.
func TestUse(t *testing.T) {
	const minute = "Cache-Control: max-age=60"
	for _, tt := range []struct {
		want    Use
		line    string
		seconds float64
		request string
	}{
		{Fresh, minute, 0, ""},
		{Fresh, minute, 59.9, ""},
		{Validate, minute, 60, ""},
		{Validate, minute, 61, ""},
		{Fresh, minute + ", must-revalidate", 59, ""},
		{Validate, `Cache-Control: no-cache, max-age=60`, 1, ""},
		{Fresh, `Cache-Control: no-cache="x-a", max-age=60`, 1, ""},

		{Validate, minute, 0, "Cache-Control: no-cache"},
		{Validate, minute, 0, "Cache-Control: no-store"},
		{Validate, minute, 0, "Cache-Control: max-age=0"},
		{Validate, minute, 2, "Cache-Control: max-age=1"},
		{Fresh, minute, 2, "Cache-Control: max-age=2"},
		{Fresh, minute, 2, "Cache-Control: max-age=x"},
		{Validate, minute, 2, "Cache-Control: max-age=100, max-age=1"},
		{Fresh, minute, 30, "Cache-Control: min-fresh=30"},
		{Validate, minute, 31, "Cache-Control: min-fresh=30"},
		{Validate, minute, 31, "Cache-Control: min-fresh=30, min-fresh=1"},
		{Fresh, minute, 70, "Cache-Control: max-stale=10"},
		{Validate, minute, 71, "Cache-Control: max-stale=10"},
		{Fresh, minute, 1e6, "Cache-Control: max-stale"},
		{Validate, minute, 71, "Cache-Control: max-stale, max-stale=10"},
		{Validate, minute, 71, "Cache-Control: max-stale=10, max-stale"},
		{Validate, minute, 61, "Cache-Control: max-stale=x"},
		{Validate, minute + ", must-revalidate", 61, "Cache-Control: max-stale"},
		{Validate, minute + ", proxy-revalidate", 61, "Cache-Control: max-stale"},
		{Validate, "Cache-Control: s-maxage=60", 61, "Cache-Control: max-stale"},
		{Validate, minute, 0, "Pragma: no-cache"},
		{Fresh, minute, 0, "Pragma: unknown"},

		{Meanwhile, minute + ", stale-while-revalidate=10", 60, ""},
		{Meanwhile, minute + ", stale-while-revalidate=10", 69.9, ""},
		{Validate, minute + ", stale-while-revalidate=10", 70, ""},
		{Validate, minute + ", stale-while-revalidate=x", 60, ""},
		{Validate, minute + ", stale-while-revalidate=10, stale-while-revalidate=99", 61, ""},
		{Validate, minute + ", stale-while-revalidate=10, must-revalidate", 61, ""},
		{Validate, minute + ", stale-while-revalidate=10, proxy-revalidate", 61, ""},
		{Meanwhile, "Cache-Control: s-maxage=60, stale-while-revalidate=10", 61, ""},
		{Validate, minute + ", stale-while-revalidate=10", 61, "Cache-Control: max-age=5"},
		{Validate, minute + ", stale-while-revalidate=10", 61, "Cache-Control: min-fresh=1"},
		{Meanwhile, "CDN-Cache-Control: max-age=60, stale-while-revalidate=10", 61, ""},
	} {
		m := stored(t, tt.line, `ETag: "v"`)
		if got := m.Use(Ask(get(tt.request)), after(tt.seconds)); got != tt.want {
			t.Errorf("%q after %vs for %q: %s, want %s", tt.line, tt.seconds, tt.request, got, tt.want)
		}
	}
}

// RFC 9111 section 5.2.1 for the directives of requests. Section 5.4: Pragma:
// no-cache counts as Cache-Control: no-cache, for requests without the latter.
func TestAsk(t *testing.T) {
	plain := Asked{MaxAge: -1, MinFresh: -1, MaxStale: -1, StaleIfError: -1}
	with := func(change func(a *Asked)) Asked { a := plain; change(&a); return a }
	for _, tt := range []struct {
		want  Asked
		lines []string
	}{
		{plain, nil},
		{plain, []string{"Pragma: no-cache", "Cache-Control: foo"}},
		{with(func(a *Asked) { a.NoCache = true }), []string{"Pragma: x, No-Cache"}},
		{with(func(a *Asked) { a.OnlyIfCached = true }), []string{"cache-control: ONLY-IF-CACHED"}},
		{with(func(a *Asked) { a.NoStore, a.MaxAge = true, time.Second }), []string{"Cache-Control: no-store", "Cache-Control: max-age=1"}},
		{with(func(a *Asked) { a.StaleIfError = 9 * time.Second }), []string{"Cache-Control: stale-if-error=9"}},
		{with(func(a *Asked) { a.Authorized = true }), []string{"authorization:"}},
		{with(func(a *Asked) { a.Range = true }), []string{"Range: bytes=0-", "If-Range: x"}},
		{with(func(a *Asked) { a.Conditional = true }), []string{"If-None-Match: x"}},
		{with(func(a *Asked) { a.Conditional = true }), []string{"If-Modified-Since: x"}},
		{with(func(a *Asked) { a.Precondition = true }), []string{"If-Match: x"}},
		{with(func(a *Asked) { a.Precondition = true }), []string{"If-Unmodified-Since: x"}},
	} {
		if got := Ask(get(tt.lines...)); got != tt.want {
			t.Errorf("%q: got %+v, want %+v", tt.lines, got, tt.want)
		}
	}
}

// RFC 5861 section 4: "when an error is encountered, a cached stale response
// MAY be used to satisfy the request", within the window. RFC 9111 section
// 5.2.2.2: "once the response has become stale, a cache MUST NOT reuse that
// response to satisfy another request until it has been successfully validated
// by the origin"; section 5.2.2.10: s-maxage "incorporates the semantics of the
// proxy-revalidate response directive".
func TestOnError(t *testing.T) {
	const minute = "Cache-Control: max-age=60"
	day := MaxStale.Seconds()
	for _, tt := range []struct {
		want    bool
		line    string
		seconds float64
		request string
	}{
		{true, minute, 0, ""},
		{true, minute, 61, ""},
		{true, minute, 59 + day, ""},
		{false, minute, 60 + day, ""},
		{true, minute + ", stale-if-error=10", 69, ""},
		{false, minute + ", stale-if-error=10", 70, ""},
		{false, minute + ", stale-if-error=0", 60, ""},
		{false, minute + ", stale-if-error=x", 61, ""},
		{true, minute + ", stale-if-error=10", 75, "Cache-Control: stale-if-error=20"},
		{true, minute, 61 + day, "Cache-Control: stale-if-error=90000"},
		{true, minute, 61, "Cache-Control: stale-if-error=0"},
		{true, minute + ", must-revalidate", 59, ""},
		{false, minute + ", must-revalidate", 60, ""},
		{false, minute + ", must-revalidate, stale-if-error=10", 60, ""},
		{false, minute + ", must-revalidate", 60, "Cache-Control: stale-if-error=20"},
		{false, minute + ", proxy-revalidate", 60, ""},
		{false, minute + ", no-cache", 1, ""},
		{false, minute + ", no-cache, stale-if-error=10", 1, ""},
		{false, "Cache-Control: s-maxage=60", 60, ""},
		{true, "Cache-Control: s-maxage=60", 59, ""},
		{true, "Cache-Control: s-maxage=60, stale-if-error=10", 61, ""},
		{true, "Last-Modified: {-10}", 61, ""},
	} {
		m := stored(t, tt.line, `ETag: "v"`)
		now, a := after(tt.seconds), Ask(get(tt.request))
		if got := m.OnErrorFor(a, now); got != tt.want {
			t.Errorf("%q after %vs for %q: %v, want %v", tt.line, tt.seconds, tt.request, got, tt.want)
		}
		if tt.request == "" && m.OnError(now) != tt.want {
			t.Errorf("%q after %vs: OnError is not OnErrorFor", tt.line, tt.seconds)
		}
	}
	if m, why := judged(answer(503, minute), Rules{}); why != WhyNone || m.OnError(after(1)) {
		t.Error("a stored error is served in place of an error")
	}
}

func TestSharedIsWhatSaysSo(t *testing.T) {
	for line, want := range map[string]bool{
		"Cache-Control: max-age=60":                               false,
		"Cache-Control: max-age=60, public":                       true,
		"Cache-Control: max-age=60, public=x":                     false,
		"Cache-Control: s-maxage=60":                              true,
		"Cache-Control: s-maxage=x":                               false,
		"CDN-Cache-Control: max-age=60":                           true,
		"CDN-Cache-Control: max-age=x":                            false,
		"CDN-Cache-Control: &, public":                            false,
		"Cache-Control: max-age=60, community=\"public, a\", b=1": false,
	} {
		if got := stored(t, line, `ETag: "v"`).Shared(); got != want {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}
