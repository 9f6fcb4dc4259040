package policy

import (
	"testing"
	"time"
)

// RFC 9111 section 4.2.1: s-maxage, else max-age, else Expires minus Date.
// Section 4.2.2: "a cache MUST NOT use heuristics to determine freshness when
// an explicit expiration time is present". RFC 9213 section 2.2 for
// CDN-Cache-Control. All came at noon; want is Left then, in seconds.
func TestFreshnessLifetime(t *testing.T) {
	for _, tt := range []struct {
		want  float64
		lines []string
	}{
		{60, []string{"Cache-Control: max-age=60"}},
		{60, []string{"Cache-Control: MaX-aGe=60"}},
		{60, []string{"Cache-Control: foobar, max-age=60"}},
		{60, []string{`Cache-Control: max-age="60"`}},
		{60, []string{"Cache-Control: max-age=00060"}},
		{60, []string{"Cache-Control: ,, max-age=60,"}},
		{60, []string{"Cache-Control:", "Cache-Control: max-age=60"}},
		{60, []string{`Cache-Control: max-age=60, extension="max-age=3600"`}},
		{60, []string{`Cache-Control: extension="a\", max-age=3600", max-age=60`}},
		{60, []string{"Cache-Control: max-age=60, max-age=60"}},
		{60, []string{"Cache-Control: max-age=60", "Expires: {-9}"}},
		{60, []string{"Cache-Control: max-age=60", "Expires: 0"}},
		{60, []string{"Cache-Control: max-age=1, s-maxage=60"}},
		{60, []string{"Cache-Control: s-maxage=60", "Cache-Control: max-age=3600"}},
		{60, []string{"Expires: {60}"}},
		{60, []string{"Expires: {60}", "Date: foo"}},
		{50, []string{"Expires: {60}", "Date: {10}"}},
		{60, []string{"Expires: {60}", "Expires: {60}"}},
		{1 << 31, []string{"Cache-Control: max-age=2147483648"}},
		{1 << 31, []string{"Cache-Control: max-age=99999999999"}},
		{1 << 31, []string{"Cache-Control: max-age=999999999999999999999999999999999999"}},
		{1 << 31, []string{"Expires: Fri, 31 Dec 9999 23:59:59 GMT"}},

		{0, []string{"Cache-Control: max-age=0", "Expires: {60}"}},
		{0, []string{"Cache-Control: max-age=-60"}},
		{0, []string{"Cache-Control: max-age=60.0"}},
		{0, []string{"Cache-Control: max-age=60a"}},
		{0, []string{"Cache-Control: max-age='60'"}},
		{0, []string{"Cache-Control: max-age =60"}},
		{0, []string{"Cache-Control: max-age= 60"}},
		{0, []string{"Cache-Control: max-age=60; foo"}},
		{0, []string{"Cache-Control: max-age"}},
		{0, []string{"Cache-Control: max-age=, max-age=60"}},
		{0, []string{"Cache-Control: max-age=1, max-age=1800"}},
		{0, []string{"Cache-Control: max-age=1800", "Cache-Control: max-age=1"}},
		{0, []string{"Cache-Control: max-age=60, s-maxage=x"}},
		{0, []string{"Expires: {-60}"}},
		{0, []string{"Expires: 0"}},
		{0, []string{"Expires: {60}", "Expires: {61}"}},
		{0, []string{"Expires: {60}", "Date: {60}"}},
		{0, []string{"Expires: {60}", "Date: {70}"}},
		{0, []string{"Cache-Control: max-age=60", "Date: {0}", "Date: {1}"}},
		{0, []string{"Expires: 0", "Last-Modified: {-1000}"}},

		{100, []string{"Last-Modified: {-1000}"}},
		{100, []string{"Last-Modified: {-990}", "Date: {10}"}},
		{86400, []string{"Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT"}},
		{0, []string{"Last-Modified: {1000}"}},
		{0, []string{"Last-Modified: yesterday"}},

		{60, []string{"CDN-Cache-Control: max-age=60", "Cache-Control: max-age=1"}},
		{60, []string{"CDN-Cache-Control: max-age=60", "Cache-Control: no-store"}},
		{60, []string{"CDN-Cache-Control: max-age=60;p=1, foo;bar", "Expires: 0"}},
		{60, []string{"CDN-Cache-Control: a=(1 2.5 \"x\");q, max-age=60"}},
		{1 << 31, []string{"CDN-Cache-Control: max-age=99999999999"}},
		{0, []string{"CDN-Cache-Control: max-age=0", "Expires: {60}"}},
		{0, []string{"CDN-Cache-Control: none", "Cache-Control: max-age=60"}},
		{0, []string{`CDN-Cache-Control: max-age="60"`}},
		{0, []string{"CDN-Cache-Control: max-age=60.5"}},
		{60, []string{"CDN-Cache-Control:", "Cache-Control: max-age=60"}},
		{60, []string{"CDN-Cache-Control: max-age=10, &&&&", "Cache-Control: max-age=60"}},
		{60, []string{"CDN-Cache-Control: MaX-aGe=10", "Cache-Control: max-age=60"}},
		{60, []string{"CDN-Cache-Control: max-age =10", "Cache-Control: max-age=60"}},
		{60, []string{"CDN-Cache-Control: max-age=10,", "Cache-Control: max-age=60"}},
	} {
		m, why := judged(answer(200, append(tt.lines, `ETag: "v"`)...), Rules{})
		if left := m.Left(noon).Seconds(); why != WhyNone || left != tt.want {
			t.Errorf("%q: %v left (%s), want %v", tt.lines, left, why, tt.want)
		}
	}
}

// RFC 9213 section 2.1: a targeted field with a parsing error "MUST be ignored
// by the cache"; what forbids in it is obeyed nevertheless.
func TestTargetedField(t *testing.T) {
	const open = "Cache-Control: max-age=60"
	for in, want := range map[string]Why{
		"no-store":                        WhyNoStore,
		"No-Store":                        WhyNoStore,
		"&, no-store":                     WhyNoStore,
		"private":                         WhyPrivate,
		"private, max-age=60":             WhyPrivate,
		"PRIVATE":                         WhyPrivate,
		"no-cache":                        WhyNoCache,
		"max-age=60":                      WhyNone,
		"max-age=60, no-cache=\"x-a\"":    WhyNone,
		"none":                            WhyFreshness,
		"a=\"\\x\"":                       WhyNone, // no structured field
		"a=\"\\\"\", max-age=5":           WhyNone,
		"a=:YWJj:, b=?1, c=?0, max-age=5": WhyNone,
		"a=:YW*j:, no-store":              WhyNoStore,
		"a=(1 2, no-store":                WhyNoStore,
		"a=1234567890123456, private":     WhyPrivate,
		"a=\"open, private":               WhyMalformed,
	} {
		if _, why := judged(answer(200, open, "CDN-Cache-Control: "+in), Rules{}); why != want {
			t.Errorf("%s: got %q, want %q", in, why, want)
		}
	}
}

// RFC 9111 section 4.2.2 lets a cache guess where nothing is said; the Route's
// TTL is the owner's guess, and takes the place of ours.
func TestTTLIsForResponsesThatSayNothing(t *testing.T) {
	for _, tt := range []struct {
		status int
		line   string
		want   time.Duration
		why    Why
	}{
		{200, "X: y", 90 * time.Second, WhyNone},
		{404, "X: y", 90 * time.Second, WhyNone},
		{200, "Last-Modified: {-1000}", 90 * time.Second, WhyNone},
		{200, "Date: {-600}", 90 * time.Second, WhyNone}, // a clock that is wrong
		{200, "Cache-Control: max-age=5", 5 * time.Second, WhyNone},
		{200, "Expires: {5}", 5 * time.Second, WhyNone},
		{200, "Cache-Control: max-age=x", 0, WhyFreshness},
		{200, "Cache-Control: no-store", 0, WhyNoStore},
		{200, "Cache-Control: no-cache", 0, WhyNoCache},
		{200, "Pragma: no-cache", 0, WhyNoCache},
		{500, "X: y", 0, WhyStatus},
		{302, "X: y", 0, WhyStatus},
		{302, "Cache-Control: public", 90 * time.Second, WhyNone},
	} {
		m, why := judged(answer(tt.status, tt.line), Rules{TTL: 90 * time.Second})
		if why != tt.why || why == WhyNone && m.Left(noon) != tt.want {
			t.Errorf("%d %q: %v left (%s), want %v (%s)", tt.status, tt.line, m.Left(noon), why, tt.want, tt.why)
		}
	}
}

// RFC 9111 section 4.2.3: "corrected_initial_age = max(apparent_age,
// corrected_age_value)". Section 5.1: "a cache encountering a message with a
// list-based Age field value SHOULD use the first member of the field value,
// discarding subsequent ones. If the field value [...] is invalid (e.g., it
// contains something other than a non-negative integer), a cache SHOULD ignore
// the field."
func TestAge(t *testing.T) {
	for _, tt := range []struct {
		want  float64
		delay time.Duration
		lines []string
	}{
		{0, 0, nil},
		{2.5, 2500 * time.Millisecond, nil},
		{0, -time.Hour, nil},
		{7, 0, []string{"Date: {-7}"}},
		{0, 0, []string{"Date: {7}"}},
		{0, 0, []string{"Date: foo"}},
		{30, 0, []string{"Age: 30"}},
		{32, 2 * time.Second, []string{"Age: 30", "Date: {-7}"}},
		{40, 2 * time.Second, []string{"Age: 30", "Date: {-40}"}},
		{0, 0, []string{"Age: abc"}},
		{0, 0, []string{"Age: -7200"}},
		{0, 0, []string{"Age: 7200.0"}},
		{0, 0, []string{"Age:"}},
		{0, 0, []string{"Age: 0, 7200"}},
		{7200, 0, []string{"Age: 7200, 0"}},
		{7200, 0, []string{"Age: 7200", "Age: 0"}},
		{0, 0, []string{"Age: 0", "Age: 7200"}},
		{7200, 0, []string{"Age: 7200;foo=bar"}},
		{1<<31 - 1, 0, []string{"Age: 2147483647"}},
		{1 << 31, 0, []string{"Age: 2147483649"}},
		{1 << 31, time.Hour, []string{"Age: 99999999999999999999999999", "Date: Sat, 01 Jan 0000 00:00:00 GMT"}},
	} {
		r := get()
		m, why := Judge(r, Ask(r), answer(200, append(tt.lines, `ETag: "v"`)...), noon.Add(-tt.delay), noon, Rules{})
		if why != WhyNone || m.Age(noon).Seconds() != tt.want {
			t.Errorf("%q: %v (%s), want %v", tt.lines, m.Age(noon).Seconds(), why, tt.want)
		}
		if got := m.Age(after(10)).Seconds(); got != tt.want+10 {
			t.Errorf("%q: %v after ten seconds, want %v", tt.lines, got, tt.want+10)
		}
		if got := m.Age(noon.Add(-time.Hour)).Seconds(); got != tt.want {
			t.Errorf("%q: %v when the clock was set back, want %v", tt.lines, got, tt.want)
		}
	}
	r := get()
	m, _ := Judge(r, Ask(r), answer(200, "Cache-Control: max-age=2147483648", "Age: 2147483648", `ETag: "v"`), time.Time{}, noon, Rules{})
	if left := m.Left(noon.AddDate(200, 0, 0)); left >= 0 {
		t.Errorf("after all the time that there is, %v is left", left)
	}
}
